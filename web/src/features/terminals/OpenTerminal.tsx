import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { FaultView } from "@shared/FaultView";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Input, Select } from "antd";
import { useId, useState } from "react";
import styles from "./Terminals.module.css";
import { text } from "./text";
import type { Pane } from "./useTabs";

const OFFERED = 50;

/** Which command to open in which running container. */
export function OpenTerminal({ opened }: { opened: (pane: Pane) => void }) {
  const t = useText(text);
  const field = useId();
  const [container, setContainer] = useState<string>();
  const [searched, setSearched] = useState("");
  const [command, setCommand] = useState("/bin/sh");
  const [user, setUser] = useState("");
  const { data } = useQuery({
    queryKey: ["containers", "choice", searched],
    queryFn: () => {
      const query = { status: "running" as const, limit: OFFERED, ...(searched ? { name: searched } : {}) };
      return answer(api.GET("/api/v1/containers", { params: { query } }));
    },
  });
  const opening = useMutation({
    mutationFn: (container_id: string) =>
      answer(api.POST("/api/v1/terminals", { body: { container_id, command, ...(user ? { user } : {}) } })),
    onSuccess: ({ session_id, container_id }) => {
      const name = data?.containers.find((each) => each.id === container_id)?.name ?? container_id;
      opened({ session: session_id, container: container_id, command, name });
    },
  });
  return (
    <>
      {opening.error ? <FaultView error={opening.error} /> : null}
      <form
        className={styles.open}
        onSubmit={(event) => {
          event.preventDefault();
          if (container) opening.mutate(container);
        }}
      >
        <label htmlFor={`${field}-container`}>
          {t("container")}
          <Select
            id={`${field}-container`}
            showSearch={{ filterOption: false, onSearch: setSearched }}
            value={container ?? null}
            onChange={(value: string | null) => setContainer(value ?? undefined)}
            options={(data?.containers ?? []).map(({ id, name }) => ({ value: id, label: name }))}
            style={{ width: 240 }}
          />
        </label>
        <label htmlFor={`${field}-command`}>
          {t("command")}
          <Input
            id={`${field}-command`}
            className="mono"
            value={command}
            onChange={(event) => setCommand(event.target.value)}
            style={{ width: 200 }}
          />
        </label>
        <label htmlFor={`${field}-user`}>
          {t("user")}
          <Input
            id={`${field}-user`}
            value={user}
            onChange={(event) => setUser(event.target.value)}
            style={{ width: 130 }}
          />
        </label>
        <ActionButton
          type="primary"
          htmlType="submit"
          permission="terminals:use"
          disabled={!container}
          loading={opening.isPending}
        >
          {t("open")}
        </ActionButton>
      </form>
    </>
  );
}
