import { type ApiFault, asFault } from "@api/fault";
import { useText } from "@i18n";
import { Form, Modal } from "antd";
import { type ReactNode, useState } from "react";
import { FaultView } from "./FaultView";
import { text } from "./text";
import { type Wrong, wrongIn } from "./wrong";

interface Properties {
  title: string;
  save: () => Promise<unknown>;
  close: () => void;
  /** The fields; each is told what the server says of it. */
  children: (wrong: Wrong) => ReactNode;
}

/** A form over the page; it stays open, with what was typed, until the server has taken it. */
export function FormDialog({ title, save, close, children }: Properties) {
  const t = useText(text);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<ApiFault>();
  const act = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      await save();
    } catch (error) {
      setFault(asFault(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={title}
      okText={t("save")}
      cancelText={t("cancel")}
      confirmLoading={busy}
      onOk={() => void act()}
      onCancel={close}
      destroyOnHidden
    >
      {fault ? <FaultView error={fault} /> : null}
      <Form layout="vertical" onFinish={() => void act()}>
        {children(wrongIn(fault))}
      </Form>
    </Modal>
  );
}
