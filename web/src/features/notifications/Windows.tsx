import { answer, api, done } from "@api/client";
import { type Say, useText } from "@i18n";
import type { Column } from "@shared/DataTable";
import { moment } from "@shared/format";
import { Nothing } from "@shared/Nothing";
import { Status } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useCallback, useMemo, useState } from "react";
import { Listed } from "./Listed";
import { RowActions } from "./RowActions";
import { text } from "./text";
import { DAYS, type Window, WindowForm } from "./WindowForm";

/** When nobody wants to be told. */
export function Windows() {
  const t = useText(text);
  const [edited, setEdited] = useState<Window | "new">();
  const pages = usePages<Window>(["notifications", "windows"], async (query, signal) => {
    const asked = api.GET("/api/v1/notifications/maintenance-windows", { params: { query }, signal });
    const found = await answer(asked);
    return { rows: found.maintenance_windows, total: found.total };
  });
  const edit = useCallback((window: Window) => setEdited(window), []);
  return (
    <>
      <Listed
        label={t("windows")}
        pages={pages}
        columns={useColumns(edit)}
        id={(window) => window.id}
        empty={<Nothing title={t("noWindows")} hint={t("noWindowsHint")} />}
        add={{ label: t("add"), act: () => setEdited("new") }}
      />
      {edited ? (
        <WindowForm window={edited === "new" ? undefined : edited} close={() => setEdited(undefined)} />
      ) : null}
    </>
  );
}

function useColumns(edit: (window: Window) => void): Column<Window>[] {
  const t = useText(text);
  return useMemo(
    () => [
      { key: "name", title: t("name"), width: "minmax(140px, 1fr)", cell: (window) => window.name },
      { key: "when", title: t("when"), width: "minmax(180px, 2fr)", cell: (window) => when(window, t) },
      {
        key: "status",
        title: t("status"),
        width: "minmax(160px, 1fr)",
        wide: true,
        cell: (window) =>
          window.active_until ? (
            <Status tone="warn">{t("activeUntil", { when: moment(window.active_until) })}</Status>
          ) : null,
      },
      { key: "scope", title: t("scope"), width: "140px", wide: true, cell: (window) => t(window.scope) },
      {
        key: "actions",
        title: "",
        width: "90px",
        cell: (window) => <Actions window={window} edit={() => edit(window)} />,
      },
    ],
    [t, edit],
  );
}

function when({ weekly, starts_at, ends_at }: Window, t: Say<typeof text>): string {
  if (!weekly) return `${moment(starts_at ?? "")} – ${moment(ends_at ?? "")}`;
  const days = weekly.days.map((day) => t(DAYS[day - 1] ?? "monday")).join(", ");
  const { start, duration_minutes: minutes, timezone: zone = "UTC" } = weekly;
  return t("everyWeek", { days, start, minutes, zone });
}

function Actions({ window, edit }: { window: Window; edit: () => void }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const remove = async () => {
    const path = { params: { path: { window: window.id } } };
    message.success(await done(api.DELETE("/api/v1/notifications/maintenance-windows/{window}", path)));
    await client.invalidateQueries({ queryKey: ["notifications"] });
  };
  return <RowActions name={window.name} warning={t("deleteWindow")} edit={edit} remove={remove} />;
}
