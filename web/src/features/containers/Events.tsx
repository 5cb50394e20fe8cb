import { type EngineEvent, useEvents } from "@api/events";
import { useText } from "@i18n";
import { type Column, DataTable } from "@shared/DataTable";
import { moment } from "@shared/format";
import { Nothing } from "@shared/Nothing";
import { useMemo } from "react";
import type { Detail } from "./ContainerPage";
import { text } from "./text";

/** What has happened to the container while the console looked on, and shortly before. */
export default function Events({ container }: { container: Detail }) {
  const t = useText(text);
  const events = useEvents();
  const own = useMemo(
    () => events.filter((event) => event.container_id === container.id),
    [events, container.id],
  );
  const columns = useMemo<Column<EngineEvent>[]>(
    () => [
      { key: "at", title: t("modified"), width: "170px", cell: ({ timestamp }) => moment(timestamp ?? "") },
      {
        key: "event",
        title: t("events"),
        width: "160px",
        cell: ({ event }) => <span className="mono">{event}</span>,
      },
      {
        key: "details",
        title: t("exit"),
        width: "minmax(120px, 1fr)",
        cell: ({ details }) => details?.exit_code ?? details?.health ?? "",
      },
    ],
    [t],
  );
  return (
    <DataTable
      label={t("events")}
      columns={columns}
      rows={own}
      id={(event) => String(event.seq)}
      empty={<Nothing title={t("noEvents")} />}
    />
  );
}
