import { answer, api } from "@api/client";
import terminals from "@features/terminals/Terminals.module.css";
import { TerminalView } from "@features/terminals/TerminalView";
import { text as terminalText } from "@features/terminals/text";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { FaultView } from "@shared/FaultView";
import { Nothing } from "@shared/Nothing";
import { useMutation } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { useState } from "react";
import type { Detail } from "./ContainerPage";
import { text } from "./text";

/** A shell in the container. */
export default function Shell({ container }: { container: Detail }) {
  const t = useText(text);
  const words = useText(terminalText);
  const [command, setCommand] = useState("/bin/sh");
  const [session, setSession] = useState<string>();
  const opening = useMutation({
    mutationFn: () =>
      answer(api.POST("/api/v1/terminals", { body: { container_id: container.id, command } })),
    onSuccess: (opened) => setSession(opened.session_id),
  });
  if (session) {
    return (
      <div className={terminals.alone}>
        <TerminalView session={session} name={container.name}>
          <Button size="small" onClick={() => setSession(undefined)}>
            {words("again")}
          </Button>
        </TerminalView>
      </div>
    );
  }
  if (container.status !== "running") return <Nothing title={t("notRunning")} hint={t("notRunningHint")} />;
  return (
    <>
      {opening.error ? <FaultView error={opening.error} /> : null}
      <Form layout="inline" onFinish={() => opening.mutate()}>
        <Form.Item label={words("command")} htmlFor="terminal-command">
          <Input
            id="terminal-command"
            className="mono"
            value={command}
            onChange={(event) => setCommand(event.target.value)}
          />
        </Form.Item>
        <ActionButton type="primary" htmlType="submit" permission="terminals:use" loading={opening.isPending}>
          {words("open")}
        </ActionButton>
      </Form>
    </>
  );
}
