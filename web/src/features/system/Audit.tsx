import { DownloadOutlined } from "@ant-design/icons";
import { answer, api, authorized, type Schemas } from "@api/client";
import { useText } from "@i18n";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { moment } from "@shared/format";
import { Loading } from "@shared/Loading";
import { save } from "@shared/log/LogView";
import { Nothing } from "@shared/Nothing";
import { SearchInput } from "@shared/SearchInput";
import { Status } from "@shared/Status";
import { useSearch } from "@shared/useSearch";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useMemo } from "react";
import styles from "./System.module.css";
import { text } from "./text";

type Entry = Schemas["AuditEntry"];

const SHOWN = 200;
const FILTERS = ["user", "action", "resource_id"] as const;

/** Who did what, searched and exported. */
export function Audit() {
  const t = useText(text);
  const [{ before, ...wanted }, search] = useSearch([...FILTERS, "before"]);
  const filter = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value));
  const { data, error, refetch } = useQuery({
    queryKey: ["system", "audit", wanted, before],
    queryFn: () => {
      const query = { ...filter, limit: SHOWN, ...(before ? { before: Number(before) } : {}) };
      return answer(api.GET("/api/v1/system/audit", { params: { query } }));
    },
  });
  const exported = useMutation({
    mutationFn: async () => {
      const query = new URLSearchParams({ ...filter, format: "csv" });
      const response = await authorized(`/api/v1/system/audit/export?${query}`);
      save(await response.blob(), "audit.csv");
    },
  });
  const labels = { user: t("filterUser"), action: t("filterAction"), resource_id: t("filterResource") };
  const fault = error ?? exported.error;
  return (
    <>
      <div className={styles.bar}>
        {FILTERS.map((name) => (
          <SearchInput
            key={name}
            label={labels[name]}
            value={wanted[name]}
            change={(value) => search({ [name]: value, before: "" })}
          />
        ))}
        <span className={styles.grow} />
        <Button icon={<DownloadOutlined />} loading={exported.isPending} onClick={() => exported.mutate()}>
          {t("export")}
        </Button>
      </div>
      {fault ? <FaultView error={fault} retry={() => void refetch()} stale={data !== undefined} /> : null}
      {data ? <Entries entries={data.entries} /> : fault ? null : <Loading />}
      <div className={styles.bar}>
        {before ? <Button onClick={() => search({ before: "" })}>{t("newest")}</Button> : null}
        {data?.next ? (
          <Button onClick={() => search({ before: String(data.next) })}>{t("older")}</Button>
        ) : null}
      </div>
    </>
  );
}

function Entries({ entries }: { entries: readonly Entry[] }) {
  const t = useText(text);
  const columns = useMemo<Column<Entry>[]>(
    () => [
      { key: "when", title: t("when"), width: "160px", cell: (entry) => moment(entry.at) },
      { key: "who", title: t("who"), width: "minmax(90px, 1fr)", cell: (entry) => entry.username },
      { key: "action", title: t("action"), width: "minmax(130px, 1fr)", cell: (entry) => entry.action },
      {
        key: "on",
        title: t("on"),
        width: "minmax(160px, 2fr)",
        wide: true,
        cell: (entry) => (
          <span className="mono" title={JSON.stringify(entry.details)}>
            {entry.resource_id}
          </span>
        ),
      },
      { key: "from", title: t("from"), width: "120px", wide: true, cell: (entry) => entry.address },
      {
        key: "result",
        title: t("result"),
        width: "minmax(90px, 1fr)",
        wide: true,
        cell: (entry) => <Status tone={entry.result === "ok" ? "good" : "bad"}>{entry.result}</Status>,
      },
    ],
    [t],
  );
  return (
    <DataTable
      label={t("audit")}
      columns={columns}
      rows={entries}
      id={(entry) => `${entry.at} ${entry.user_id} ${entry.action} ${entry.resource_id}`}
      empty={<Nothing title={t("noEntries")} />}
    />
  );
}
