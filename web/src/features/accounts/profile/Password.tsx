import { api, done } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { wrongIn } from "@shared/wrong";
import { useMutation } from "@tanstack/react-query";
import { App, Button, Form, Input } from "antd";
import { useState } from "react";
import styles from "./Profile.module.css";
import { text } from "./text";

/** Changes the password, which ends all sessions. */
export function Password() {
  const t = useText(text);
  const { message } = App.useApp();
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const change = useMutation({
    mutationFn: () =>
      done(api.PUT("/api/v1/auth/password", { body: { current_password: current, new_password: fresh } })),
    onSuccess: (told) => message.success(told || t("changed")),
  });
  const wrong = wrongIn(change.error ? asFault(change.error) : undefined);
  return (
    <Form layout="vertical" className={styles.form} onFinish={() => change.mutate()}>
      {change.error ? <FaultView error={change.error} /> : null}
      <Form.Item label={t("current")} htmlFor="password-current" {...wrong("current_password")}>
        <Input.Password
          id="password-current"
          autoComplete="current-password"
          value={current}
          onChange={({ target }) => setCurrent(target.value)}
        />
      </Form.Item>
      <Form.Item label={t("fresh")} htmlFor="password-fresh" {...wrong("new_password")}>
        <Input.Password
          id="password-fresh"
          autoComplete="new-password"
          value={fresh}
          onChange={({ target }) => setFresh(target.value)}
        />
      </Form.Item>
      <Button type="primary" htmlType="submit" disabled={!current || !fresh} loading={change.isPending}>
        {t("change")}
      </Button>
    </Form>
  );
}
