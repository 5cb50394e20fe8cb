import { PlusOutlined } from "@ant-design/icons";
import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { SearchInput } from "@shared/SearchInput";
import { Status } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { useSearch } from "@shared/useSearch";
import { When } from "@shared/When";
import { useQueryClient } from "@tanstack/react-query";
import { Select } from "antd";
import { useEffect, useMemo } from "react";
import { Link, useNavigate } from "react-router";
import { ACTIVITIES, isState, type Row, STATES, type State } from "./states";
import { text } from "./text";
import { useResults } from "./useResults";

const ALL = "all" as const;
/** Results that arrive make the list stale; it is looked at again no more often than this. */
const REST_MS = 5000;

export default function ProbesPage() {
  const t = useText(text);
  const go = useNavigate();
  const [{ name, state }, search] = useSearch(["name", "state"]);
  const wanted = isState(state) ? state : undefined;
  const pages = usePages<Row>(["probes", "list", name, state], async ({ limit, offset }, signal) => {
    const query = { limit, offset, ...(name ? { name } : {}), ...(wanted ? { state: wanted } : {}) };
    const found = await answer(api.GET("/api/v1/probes", { params: { query }, signal }));
    return { rows: found.probes, total: found.total };
  });
  useFreshOnResults();
  const columns = useColumns();
  return (
    <>
      <PageHeader title={t("probes")} note={pages.isPending ? "" : String(pages.total)}>
        <SearchInput label={t("filterName")} value={name} change={(value) => search({ name: value })} />
        <Select<State | typeof ALL>
          aria-label={t("filterState")}
          value={wanted ?? ALL}
          style={{ width: 120 }}
          onChange={(value) => search({ state: value === ALL ? "" : value })}
          options={[
            { value: ALL, label: t("all") },
            ...Object.keys(STATES)
              .filter(isState)
              .map((value) => ({ value, label: t(STATES[value][1]) })),
          ]}
        />
        <ActionButton
          type="primary"
          icon={<PlusOutlined />}
          permission="probes:write"
          onClick={() => void go("/probes/new")}
        >
          {t("add")}
        </ActionButton>
      </PageHeader>
      {pages.error ? (
        <FaultView error={pages.error} retry={pages.retry} stale={pages.loaded.length > 0} />
      ) : null}
      {pages.isPending ? (
        <Loading />
      ) : (
        <DataTable
          label={t("probes")}
          columns={columns}
          rows={pages}
          id={(probe) => probe.id}
          empty={
            name || wanted ? (
              <Nothing title={t("noMatch")} />
            ) : (
              <Nothing title={t("none")} hint={t("noneHint")} />
            )
          }
        />
      )}
    </>
  );
}

function useFreshOnResults(): void {
  const client = useQueryClient();
  const latest = useResults("");
  useEffect(() => {
    if (latest === undefined) return;
    const look = () => void client.invalidateQueries({ queryKey: ["probes", "list"] });
    const timer = setTimeout(look, REST_MS);
    return () => clearTimeout(timer);
  }, [client, latest]);
}

function useColumns(): Column<Row>[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        key: "name",
        title: t("name"),
        width: "minmax(160px, 2fr)",
        cell: (probe) => <Link to={`/probes/${probe.id}`}>{probe.name}</Link>,
      },
      {
        key: "state",
        title: t("state"),
        width: "100px",
        cell: (probe) => {
          const [tone, word] = STATES[probe.state];
          return <Status tone={tone}>{t(word)}</Status>;
        },
      },
      {
        key: "since",
        title: t("since"),
        width: "110px",
        wide: true,
        cell: (probe) => <When at={probe.state_since} />,
      },
      {
        key: "type",
        title: t("type"),
        width: "110px",
        cell: (probe) => t(probe.probe_type as keyof typeof text),
      },
      {
        key: "container",
        title: t("container"),
        width: "minmax(130px, 1fr)",
        wide: true,
        cell: (probe) =>
          probe.container_id ? (
            <Link to={`/containers/${probe.container_id}`} className="mono">
              {probe.container_id.replace("container_", "")}
            </Link>
          ) : (
            ""
          ),
      },
      {
        key: "activity",
        title: t("activity"),
        width: "120px",
        wide: true,
        cell: (probe) => <span className="muted">{t(ACTIVITIES[probe.status])}</span>,
      },
      {
        key: "lastCheck",
        title: t("lastCheck"),
        width: "110px",
        wide: true,
        cell: (probe) => <When at={probe.last_check} />,
      },
    ],
    [t],
  );
}
