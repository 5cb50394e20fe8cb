import { useText } from "@i18n";
import { Input, Modal } from "antd";
import { type ReactNode, useId, useState } from "react";
import { FaultView } from "./FaultView";
import { text } from "./text";

interface Properties {
  title: string;
  /** What is lost. */
  warning: ReactNode;
  /** What has to be typed: the resource's name. */
  name: string;
  action: string;
  confirm: () => Promise<unknown>;
  close: () => void;
}

/** Asks for the name of what is about to be destroyed. */
export function ConfirmByName({ title, warning, name, action, confirm, close }: Properties) {
  const t = useText(text);
  const field = useId();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const act = async () => {
    if (typed !== name || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await confirm();
      close();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={title}
      okText={action}
      okButtonProps={{ danger: true, disabled: typed !== name }}
      cancelText={t("cancel")}
      confirmLoading={busy}
      onOk={() => void act()}
      onCancel={close}
      destroyOnHidden
    >
      {error ? <FaultView error={error} /> : null}
      <p>{warning}</p>
      <label htmlFor={field}>{t("typeName", { name })}</label>
      <Input
        id={field}
        value={typed}
        autoFocus
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setTyped(event.target.value)}
        onPressEnter={() => void act()}
      />
    </Modal>
  );
}
