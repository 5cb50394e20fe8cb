import { api, resource, type Schemas } from "@api/client";
import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { useState } from "react";
import styles from "./Profile.module.css";
import { text } from "./text";

type Provisioning = Schemas["eulermaker__features__accounts__api_003__Provisioning"];

const KEY = ["accounts", "second-factor"] as const;

/** Codes of an authenticator beside the password: set up, confirmed, switched off. */
export function SecondFactor() {
  const t = useText(text);
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: KEY,
    queryFn: () => resource(api.GET("/api/auth/mfa/status")),
  });
  const begin = useMutation({ mutationFn: () => resource(api.POST("/api/auth/mfa/totp/provision")) });
  const enable = useMutation({
    mutationFn: ({ token, code }: { token: string; code: string }) =>
      resource(api.POST("/api/auth/mfa/totp/verify", { body: { token, code } })),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
  const disable = useMutation({
    mutationFn: (code: string) => resource(api.POST("/api/auth/mfa/disable", { body: { code } })),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
  const fault = error ?? begin.error ?? enable.error ?? disable.error;
  if (!data) return fault ? <FaultView error={fault} retry={() => void refetch()} /> : <Loading />;
  return (
    <div className={styles.form}>
      {fault ? <FaultView error={fault} stale /> : null}
      {enable.data ? (
        <>
          <p>{t("recovery")}</p>
          <pre className={styles.secret}>{enable.data.recoveryCodes.join("\n")}</pre>
        </>
      ) : null}
      {data.mfaEnabled ? (
        <>
          <p>{t("isOn", { count: data.recoveryCodes })}</p>
          <CodeForm
            action={t("disable")}
            busy={disable.isPending}
            submit={(code) => disable.mutate(code)}
            danger
          />
        </>
      ) : begin.data ? (
        <Setup
          provisioning={begin.data}
          busy={enable.isPending}
          submit={(code) => enable.mutate({ token: begin.data.token, code })}
        />
      ) : (
        <>
          <p className="muted">{t("isOff")}</p>
          <Button type="primary" loading={begin.isPending} onClick={() => begin.mutate()}>
            {t("enable")}
          </Button>
        </>
      )}
    </div>
  );
}

function Setup({
  provisioning,
  busy,
  submit,
}: {
  provisioning: Provisioning;
  busy: boolean;
  submit: (code: string) => void;
}) {
  const t = useText(text);
  return (
    <>
      <p>{t("scan")}</p>
      <img className={styles.qr} src={provisioning.qrCode} alt={t("qr")} />
      <pre className={styles.secret}>{provisioning.secret}</pre>
      <CodeForm action={t("confirm")} busy={busy} submit={submit} />
    </>
  );
}

function CodeForm({
  action,
  busy,
  submit,
  danger = false,
}: {
  action: string;
  busy: boolean;
  submit: (code: string) => void;
  danger?: boolean;
}) {
  const t = useText(text);
  const [code, setCode] = useState("");
  return (
    <Form layout="vertical" onFinish={() => submit(code)}>
      <Form.Item label={t("code")} htmlFor="second-factor-code">
        <Input
          id="second-factor-code"
          inputMode="numeric"
          autoComplete="one-time-code"
          value={code}
          onChange={({ target }) => setCode(target.value.trim())}
        />
      </Form.Item>
      <Button type="primary" danger={danger} htmlType="submit" disabled={!code} loading={busy}>
        {action}
      </Button>
    </Form>
  );
}
