import { answer, api, type Schemas } from "@api/client";
import { useText } from "@i18n";
import { FormDialog } from "@shared/FormDialog";
import { useQueryClient } from "@tanstack/react-query";
import { Checkbox, Form, Input, InputNumber, Segmented, Select } from "antd";
import { useState } from "react";
import { labels, typedLabels } from "./entries";
import { text } from "./text";

export type Window = Schemas["WindowDetail"];
type Mode = "once" | "weekly";

/** Monday first, as ISO 8601 counts. */
export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
const SCOPES = ["own", "tenant"] as const;

interface Draft {
  readonly name: string;
  readonly mode: Mode;
  readonly starts: string;
  readonly ends: string;
  readonly days: readonly number[];
  readonly start: string;
  readonly minutes: number | null;
  readonly zone: string;
  readonly scope: Window["scope"];
  readonly selector: string;
}

/** Adds a maintenance window, or changes the one that is given. */
export function WindowForm({ window, close }: { window: Window | undefined; close: () => void }) {
  const t = useText(text);
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(window));
  const set = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  const save = async () => {
    const body = bodyOf(draft);
    await answer(
      window
        ? api.PUT("/api/v1/notifications/maintenance-windows/{window}", {
            params: { path: { window: window.id } },
            body,
          })
        : api.POST("/api/v1/notifications/maintenance-windows", { body }),
    );
    await client.invalidateQueries({ queryKey: ["notifications"] });
    close();
  };
  return (
    <FormDialog title={window ? window.name : t("add")} save={save} close={close}>
      {(wrong) => (
        <>
          <Form.Item label={t("name")} htmlFor="window-name" required {...wrong("name")}>
            <Input
              id="window-name"
              value={draft.name}
              onChange={({ target }) => set({ name: target.value })}
            />
          </Form.Item>
          <Form.Item label={t("when")} {...wrong("weekly")}>
            <Segmented<Mode>
              aria-label={t("when")}
              value={draft.mode}
              onChange={(mode) => set({ mode })}
              options={(["once", "weekly"] as const).map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
          {draft.mode === "once" ? (
            <>
              <Form.Item label={t("starts")} htmlFor="window-starts" {...wrong("starts_at")}>
                <Input
                  id="window-starts"
                  type="datetime-local"
                  value={draft.starts}
                  onChange={({ target }) => set({ starts: target.value })}
                />
              </Form.Item>
              <Form.Item label={t("ends")} htmlFor="window-ends" {...wrong("ends_at")}>
                <Input
                  id="window-ends"
                  type="datetime-local"
                  value={draft.ends}
                  onChange={({ target }) => set({ ends: target.value })}
                />
              </Form.Item>
            </>
          ) : (
            <>
              <Form.Item label={t("days")} {...wrong("weekly.days")}>
                <Checkbox.Group
                  value={[...draft.days]}
                  onChange={(days) => set({ days })}
                  options={DAYS.map((day, place) => ({ value: place + 1, label: t(day) }))}
                />
              </Form.Item>
              <Form.Item label={t("startTime")} htmlFor="window-start" {...wrong("weekly.start")}>
                <Input
                  id="window-start"
                  value={draft.start}
                  onChange={({ target }) => set({ start: target.value })}
                />
              </Form.Item>
              <Form.Item label={t("minutes")} htmlFor="window-minutes" {...wrong("weekly.duration_minutes")}>
                <InputNumber
                  id="window-minutes"
                  value={draft.minutes}
                  onChange={(minutes) => set({ minutes })}
                />
              </Form.Item>
              <Form.Item label={t("zone")} htmlFor="window-zone" {...wrong("weekly.timezone")}>
                <Input
                  id="window-zone"
                  value={draft.zone}
                  onChange={({ target }) => set({ zone: target.value })}
                />
              </Form.Item>
            </>
          )}
          <Form.Item label={t("scope")} htmlFor="window-scope" {...wrong("scope")}>
            <Select
              id="window-scope"
              value={draft.scope}
              onChange={(scope) => set({ scope })}
              options={SCOPES.map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
          <Form.Item label={t("selector")} htmlFor="window-selector" {...wrong("selector")}>
            <Input.TextArea
              id="window-selector"
              autoSize={{ minRows: 1 }}
              value={draft.selector}
              onChange={({ target }) => set({ selector: target.value })}
            />
          </Form.Item>
        </>
      )}
    </FormDialog>
  );
}

function draftOf(window: Window | undefined): Draft {
  return {
    name: window?.name ?? "",
    mode: window?.weekly ? "weekly" : "once",
    starts: localTime(window?.starts_at),
    ends: localTime(window?.ends_at),
    days: window?.weekly?.days ?? [],
    start: window?.weekly?.start ?? "02:00",
    minutes: window?.weekly?.duration_minutes ?? 60,
    zone: window?.weekly?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    scope: window?.scope ?? "own",
    selector: typedLabels(window?.selector ?? {}),
  };
}

function bodyOf(draft: Draft): Schemas["NewWindow"] {
  const { name, scope } = draft;
  const shared = { name, scope, selector: labels(draft.selector) };
  if (draft.mode === "once") {
    return { ...shared, starts_at: instant(draft.starts), ends_at: instant(draft.ends), weekly: null };
  }
  const { days, start, minutes, zone } = draft;
  const weekly = { days: [...days].sort(), start, duration_minutes: minutes ?? 0, timezone: zone };
  return { ...shared, starts_at: null, ends_at: null, weekly };
}

/** A moment as the field shows it, in the person's own time zone. */
function localTime(at: string | null | undefined): string {
  if (!at) return "";
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function instant(local: string): string | null {
  return local ? new Date(local).toISOString() : null;
}
