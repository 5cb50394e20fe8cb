import { answer, api, type Schemas } from "@api/client";
import { type Say, useText } from "@i18n";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { Status } from "@shared/Status";
import { When } from "@shared/When";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useMemo } from "react";
import { Link } from "react-router";
import { text } from "./text";
import type { Pane } from "./useTabs";

type Session = Schemas["TerminalRow"];

const PERIOD_MS = 10_000;
const SHOWN = 200;

/** The terminals that there are, to come back to or to replay. */
export function Sessions({ attach }: { attach: (pane: Pane) => void }) {
  const t = useText(text);
  const { data, error, refetch } = useQuery({
    queryKey: ["terminals"],
    queryFn: () => answer(api.GET("/api/v1/terminals", { params: { query: { limit: SHOWN } } })),
    refetchInterval: PERIOD_MS,
  });
  const columns = useMemo(() => columnsOf(t, attach), [t, attach]);
  if (!data) return error ? <FaultView error={error} retry={() => void refetch()} /> : <Loading />;
  return (
    <>
      {error ? <FaultView error={error} retry={() => void refetch()} stale /> : null}
      <DataTable
        label={t("sessions")}
        columns={columns}
        rows={data.sessions}
        id={(session) => session.session_id}
        empty={<Nothing title={t("none")} hint={t("noneHint")} />}
      />
    </>
  );
}

function columnsOf(t: Say<typeof text>, attach: (pane: Pane) => void): Column<Session>[] {
  return [
    {
      key: "container",
      title: t("container"),
      width: "minmax(150px, 1fr)",
      cell: ({ container_id }) => <Link to={`/containers/${container_id}`}>{container_id}</Link>,
    },
    {
      key: "command",
      title: t("command"),
      width: "minmax(120px, 1fr)",
      wide: true,
      cell: ({ command }) => <code>{command}</code>,
    },
    {
      key: "status",
      title: t("status"),
      width: "90px",
      cell: ({ status }) => <Status tone={status === "active" ? "good" : "idle"}>{t(status)}</Status>,
    },
    { key: "user", title: t("owner"), width: "100px", wide: true, cell: ({ username }) => username },
    {
      key: "viewers",
      title: t("viewers"),
      width: "70px",
      number: true,
      wide: true,
      cell: ({ viewers }) => viewers,
    },
    {
      key: "opened",
      title: t("opened"),
      width: "100px",
      wide: true,
      cell: (row) => <When at={row.created_at} />,
    },
    {
      key: "last",
      title: t("last"),
      width: "100px",
      wide: true,
      cell: (row) => <When at={row.last_activity} />,
    },
    {
      key: "actions",
      title: "",
      width: "130px",
      cell: ({ session_id, container_id, command, status }) => (
        <>
          {status === "active" ? (
            <Button
              type="link"
              size="small"
              onClick={() =>
                attach({ session: session_id, container: container_id, command, name: container_id })
              }
            >
              {t("attach")}
            </Button>
          ) : null}
          <Link to={`/terminals/${session_id}/recording`}>{t("recording")}</Link>
        </>
      ),
    },
  ];
}
