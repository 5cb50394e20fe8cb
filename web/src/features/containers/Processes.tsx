import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Detail } from "./ContainerPage";
import { text } from "./text";

const PERIOD_MS = 5_000;
/** How wide the columns of `ps -ef` are; the command takes what is left. */
const WIDTHS: Readonly<Record<string, string>> = {
  UID: "90px",
  PID: "80px",
  PPID: "80px",
  C: "40px",
  STIME: "70px",
  TTY: "70px",
  TIME: "80px",
};

export default function Processes({ container }: { container: Detail }) {
  const t = useText(text);
  const running = container.status === "running" || container.status === "paused";
  const { data, error, refetch } = useQuery({
    queryKey: ["containers", "processes", container.id],
    queryFn: () =>
      answer(
        api.GET("/api/v1/containers/{container}/top", { params: { path: { container: container.id } } }),
      ),
    enabled: running,
    refetchInterval: PERIOD_MS,
  });
  const columns = useMemo<Column<string[]>[]>(
    () =>
      (data?.titles ?? []).map((title, place) => ({
        key: title,
        title,
        width: WIDTHS[title] ?? "minmax(200px, 1fr)",
        cell: (process) => <span className="mono">{process[place]}</span>,
      })),
    [data?.titles],
  );
  if (!running) return <Nothing title={t("notRunning")} hint={t("notRunningHint")} />;
  if (error && !data) return <FaultView error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const place = Math.max(0, data.titles.indexOf("PID"));
  return (
    <>
      {error ? <FaultView error={error} retry={() => void refetch()} stale /> : null}
      <DataTable
        label={t("processes")}
        columns={columns}
        rows={data.processes}
        id={(process) => process[place] ?? process.join()}
        empty={null}
      />
    </>
  );
}
