import { answer, api, type Schemas } from "@api/client";
import { ApiFault, asFault, NOT_OURS } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { FaultView } from "@shared/FaultView";
import { PageHeader } from "@shared/PageHeader";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, Form, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { act } from "./actions";
import styles from "./Containers.module.css";
import { bodyOf, type Draft, type Entry, SECTIONS, Unreadable } from "./form";
import { formText } from "./formText";
import { text } from "./text";
import { useVerdict } from "./useVerdict";

type Created = Schemas["eulermaker__features__containers__schemas__Created"];

const FIRST: Draft = { no_new_privileges: true };

/** Every field of a new container; the server says while one types what it would refuse. */
export default function NewContainerPage() {
  const t = useText(text);
  const f = useText(formText);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const [draft, setDraft] = useState<Draft>(FIRST);
  const { problems, general, checked } = useVerdict(draft);
  const creating = useMutation({
    mutationFn: async (andStart: boolean) => {
      const made = await answer<Created | Schemas["Verdict"]>(
        api.POST("/api/v1/containers", { body: bodyOf(draft) }),
      );
      // Only a dry run answers with a verdict.
      if (!("id" in made)) throw new ApiFault({ status: 200, code: NOT_OURS, message: "" });
      if (andStart)
        await act("start", made.id).catch((error: unknown) => message.error(asFault(error).message, 10));
      return made;
    },
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ["containers"] });
      await navigate(`/containers/${made.id}`);
    },
  });
  const refused = creating.error instanceof Unreadable ? undefined : creating.error;
  const wrong = { ...problems, ...Object.fromEntries(refused ? asFault(refused).fieldErrors : []) };
  return (
    <>
      <PageHeader title={t("create")} note={<Link to="/containers">{t("back")}</Link>} />
      <Form layout="vertical" className={styles.form ?? ""} onFinish={() => creating.mutate(true)}>
        {SECTIONS.map((section) => (
          <fieldset key={section.title} className={styles.fields}>
            <legend className={styles.section}>{f(section.title)}</legend>
            <div className={styles.grid}>
              {section.entries.map((entry) => (
                <FormField
                  key={entry.name}
                  entry={entry}
                  value={draft[entry.name]}
                  problem={problemOf(entry.name, wrong)}
                  change={(value) => setDraft((before) => ({ ...before, [entry.name]: value }))}
                />
              ))}
            </div>
          </fieldset>
        ))}
        {refused ? <FaultView error={refused} /> : null}
        {general.map((sentence) => (
          <p key={sentence} className={styles.general} role="alert">
            {sentence}
          </p>
        ))}
        <div className={styles.submit}>
          <ActionButton
            type="primary"
            htmlType="submit"
            permission="containers:write"
            disabled={!draft.image}
            loading={creating.isPending}
          >
            {f("createAndStart")}
          </ActionButton>
          <Button disabled={!draft.image || creating.isPending} onClick={() => creating.mutate(false)}>
            {f("createOnly")}
          </Button>
          <span className="muted" role="status">
            {checked && Object.keys(wrong).length === 0 && general.length === 0 ? f("fine") : ""}
          </span>
        </div>
      </Form>
    </>
  );
}

/** What is said of a field, or of something inside of it. */
function problemOf(name: string, problems: Readonly<Record<string, string>>): string | undefined {
  const found = Object.entries(problems).find(([field]) => field === name || field.startsWith(`${name}.`));
  return found?.[1];
}

interface FieldProperties {
  entry: Entry;
  value: string | boolean | undefined;
  problem: string | undefined;
  change: (value: string | boolean) => void;
}

function FormField({ entry, value, problem, change }: FieldProperties) {
  const f = useText(formText);
  const { name, kind, example } = entry;
  const typed = typeof value === "string" ? value : "";
  const id = `field-${name}`;
  const label = f(name.replace(".", "_") as keyof typeof formText);
  const status = problem ? { validateStatus: "error" as const, help: problem } : {};
  if (kind === "flag") {
    return (
      <Form.Item {...status}>
        <Checkbox id={id} checked={value === true} onChange={(event) => change(event.target.checked)}>
          {label} <span className="mono muted">{name}</span>
        </Checkbox>
      </Form.Item>
    );
  }
  return (
    <Form.Item
      label={
        <>
          {label}&nbsp;<span className="mono muted">{name}</span>
        </>
      }
      htmlFor={id}
      required={name === "image"}
      {...status}
    >
      {kind === "number" ? (
        <InputNumber
          id={id}
          value={typed === "" ? null : Number(typed)}
          placeholder={example ?? ""}
          onChange={(number) => change(number === null ? "" : String(number))}
          style={{ width: "100%" }}
        />
      ) : kind === "choice" ? (
        <Select
          id={id}
          allowClear
          value={typed || null}
          options={(entry.choices ?? []).map((choice) => ({ value: choice, label: choice }))}
          onChange={(choice: string | null) => change(choice ?? "")}
        />
      ) : kind === "text" || kind === "words" ? (
        <Input
          id={id}
          className={kind === "words" ? "mono" : ""}
          value={typed}
          placeholder={example ?? ""}
          autoComplete="off"
          onChange={(event) => change(event.target.value)}
        />
      ) : (
        <Input.TextArea
          id={id}
          className="mono"
          autoSize={{ minRows: 2, maxRows: 8 }}
          value={typed}
          placeholder={example ?? ""}
          onChange={(event) => change(event.target.value)}
        />
      )}
    </Form.Item>
  );
}
