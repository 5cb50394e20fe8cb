import { answer, api, done } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { FaultView } from "@shared/FaultView";
import { moment } from "@shared/format";
import { Loading } from "@shared/Loading";
import { wrongIn } from "@shared/wrong";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Form, Input } from "antd";
import { useState } from "react";
import styles from "./System.module.css";
import { text } from "./text";

/** Keeps writes out for a while, with a word for those who try. */
export function Maintenance() {
  const t = useText(text);
  const client = useQueryClient();
  const [message, setMessage] = useState("");
  const [until, setUntil] = useState("");
  const { data, error, refetch } = useQuery({
    queryKey: ["system", "maintenance"],
    queryFn: () => answer(api.GET("/api/v1/system/maintenance")),
  });
  const refresh = () => client.invalidateQueries({ queryKey: ["system", "maintenance"] });
  const begin = useMutation({
    mutationFn: () => {
      const body = {
        message,
        type: "scheduled" as const,
        until: until ? new Date(until).toISOString() : null,
      };
      return answer(api.PUT("/api/v1/system/maintenance", { body }));
    },
    onSettled: refresh,
  });
  const end = useMutation({
    mutationFn: () => done(api.DELETE("/api/v1/system/maintenance")),
    onSettled: refresh,
  });
  const fault = error ?? begin.error ?? end.error;
  if (!data) return fault ? <FaultView error={fault} retry={() => void refetch()} /> : <Loading />;
  const wrong = wrongIn(begin.error ? asFault(begin.error) : undefined);
  return (
    <>
      {fault ? <FaultView error={fault} retry={() => void refetch()} stale /> : null}
      {data.enabled ? (
        <>
          <div className={styles.note} role="status">
            <strong>{t("enabled")}</strong>
            <div>{data.message}</div>
            <div className="muted">
              {t("since", { name: data.started_by ?? "", when: moment(data.since ?? "") })}
            </div>
          </div>
          <ActionButton
            type="primary"
            permission="system:write"
            loading={end.isPending}
            onClick={() => end.mutate()}
          >
            {t("end")}
          </ActionButton>
        </>
      ) : (
        <Form layout="vertical" className={styles.form} onFinish={() => begin.mutate()}>
          <p className="muted">{t("disabled")}</p>
          <Form.Item label={t("message")} htmlFor="maintenance-message" required {...wrong("message")}>
            <Input
              id="maintenance-message"
              value={message}
              onChange={({ target }) => setMessage(target.value)}
            />
          </Form.Item>
          <Form.Item label={t("until")} htmlFor="maintenance-until" {...wrong("until")}>
            <Input
              id="maintenance-until"
              type="datetime-local"
              value={until}
              onChange={({ target }) => setUntil(target.value)}
            />
          </Form.Item>
          <ActionButton danger htmlType="submit" permission="system:write" loading={begin.isPending}>
            {t("begin")}
          </ActionButton>
        </Form>
      )}
    </>
  );
}
