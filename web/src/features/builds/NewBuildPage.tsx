import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { Status, type Tone } from "@shared/Status";
import { wrongIn } from "@shared/wrong";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Form, Input, InputNumber, Segmented, Select } from "antd";
import { useRef, useState } from "react";
import { useNavigate } from "react-router";
import styles from "./Builds.module.css";
import { Diff } from "./Diff";
import { Editor } from "./Editor";
import { Entries } from "./Entries";
import { type Kind, type Level, type Order, type Progress, submit } from "./order";
import { Sources } from "./Sources";
import { text } from "./text";
import { type Analysis, useAnalysis } from "./useAnalysis";

const LEVELS: readonly Level[] = ["off", "safe", "max"];
const MAX_READ = 4 * 1024 * 1024;
const NEW: Order = {
  kind: "dockerfile",
  name: "",
  content: "",
  sources: [],
  args: [],
  labels: [],
  target: "",
  baseImage: "",
  optimize: "safe",
  cache: true,
  timeout: null,
};

export default function NewBuildPage() {
  const t = useText(text);
  const go = useNavigate();
  const client = useQueryClient();
  const [order, setOrder] = useState<Order>(NEW);
  const [progress, setProgress] = useState<Progress>();
  // A build that was created before an upload failed is gone on with, not created again.
  const created = useRef<{ id: string; order: Order }>(undefined);
  const set = (changes: Partial<Order>) => setOrder((before) => ({ ...before, ...changes }));
  const analysis = useAnalysis(order.kind, order.content);
  const sending = useMutation({
    mutationFn: (execute: boolean) => {
      const known = created.current?.order === order ? created.current.id : undefined;
      return submit(order, { execute, known }, setProgress, (id) => {
        created.current = { id, order };
      });
    },
    onSuccess: async (id) => {
      await client.invalidateQueries({ queryKey: ["builds"] });
      await go(`/builds/${id}`);
    },
    onSettled: () => setProgress(undefined),
  });
  const field = wrongIn(sending.error ? asFault(sending.error) : undefined);
  const read = (file: File): boolean => {
    const kind = kindOf(file.name);
    if (kind === undefined || file.size > MAX_READ) return false;
    void file.text().then((content) => set({ kind, content, name: order.name || nameOf(file.name) }));
    return true;
  };
  return (
    <>
      <PageHeader title={t("build")}>
        <span role="status" className="muted">
          {progress ? t(progress.stage, "name" in progress ? { name: progress.name } : {}) : ""}
        </span>
        <Button
          disabled={!isWhole(order) || sending.isPending}
          onClick={() => sending.mutate(false)}
          loading={sending.isPending && !sending.variables}
        >
          {t("submitOnly")}
        </Button>
        <Button
          type="primary"
          disabled={!isWhole(order) || sending.isPending}
          onClick={() => sending.mutate(true)}
          loading={sending.isPending && sending.variables}
        >
          {t("submit")}
        </Button>
      </PageHeader>
      {sending.error ? <FaultView error={sending.error} /> : null}
      <Form layout="vertical" component="div" className={styles.form}>
        <div>
          <div className={styles.bar}>
            <Segmented<Kind>
              aria-label={t("kind")}
              value={order.kind}
              onChange={(kind) => set({ kind })}
              options={[
                { value: "dockerfile", label: "Dockerfile" },
                { value: "spec", label: "RPM spec" },
              ]}
            />
          </div>
          <Form.Item {...field(order.kind === "spec" ? "spec_content" : "dockerfile_content")}>
            <Editor
              kind={order.kind}
              label={t("editor")}
              value={order.content}
              change={(content) => set({ content })}
              marks={analysis.marks}
            />
          </Form.Item>
          <Findings analysis={analysis} />
        </div>
        <div>
          <Form.Item label={t("name")} htmlFor="build-name" required {...field("name")}>
            <Input
              id="build-name"
              value={order.name}
              onChange={(event) => set({ name: event.target.value })}
              autoComplete="off"
              spellCheck={false}
            />
          </Form.Item>
          <Form.Item label={t("sources")}>
            <Sources sources={order.sources} change={(sources) => set({ sources })} read={read} />
          </Form.Item>
          <Form.Item label={t("level")} htmlFor="build-level">
            <Select<Level>
              id="build-level"
              value={order.optimize}
              onChange={(optimize) => set({ optimize })}
              options={LEVELS.map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
          {order.kind === "spec" ? (
            <Form.Item
              label={t("baseImage")}
              htmlFor="build-base"
              extra={t("defaultBase")}
              {...field("base_image")}
            >
              <Input
                id="build-base"
                value={order.baseImage}
                onChange={(event) => set({ baseImage: event.target.value })}
              />
            </Form.Item>
          ) : (
            <Form.Item label={t("target")} htmlFor="build-target" {...field("target")}>
              <Input
                id="build-target"
                value={order.target}
                onChange={(event) => set({ target: event.target.value })}
              />
            </Form.Item>
          )}
          <Form.Item label={t("time")} htmlFor="build-timeout" {...field("timeout")}>
            <InputNumber
              id="build-timeout"
              min={1}
              max={86_400}
              placeholder="1800"
              value={order.timeout}
              onChange={(timeout) => set({ timeout })}
            />
          </Form.Item>
          <Form.Item>
            <Checkbox checked={order.cache} onChange={(event) => set({ cache: event.target.checked })}>
              {t("cache")}
            </Checkbox>
          </Form.Item>
          <Form.Item label={t("buildArgs")} {...field("build_args")}>
            <Entries entries={order.args} change={(args) => set({ args })} />
          </Form.Item>
          <Form.Item label={t("labels")} {...field("labels")}>
            <Entries entries={order.labels} change={(labels) => set({ labels })} />
          </Form.Item>
        </div>
      </Form>
    </>
  );
}

const TONES: Readonly<Record<string, Tone>> = { error: "bad", warning: "warn" };

function Findings({ analysis: { found, fault } }: { analysis: Analysis }) {
  const t = useText(text);
  if (fault && fault.fieldErrors.size === 0) return <FaultView error={fault} />;
  if (fault) {
    return [...fault.fieldErrors].map(([name, why]) => (
      <p key={name} className={styles.error}>
        {why}
      </p>
    ));
  }
  if (!found) return null;
  return (
    <>
      <h2 className={styles.heading}>{t("findings")}</h2>
      {found.findings.length === 0 ? <span className="muted">{t("noFindings")}</span> : null}
      <ul className={styles.findings}>
        {found.findings.map((finding) => (
          <li key={`${finding.rule} ${finding.line} ${finding.message}`}>
            <Status tone={TONES[finding.severity] ?? "idle"}>{String(finding.line)}</Status>
            <span>
              {finding.message} <span className="mono muted">{finding.rule}</span>
            </span>
          </li>
        ))}
      </ul>
      <h2 className={styles.heading}>{t("preview")}</h2>
      {found.diff ? <Diff diff={found.diff} label={t("preview")} /> : <Nothing title={t("noPreview")} />}
    </>
  );
}

function isWhole(order: Order): boolean {
  return order.name.trim() !== "" && order.content.trim() !== "";
}

function kindOf(file: string): Kind | undefined {
  if (file.endsWith(".spec")) return "spec";
  return /^Dockerfile(\..+)?$|\.dockerfile$/i.test(file) ? "dockerfile" : undefined;
}

/** A name for the build, after a file: lower case, as an image's name has to be. */
function nameOf(file: string): string {
  return file
    .replace(/\.spec$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-");
}
