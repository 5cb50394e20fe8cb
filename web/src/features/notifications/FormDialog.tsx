import { type ApiFault, asFault } from "@api/fault";
import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { Form, Modal } from "antd";
import { type ReactNode, useState } from "react";
import { text } from "./text";

interface Properties {
  title: string;
  save: () => Promise<unknown>;
  close: () => void;
  /** The fields; each is told what the server says of it. */
  children: (wrong: Wrong) => ReactNode;
}

export type Wrong = (field: string) => { validateStatus?: "error"; help?: string };

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
  const wrong: Wrong = (field) => {
    const found = [...(fault?.fieldErrors ?? [])].find(
      ([name]) => name === field || name.startsWith(`${field}.`),
    );
    return found ? { validateStatus: "error", help: found[1] } : {};
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
        {children(wrong)}
      </Form>
    </Modal>
  );
}
