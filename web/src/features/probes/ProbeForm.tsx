import { answer, api, type Schemas } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { FaultView } from "@shared/FaultView";
import { type Wrong, wrongIn } from "@shared/wrong";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, InputNumber, Select, Switch } from "antd";
import { useState } from "react";
import { useNavigate } from "react-router";
import { FIELDS, type Field, NEEDS_CONTAINER, type Typed, timing, told, typedFor } from "./fields";
import styles from "./Probes.module.css";
import { type Probe, type ProbeType, STATES } from "./states";
import { text } from "./text";

type Severity = Schemas["NewProbe"]["severity"];

interface Draft {
  readonly name: string;
  readonly type: ProbeType;
  readonly container: string | null;
  readonly severity: NonNullable<Severity>;
  readonly restarts: boolean;
  readonly typed: Readonly<Record<string, Typed>>;
}

const SEVERITIES = ["info", "warning", "critical"] as const;
const TYPES = Object.keys(FIELDS) as ProbeType[];

/** Adds a probe, or changes the one that is given. */
export function ProbeForm({ probe, close }: { probe?: Probe; close: () => void }) {
  const t = useText(text);
  const go = useNavigate();
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(probe));
  const set = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  const save = useMutation({
    mutationFn: () =>
      probe
        ? answer(
            api.PUT("/api/v1/probes/{probe}", {
              params: { path: { probe: probe.id } },
              body: changesOf(draft),
            }),
          )
        : answer(api.POST("/api/v1/probes", { body: { ...definition(draft), ...rest(draft) } })),
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: ["probes"] });
      if (probe) close();
      else if (!saved.push_url) await go(`/probes/${saved.id}`);
    },
  });
  const attempt = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/probes/test", { body: definition(draft) })),
  });
  const fault = save.error ?? attempt.error;
  const wrong = wrongIn(fault ? asFault(fault) : undefined);
  if (save.data?.push_url) {
    const { id, push_url: url } = save.data;
    return (
      <div className={styles.form}>
        <p>{t("pushUrl")}</p>
        <pre className={styles.code}>{url}</pre>
        <Button onClick={() => void go(`/probes/${id}`)}>{t("toProbe")}</Button>
      </div>
    );
  }
  return (
    <Form layout="vertical" className={styles.form} onFinish={() => save.mutate()}>
      <div className={styles.pair}>
        <Form.Item label={t("name")} htmlFor="probe-name" required {...wrong("name")}>
          <Input id="probe-name" value={draft.name} onChange={({ target }) => set({ name: target.value })} />
        </Form.Item>
        <Form.Item label={t("type")} htmlFor="probe-type" {...wrong("probe_type")}>
          <Select<ProbeType>
            id="probe-type"
            disabled={probe !== undefined}
            value={draft.type}
            onChange={(type) => set({ type })}
            options={TYPES.map((value) => ({ value, label: t(value) }))}
          />
        </Form.Item>
        <Form.Item
          label={t("container")}
          htmlFor="probe-container"
          required={NEEDS_CONTAINER.has(draft.type)}
          {...wrong("container_id")}
        >
          <ContainerSelect value={draft.container} change={(container) => set({ container })} />
        </Form.Item>
        <Form.Item label={t("severity")} htmlFor="probe-severity" {...wrong("severity")}>
          <Select
            id="probe-severity"
            value={draft.severity}
            onChange={(severity) => set({ severity })}
            options={SEVERITIES.map((value) => ({ value, label: t(value) }))}
          />
        </Form.Item>
      </div>
      <Fields fields={FIELDS[draft.type]} draft={draft} set={set} wrong={wrong} />
      <div className={styles.pair}>
        <Fields fields={timing(draft.type)} draft={draft} set={set} wrong={wrong} />
        {draft.container ? (
          <Form.Item label={t("onFailure")} htmlFor="probe-failure" {...wrong("on_failure")}>
            <Select<"nothing" | "restart">
              id="probe-failure"
              value={draft.restarts ? "restart" : "nothing"}
              onChange={(chosen) => set({ restarts: chosen === "restart" })}
              options={(["nothing", "restart"] as const).map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
        ) : null}
      </div>
      {fault ? <FaultView error={fault} /> : null}
      {attempt.data ? <Tried tried={attempt.data} /> : null}
      <div className={styles.bar}>
        <ActionButton type="primary" htmlType="submit" permission="probes:write" loading={save.isPending}>
          {t(probe ? "save" : "add")}
        </ActionButton>
        {draft.type === "push" ? null : (
          <ActionButton
            permission="probes:write"
            loading={attempt.isPending}
            onClick={() => attempt.mutate()}
          >
            {t("tryNow")}
          </ActionButton>
        )}
        <Button onClick={close}>{t("cancel")}</Button>
      </div>
    </Form>
  );
}

function Tried({ tried }: { tried: Schemas["Checked"] }) {
  const t = useText(text);
  const facts = { result: t(STATES[tried.status][1]), time: Math.round(tried.response_time) };
  return (
    <div className={styles.tried} data-state={tried.status} role="status">
      <strong>{t("tried", facts)}</strong>
      <div className="mono">{JSON.stringify(tried.details)}</div>
    </div>
  );
}

function Fields({
  fields,
  draft,
  set,
  wrong,
}: {
  fields: readonly Field[];
  draft: Draft;
  set: (changes: Partial<Draft>) => void;
  wrong: Wrong;
}) {
  const t = useText(text);
  return fields.map((field) => (
    <Form.Item
      key={field.name}
      label={t(field.label)}
      htmlFor={`probe-${field.name}`}
      required={field.required ?? false}
      {...wrong(`config.${field.name}`)}
    >
      <FieldInput
        field={field}
        value={draft.typed[field.name]}
        change={(value) => set({ typed: { ...draft.typed, [field.name]: value } })}
      />
    </Form.Item>
  ));
}

function FieldInput({
  field,
  value,
  change,
}: {
  field: Field;
  value: Typed | undefined;
  change: (value: Typed) => void;
}) {
  const id = `probe-${field.name}`;
  const placeholder = field.fallback === undefined ? "" : String(field.fallback);
  const typed = typeof value === "string" ? value : "";
  if (field.several && field.options) {
    return (
      <Select<readonly string[]>
        id={id}
        mode="multiple"
        value={Array.isArray(value) ? value : []}
        onChange={change}
        options={field.options.map((each) => ({ value: each, label: each }))}
      />
    );
  }
  if (field.options) {
    return (
      <Select<string | null>
        id={id}
        allowClear
        placeholder={placeholder}
        value={typed || null}
        onChange={(chosen) => change(chosen ?? null)}
        options={field.options.map((each) => ({ value: each, label: each }))}
      />
    );
  }
  switch (field.input) {
    case "switch":
      return (
        <Switch
          id={id}
          checked={typeof value === "boolean" ? value : field.fallback === true}
          onChange={change}
        />
      );
    case "number":
      return (
        <InputNumber
          id={id}
          placeholder={placeholder}
          value={typeof value === "number" ? value : null}
          onChange={change}
        />
      );
    case "lines":
    case "pairs":
    case "numbers":
    case "area":
      return (
        <Input.TextArea
          id={id}
          className="mono"
          autoSize={{ minRows: 2, maxRows: 10 }}
          value={typed}
          onChange={({ target }) => change(target.value)}
        />
      );
    default:
      return (
        <Input
          id={id}
          placeholder={placeholder}
          value={typed}
          onChange={({ target }) => change(target.value)}
          spellCheck={false}
        />
      );
  }
}

const LISTED = 100;

function ContainerSelect({ value, change }: { value: string | null; change: (id: string | null) => void }) {
  const t = useText(text);
  const { data } = useQuery({
    queryKey: ["containers", "choice"],
    queryFn: () => answer(api.GET("/api/v1/containers", { params: { query: { limit: LISTED } } })),
  });
  return (
    <Select<string | null>
      id="probe-container"
      allowClear
      showSearch={{ optionFilterProp: "label" }}
      placeholder={t("noContainer")}
      value={value}
      onChange={(chosen) => change(chosen ?? null)}
      options={(data?.containers ?? []).map(({ id, name }) => ({ value: id, label: name }))}
    />
  );
}

function draftOf(probe: Probe | undefined): Draft {
  if (probe === undefined) {
    return { name: "", type: "http", container: null, severity: "warning", restarts: false, typed: {} };
  }
  const type = probe.probe_type as ProbeType;
  const fields = [...FIELDS[type], ...timing(type)];
  return {
    name: probe.name,
    type,
    container: probe.container_id,
    severity: probe.severity as Draft["severity"],
    restarts: probe.on_failure?.action === "restart",
    typed: Object.fromEntries(fields.map((field) => [field.name, typedFor(field, probe.config[field.name])])),
  };
}

function definition(draft: Draft): Schemas["Trial"] {
  return { probe_type: draft.type, container_id: draft.container, config: configOf(draft) };
}

function configOf({ type, typed }: Draft): Record<string, unknown> {
  const fields = [...FIELDS[type], ...timing(type)];
  const config = fields.map((field) => [field.name, told(field, typed[field.name])] as const);
  return Object.fromEntries(config.filter(([, value]) => value !== undefined));
}

function rest(draft: Draft) {
  return {
    name: draft.name,
    severity: draft.severity,
    enabled: true,
    labels: {},
    on_failure: draft.restarts ? RESTART : null,
  };
}

/** Every field of the form, so that what was emptied goes back to its default. */
function changesOf(draft: Draft): Schemas["ProbeChanges"] {
  const fields = [...FIELDS[draft.type], ...timing(draft.type)];
  const emptied = Object.fromEntries(fields.map((field) => [field.name, null]));
  return {
    name: draft.name,
    severity: draft.severity,
    container_id: draft.container,
    config: { ...emptied, ...configOf(draft) },
    on_failure: draft.restarts ? RESTART : null,
  };
}

const RESTART: Schemas["RemedySettings"] = {
  action: "restart",
  grace: 10,
  cooldown: 60,
  max_attempts: 5,
  window: 3600,
};
