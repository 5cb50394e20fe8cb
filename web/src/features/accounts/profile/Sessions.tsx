import { answer, api, type Schemas } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { When } from "@shared/When";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useMemo } from "react";
import { text } from "./text";

type SessionInfo = Schemas["SessionInfo"];

/** Where one is signed in. */
export function Sessions() {
  const t = useText(text);
  const { data, error, refetch } = useQuery({
    queryKey: ["accounts", "sessions"],
    queryFn: () => answer(api.GET("/api/v1/auth/sessions")),
  });
  const columns = useMemo<Column<SessionInfo>[]>(
    () => [
      { key: "started", title: t("started"), width: "120px", cell: (one) => <When at={one.created_at} /> },
      { key: "from", title: t("from"), width: "130px", cell: (one) => one.address },
      {
        key: "agent",
        title: t("agent"),
        width: "minmax(160px, 2fr)",
        wide: true,
        cell: (one) => <span title={one.agent}>{one.agent}</span>,
      },
      {
        key: "actions",
        title: "",
        width: "110px",
        cell: (one) => (one.current ? <span className="muted">{t("thisOne")}</span> : <End one={one} />),
      },
    ],
    [t],
  );
  if (!data) return error ? <FaultView error={error} retry={() => void refetch()} /> : <Loading />;
  return (
    <DataTable
      label={t("sessions")}
      columns={columns}
      rows={data.sessions}
      id={(one) => one.id}
      empty={null}
    />
  );
}

function End({ one }: { one: SessionInfo }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const end = useMutation({
    mutationFn: () =>
      api.DELETE("/api/v1/auth/sessions/{session}", { params: { path: { session: one.id } } }),
    onError: (error) => message.error(asFault(error).message),
    onSettled: () => client.invalidateQueries({ queryKey: ["accounts", "sessions"] }),
  });
  return (
    <Button size="small" loading={end.isPending} onClick={() => end.mutate()}>
      {t("end")}
    </Button>
  );
}
