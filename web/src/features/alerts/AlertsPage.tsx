import { answer, api, done, type Schemas } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { Status, type Tone } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { useSearch } from "@shared/useSearch";
import { When } from "@shared/When";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Segmented } from "antd";
import { useMemo } from "react";
import { Link } from "react-router";
import { text } from "./text";

type Alert = Schemas["AlertSummary"];
type Action = { readonly alert: string; readonly does: "acknowledge" | "resolve" };

const STATUSES = ["open", "firing", "acknowledged", "resolved", "all"] as const;
type Wanted = (typeof STATUSES)[number];

const TONES: Readonly<Record<Alert["status"], Tone>> = {
  firing: "bad",
  acknowledged: "warn",
  resolved: "good",
};

export default function AlertsPage() {
  const t = useText(text);
  const [{ status }, search] = useSearch(["status"]);
  const wanted = STATUSES.find((each) => each === status) ?? "open";
  const pages = usePages<Alert>(["alerts", wanted], async (page, signal) => {
    const query = { ...page, status: wanted };
    const found = await answer(api.GET("/api/v1/notifications/alerts", { params: { query }, signal }));
    return { rows: found.alerts, total: found.total };
  });
  const columns = useColumns();
  return (
    <>
      <PageHeader title={t("alerts")} note={pages.isPending ? "" : String(pages.total)}>
        <Segmented<Wanted>
          aria-label={t("filterStatus")}
          value={wanted}
          onChange={(value) => search({ status: value === "open" ? "" : value })}
          options={STATUSES.map((value) => ({ value, label: t(value) }))}
        />
      </PageHeader>
      {pages.error ? (
        <FaultView error={pages.error} retry={pages.retry} stale={pages.loaded.length > 0} />
      ) : null}
      {pages.isPending ? (
        <Loading />
      ) : (
        <DataTable
          label={t("alerts")}
          columns={columns}
          rows={pages}
          id={(alert) => alert.id}
          empty={<Nothing title={t(wanted === "open" ? "noneOpen" : "none")} hint={t("noneHint")} />}
        />
      )}
    </>
  );
}

function useColumns(): Column<Alert>[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        key: "status",
        title: t("status"),
        width: "110px",
        cell: (alert) => <Status tone={TONES[alert.status]}>{t(alert.status)}</Status>,
      },
      {
        key: "probe",
        title: t("probe"),
        width: "minmax(150px, 2fr)",
        cell: (alert) => (
          <>
            <Link to={`/probes/${alert.probe_id}`}>{alert.probe_name}</Link>{" "}
            {alert.flapping ? <span className="muted">{t("flapping")}</span> : null}
          </>
        ),
      },
      {
        key: "severity",
        title: t("severity"),
        width: "80px",
        wide: true,
        cell: (alert) => t(alert.severity),
      },
      {
        key: "reason",
        title: t("reason"),
        width: "minmax(160px, 2fr)",
        wide: true,
        cell: (alert) => (
          <span className="muted" title={alert.comment ?? ""}>
            {alert.acknowledged_by ? t("by", { name: alert.acknowledged_by }) : reason(alert)}
          </span>
        ),
      },
      {
        key: "opened",
        title: t("opened"),
        width: "110px",
        wide: true,
        cell: (alert) => <When at={alert.opened_at} />,
      },
      {
        key: "ended",
        title: t("ended"),
        width: "110px",
        wide: true,
        cell: (alert) => <When at={alert.resolved_at} />,
      },
      { key: "actions", title: "", width: "190px", cell: (alert) => <Actions alert={alert} /> },
    ],
    [t],
  );
}

function Actions({ alert }: { alert: Alert }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const act = useMutation({
    mutationFn: ({ alert: id, does }: Action) => {
      const path = { params: { path: { alert: id } } };
      return done(
        does === "acknowledge"
          ? api.POST("/api/v1/notifications/alerts/{alert}/acknowledge", path)
          : api.POST("/api/v1/notifications/alerts/{alert}/resolve", path),
      );
    },
    onSuccess: (told) => message.success(told),
    onError: (error) => message.error(asFault(error).message),
    onSettled: () => client.invalidateQueries({ queryKey: ["alerts"] }),
  });
  if (alert.status === "resolved") return null;
  const button = (does: Action["does"]) => (
    <ActionButton
      size="small"
      permission="notifications:write"
      loading={act.isPending && act.variables.does === does}
      onClick={() => act.mutate({ alert: alert.id, does })}
    >
      {t(does)}
    </ActionButton>
  );
  return (
    <>
      {alert.status === "firing" ? button("acknowledge") : null} {button("resolve")}
    </>
  );
}

function reason(alert: Alert): string {
  const { error } = alert.details;
  return typeof error === "string" ? error : "";
}
