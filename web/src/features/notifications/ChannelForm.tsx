import { answer, api, type Schemas } from "@api/client";
import { useText } from "@i18n";
import { FormDialog } from "@shared/FormDialog";
import type { Wrong } from "@shared/wrong";
import { useQueryClient } from "@tanstack/react-query";
import { Checkbox, Form, Input, Modal, Select, Switch } from "antd";
import { useState } from "react";
import { labels, lines, typedLabels } from "./entries";
import styles from "./Notifications.module.css";
import { text } from "./text";

export type Channel = Schemas["ChannelDetail"];
type Type = Channel["type"];
type NewChannel =
  | Schemas["NewWebhook"]
  | Schemas["NewEmail"]
  | Schemas["NewDingTalk"]
  | Schemas["NewApprise"];

interface Draft extends Pick<Channel, "name" | "type" | "enabled" | "scope" | "min_severity" | "events"> {
  readonly url: string;
  readonly secret: string;
  /** Addresses, one a line. */
  readonly to: string;
  readonly selector: string;
}

const TYPES: readonly Type[] = ["webhook", "email", "dingtalk", "feishu", "wecom", "slack", "apprise"];
const SIGNED: ReadonlySet<Type> = new Set(["webhook", "dingtalk", "feishu"]);
const SEVERITIES = ["info", "warning", "critical"] as const;
const EVENTS = ["firing", "resolved", "flapping"] as const;
const SCOPES = ["own", "tenant"] as const;

/** Adds a channel, or changes the one that is given; a mask that is sent back keeps the secret. */
export function ChannelForm({ channel, close }: { channel: Channel | undefined; close: () => void }) {
  const t = useText(text);
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(channel));
  const [secret, setSecret] = useState<string>();
  const set = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  const save = async () => {
    const body = bodyOf(draft) as NewChannel;
    const saved = await answer(
      channel
        ? api.PUT("/api/v1/notifications/channels/{channel}", {
            params: { path: { channel: channel.id } },
            body,
          })
        : api.POST("/api/v1/notifications/channels", { body }),
    );
    await client.invalidateQueries({ queryKey: ["notifications"] });
    const made = saved.config.secret;
    if (!channel && draft.type === "webhook" && !draft.secret && typeof made === "string") setSecret(made);
    else close();
  };
  if (secret) {
    return (
      <Modal open title={draft.name} footer={null} onCancel={close}>
        <p>{t("secretShown")}</p>
        <pre className={styles.secret}>{secret}</pre>
      </Modal>
    );
  }
  return (
    <FormDialog title={channel ? channel.name : t("add")} save={save} close={close}>
      {(wrong) => (
        <>
          <Form.Item label={t("name")} htmlFor="channel-name" required {...wrong("name")}>
            <Input
              id="channel-name"
              value={draft.name}
              onChange={({ target }) => set({ name: target.value })}
            />
          </Form.Item>
          <Form.Item label={t("type")} htmlFor="channel-type" {...wrong("type")}>
            <Select<Type>
              id="channel-type"
              disabled={channel !== undefined}
              value={draft.type}
              onChange={(type) => set({ type })}
              options={TYPES.map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
          <Address draft={draft} set={set} wrong={wrong} />
          <Form.Item label={t("minSeverity")} htmlFor="channel-severity">
            <Select
              id="channel-severity"
              value={draft.min_severity}
              onChange={(value) => set({ min_severity: value })}
              options={SEVERITIES.map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
          <Form.Item label={t("events")} {...wrong("events")}>
            <Checkbox.Group
              value={draft.events}
              onChange={(events) => set({ events })}
              options={EVENTS.map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
          <Form.Item label={t("scope")} htmlFor="channel-scope" {...wrong("scope")}>
            <Select
              id="channel-scope"
              value={draft.scope}
              onChange={(scope) => set({ scope })}
              options={SCOPES.map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
          <Form.Item label={t("selector")} htmlFor="channel-selector" {...wrong("selector")}>
            <Input.TextArea
              id="channel-selector"
              autoSize={{ minRows: 1 }}
              value={draft.selector}
              onChange={({ target }) => set({ selector: target.value })}
            />
          </Form.Item>
          <Form.Item label={t("enabled")} htmlFor="channel-enabled">
            <Switch id="channel-enabled" checked={draft.enabled} onChange={(enabled) => set({ enabled })} />
          </Form.Item>
        </>
      )}
    </FormDialog>
  );
}

function Address({
  draft,
  set,
  wrong,
}: {
  draft: Draft;
  set: (changes: Partial<Draft>) => void;
  wrong: Wrong;
}) {
  const t = useText(text);
  if (draft.type === "email" || draft.type === "apprise") {
    const field = draft.type === "email" ? "to" : "urls";
    return (
      <Form.Item label={t(field)} htmlFor="channel-to" required {...wrong(`config.${field}`)}>
        <Input.TextArea
          id="channel-to"
          autoSize={{ minRows: 2 }}
          value={draft.to}
          onChange={({ target }) => set({ to: target.value })}
        />
      </Form.Item>
    );
  }
  return (
    <>
      <Form.Item label={t("url")} htmlFor="channel-url" required {...wrong("config.url")}>
        <Input id="channel-url" value={draft.url} onChange={({ target }) => set({ url: target.value })} />
      </Form.Item>
      {SIGNED.has(draft.type) ? (
        <Form.Item
          label={t("secret")}
          htmlFor="channel-secret"
          extra={draft.type === "webhook" ? t("secretHint") : undefined}
          {...wrong("config.secret")}
        >
          <Input.Password
            id="channel-secret"
            autoComplete="new-password"
            value={draft.secret}
            onChange={({ target }) => set({ secret: target.value })}
          />
        </Form.Item>
      ) : null}
    </>
  );
}

function draftOf(channel: Channel | undefined): Draft {
  const config = channel?.config ?? {};
  const word = (name: string) => (typeof config[name] === "string" ? config[name] : "");
  const list = config.to ?? config.urls;
  return {
    name: channel?.name ?? "",
    type: channel?.type ?? "webhook",
    enabled: channel?.enabled ?? true,
    scope: channel?.scope ?? "own",
    min_severity: channel?.min_severity ?? "info",
    events: channel?.events ?? [...EVENTS],
    url: word("url"),
    secret: word("secret"),
    to: Array.isArray(list) ? list.join("\n") : "",
    selector: typedLabels(channel?.selector ?? {}),
  };
}

function bodyOf({ url, secret, to, selector, ...rest }: Draft) {
  return { ...rest, selector: labels(selector), config: configOf(rest.type, url, secret, to) };
}

function configOf(type: Type, url: string, secret: string, to: string) {
  if (type === "email") return { to: lines(to) };
  if (type === "apprise") return { urls: lines(to) };
  return SIGNED.has(type) && secret ? { url, secret } : { url };
}
