import { asFault } from "@api/fault";
import { issue, session } from "@api/session";
import { useText } from "@i18n";
import { FaultView, useCountdown } from "@shared/FaultView";
import { useMutation } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { useRef } from "react";
import { text } from "./text";

interface Credentials {
  identifier: string;
  password: string;
  totp_code?: string;
}

/** The answers that ask for the code of a second factor. */
const WANTS_CODE = new Set(["mfa-required", "invalid-mfa-code"]);

/** Name and password; while the server wants no further attempt, the time until the next. */
export function CredentialsForm({ name, done }: { name?: string; done?: () => void }) {
  const t = useText(text);
  const signIn = useMutation({
    mutationFn: (given: Credentials) => issue("/api/v1/auth/login", given),
    onSuccess: (issued) => {
      session.accept(issued);
      done?.();
    },
  });
  const fault = signIn.error ? asFault(signIn.error) : undefined;
  const left = useCountdown(fault);
  const asked = useRef(false);
  asked.current ||= fault !== undefined && WANTS_CODE.has(fault.code);
  return (
    <Form<Credentials>
      layout="vertical"
      requiredMark={false}
      initialValues={{ identifier: name ?? "" }}
      onFinish={(given) => signIn.mutate(given)}
    >
      {fault && fault.code !== "mfa-required" ? <FaultView error={fault} /> : null}
      <Form.Item label={t("name")} name="identifier" rules={[{ required: true, message: t("nameNeeded") }]}>
        <Input autoComplete="username" autoFocus={!name} disabled={name !== undefined} size="large" />
      </Form.Item>
      <Form.Item
        label={t("password")}
        name="password"
        rules={[{ required: true, message: t("passwordNeeded") }]}
      >
        <Input.Password autoComplete="current-password" autoFocus={name !== undefined} size="large" />
      </Form.Item>
      {asked.current ? (
        <Form.Item
          label={t("code")}
          extra={t("codeHint")}
          name="totp_code"
          rules={[{ required: true, message: t("codeNeeded") }]}
        >
          <Input autoComplete="one-time-code" inputMode="numeric" maxLength={8} autoFocus size="large" />
        </Form.Item>
      ) : null}
      <Button
        type="primary"
        htmlType="submit"
        size="large"
        block
        loading={signIn.isPending}
        disabled={left > 0}
      >
        {left > 0 ? t("wait", { seconds: left }) : t("signIn")}
      </Button>
    </Form>
  );
}
