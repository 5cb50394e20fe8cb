import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { Status } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { When } from "@shared/When";
import { useMemo } from "react";
import { Link } from "react-router";
import { type Publication, TONES } from "./states";
import { text } from "./text";

/** What was published, is about to be, or was refused. */
export function Publications({ repository }: { repository: string }) {
  const t = useText(text);
  const pages = usePages<Publication>(["repositories", "publications", repository], async (query, signal) => {
    const params = { path: { repository }, query };
    const found = await answer(api.GET("/api/v1/repositories/{repository}/publications", { params, signal }));
    return { rows: found.publications, total: found.total };
  });
  const columns = useMemo<Column<Publication>[]>(
    () => [
      {
        key: "build",
        title: t("build"),
        width: "170px",
        cell: ({ build_id }) => <Link to={`/builds/${build_id}`}>{build_id}</Link>,
      },
      {
        key: "status",
        title: t("status"),
        width: "120px",
        cell: ({ status }) => <Status tone={TONES[status]}>{t(status)}</Status>,
      },
      { key: "when", title: t("when"), width: "110px", cell: ({ created_at }) => <When at={created_at} /> },
      {
        key: "error",
        title: t("error"),
        width: "minmax(160px, 2fr)",
        wide: true,
        cell: ({ error }) => <span className="muted">{error?.message ?? ""}</span>,
      },
    ],
    [t],
  );
  if (pages.isPending) return <Loading />;
  return (
    <>
      {pages.error ? <FaultView error={pages.error} retry={pages.retry} /> : null}
      <DataTable
        label={t("publications")}
        columns={columns}
        rows={pages}
        id={({ id }) => id}
        empty={<Nothing title={t("noPublications")} />}
      />
    </>
  );
}
