import { answer, api, done, type Schemas } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { Chart } from "@shared/Chart";
import { ConfirmByName } from "@shared/ConfirmByName";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { moment } from "@shared/format";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { Status } from "@shared/Status";
import { useSearch } from "@shared/useSearch";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Tabs } from "antd";
import { useEffect, useMemo, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { ProbeForm } from "./ProbeForm";
import styles from "./Probes.module.css";
import { Strip } from "./Strip";
import { ACTIVITIES, type Probe, STATES } from "./states";
import { text } from "./text";
import { useResults } from "./useResults";

type Result = Schemas["ResultRow"];

const SHOWN = 200;
const STRIP = 60;

export default function ProbePage() {
  const t = useText(text);
  const { probe: id = "" } = useParams();
  const [{ tab }, search] = useSearch(["tab"]);
  const [editing, setEditing] = useState(false);
  const path = { params: { path: { probe: id } } };
  const { data, error, refetch } = useQuery({
    queryKey: ["probes", "detail", id],
    queryFn: () => answer(api.GET("/api/v1/probes/{probe}", path)),
  });
  const results = useLatestResults(id);
  if (!data) {
    return (
      <>
        <PageHeader title={id} />
        {error ? <Missing error={error} retry={() => void refetch()} /> : <Loading />}
      </>
    );
  }
  const [tone, word] = STATES[data.state];
  const tabs = [
    { key: "overview", label: t("overview"), children: <Overview probe={data} results={results} /> },
    { key: "results", label: t("results"), children: <Results results={results} /> },
    { key: "changes", label: t("changes"), children: <Changes probe={data} /> },
    {
      key: "configuration",
      label: t("configuration"),
      children: <pre className={styles.code}>{JSON.stringify(data.config, null, 2)}</pre>,
    },
  ];
  return (
    <>
      <PageHeader
        title={data.name}
        note={
          <>
            <Status tone={tone}>{t(word)}</Status> · {t(ACTIVITIES[data.status])}
          </>
        }
      >
        <Actions probe={data} edit={() => setEditing(true)} />
      </PageHeader>
      {error ? <FaultView error={error} retry={() => void refetch()} stale /> : null}
      {editing ? (
        <ProbeForm probe={data} close={() => setEditing(false)} />
      ) : (
        <Tabs
          activeKey={tab || "overview"}
          onChange={(key) => search({ tab: key === "overview" ? "" : key })}
          items={tabs}
          destroyOnHidden
        />
      )}
    </>
  );
}

/** The latest results, newest first, and those that come. */
function useLatestResults(id: string): readonly Result[] | undefined {
  const client = useQueryClient();
  const key = useMemo(() => ["probes", "results", id] as const, [id]);
  const { data } = useQuery({
    queryKey: key,
    queryFn: async () => {
      const params = { path: { probe: id }, query: { limit: SHOWN } };
      const found = await answer(api.GET("/api/v1/probes/{probe}/results", { params }));
      return found.results as Result[];
    },
  });
  const latest = useResults(id);
  useEffect(() => {
    if (latest === undefined) return;
    client.setQueryData<Result[]>(key, (before) =>
      before && before[0]?.timestamp !== latest.timestamp ? [latest, ...before].slice(0, SHOWN) : before,
    );
    // The state and the figures are the server's to tell.
    void client.invalidateQueries({ queryKey: ["probes", "detail", id] });
  }, [client, key, id, latest]);
  return data;
}

function Overview({ probe, results }: { probe: Probe; results: readonly Result[] | undefined }) {
  const t = useText(text);
  const { uptime, response_time: times, ...all } = probe.statistics;
  const figures: readonly (readonly [string, string])[] = [
    [`${t("uptime")} ${t("day")}`, share(uptime["24h"])],
    [`${t("uptime")} ${t("week")}`, share(uptime["7d"])],
    [`${t("uptime")} ${t("month")}`, share(uptime["30d"])],
    [t("checks"), String(all.total_checks)],
    [t("rate"), share(all.success_rate)],
    ["p50", milliseconds(times.p50)],
    ["p95", milliseconds(times.p95)],
    ["p99", milliseconds(times.p99)],
  ];
  const chart = useMemo(() => {
    const oldest = [...(results ?? [])].reverse();
    return {
      times: oldest.map((result) => new Date(result.timestamp).getTime() / 1000),
      series: [
        {
          label: "response time",
          values: oldest.map((result) => (result.status === "success" ? result.response_time : null)),
        },
      ],
      marks: oldest.slice(-STRIP).map((result) => ({ at: result.timestamp, state: result.status })),
    };
  }, [results]);
  const error = results?.[0]?.status === "success" ? undefined : results?.[0]?.details.error;
  return (
    <>
      {error === undefined ? null : (
        <p className={styles.tried} data-state="failure">
          {String(error)}
        </p>
      )}
      <dl className={styles.figures}>
        {figures.map(([name, value]) => (
          <div key={name} className={styles.figure}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {chart.times.length === 0 ? (
        <Nothing title={t("noResults")} />
      ) : (
        <>
          <h2 className={styles.heading}>{t("lastChecks")}</h2>
          <Strip marks={chart.marks} label={t("lastChecks")} />
          <Chart
            title={t("responseTime")}
            latest={milliseconds(results?.[0]?.response_time ?? null)}
            times={chart.times}
            series={chart.series}
            format={milliseconds}
            height={200}
          />
        </>
      )}
    </>
  );
}

function Results({ results }: { results: readonly Result[] | undefined }) {
  const t = useText(text);
  const columns = useMemo<Column<Result>[]>(
    () => [
      { key: "time", title: t("time"), width: "160px", cell: (result) => moment(result.timestamp) },
      {
        key: "result",
        title: t("result"),
        width: "100px",
        cell: (result) => {
          const [tone, word] = STATES[result.status];
          return <Status tone={tone}>{t(word)}</Status>;
        },
      },
      {
        key: "responseTime",
        title: t("responseTime"),
        width: "100px",
        number: true,
        cell: (result) => milliseconds(result.response_time),
      },
      {
        key: "details",
        title: t("details"),
        width: "minmax(200px, 3fr)",
        wide: true,
        cell: (result) => <span className="mono muted">{JSON.stringify(result.details)}</span>,
      },
    ],
    [t],
  );
  if (results === undefined) return <Loading />;
  return (
    <DataTable
      label={t("results")}
      columns={columns}
      rows={results}
      id={(result) => result.timestamp}
      empty={<Nothing title={t("noResults")} />}
    />
  );
}

function Changes({ probe }: { probe: Probe }) {
  const t = useText(text);
  const columns = useMemo<Column<Schemas["StateChangeRow"]>[]>(
    () => [
      { key: "time", title: t("time"), width: "160px", cell: (change) => moment(change.at) },
      { key: "before", title: t("before"), width: "90px", cell: (change) => t(STATES[change.before][1]) },
      {
        key: "after",
        title: t("after"),
        width: "90px",
        cell: (change) => {
          const [tone, word] = STATES[change.after];
          return <Status tone={tone}>{t(word)}</Status>;
        },
      },
      {
        key: "details",
        title: t("details"),
        width: "minmax(200px, 3fr)",
        wide: true,
        cell: (change) => <span className="mono muted">{JSON.stringify(change.details)}</span>,
      },
    ],
    [t],
  );
  const remedies = useMemo<Column<Schemas["RemedyRow"]>[]>(
    () => [
      { key: "time", title: t("time"), width: "160px", cell: (remedy) => moment(remedy.at) },
      { key: "action", title: t("action"), width: "120px", cell: (remedy) => remedy.action },
      { key: "result", title: t("result"), width: "minmax(160px, 2fr)", cell: (remedy) => remedy.result },
    ],
    [t],
  );
  return (
    <>
      <DataTable
        label={t("changes")}
        columns={columns}
        rows={probe.changes}
        id={(change) => `${change.at} ${change.after}`}
        empty={<Nothing title={t("noChanges")} />}
      />
      {probe.remedies.length === 0 ? null : (
        <>
          <h2 className={styles.heading}>{t("remedies")}</h2>
          <DataTable
            label={t("remedies")}
            columns={remedies}
            rows={probe.remedies}
            id={(remedy) => remedy.at}
            empty={null}
          />
        </>
      )}
    </>
  );
}

type Action = "check" | "pause" | "resume";

function Missing({ error, retry }: { error: Error; retry: () => void }) {
  const t = useText(text);
  if (asFault(error).status !== 404) return <FaultView error={error} retry={retry} />;
  return (
    <Nothing title={t("notFound")}>
      <Link to="/probes">{t("back")}</Link>
    </Nothing>
  );
}

function Actions({ probe, edit }: { probe: Probe; edit: () => void }) {
  const t = useText(text);
  const go = useNavigate();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [deleting, setDeleting] = useState(false);
  const path = { params: { path: { probe: probe.id } } };
  const refresh = () => client.invalidateQueries({ queryKey: ["probes"] });
  const act = useMutation({
    mutationFn: (action: Action) => {
      switch (action) {
        case "check":
          return done(api.POST("/api/v1/probes/{probe}/check", path));
        case "pause":
          return done(api.POST("/api/v1/probes/{probe}/pause", path));
        case "resume":
          return done(api.POST("/api/v1/probes/{probe}/resume", path));
      }
    },
    onSuccess: (told) => message.success(told),
    onError: (error) => message.error(asFault(error).message),
    onSettled: refresh,
  });
  const remove = async () => {
    message.success(await done(api.DELETE("/api/v1/probes/{probe}", path)));
    await go("/probes");
    await refresh();
  };
  const button = (action: Action, label: string) => (
    <ActionButton
      permission="probes:write"
      loading={act.isPending && act.variables === action}
      onClick={() => act.mutate(action)}
    >
      {label}
    </ActionButton>
  );
  return (
    <>
      {probe.probe_type === "push" ? null : button("check", t("checkNow"))}
      {probe.enabled ? button("pause", t("pause")) : button("resume", t("resume"))}
      <ActionButton permission="probes:write" onClick={edit}>
        {t("edit")}
      </ActionButton>
      <ActionButton danger permission="probes:write" onClick={() => setDeleting(true)}>
        {t("delete")}
      </ActionButton>
      {deleting ? (
        <ConfirmByName
          title={t("deleteTitle", { name: probe.name })}
          warning={t("deleteWarning")}
          name={probe.name}
          action={t("delete")}
          confirm={remove}
          close={() => setDeleting(false)}
        />
      ) : null}
    </>
  );
}

function share(value: number | null): string {
  return value === null ? "—" : `${value.toFixed(2)}%`;
}

function milliseconds(value: number | null): string {
  return value === null ? "—" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
