import { PlusOutlined } from "@ant-design/icons";
import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { Status } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { When } from "@shared/When";
import { useMemo, useState } from "react";
import { Link } from "react-router";
import { RepositoryForm } from "./RepositoryForm";
import { type Repository, TONES } from "./states";
import { text } from "./text";

export default function RepositoriesPage() {
  const t = useText(text);
  const [adding, setAdding] = useState(false);
  const pages = usePages<Repository>(["repositories", "list"], async (query, signal) => {
    const found = await answer(api.GET("/api/v1/repositories", { params: { query }, signal }));
    return { rows: found.repositories, total: found.total };
  });
  const columns = useColumns();
  return (
    <>
      <PageHeader title={t("repositories")} note={pages.isPending ? "" : String(pages.total)}>
        <ActionButton
          type="primary"
          icon={<PlusOutlined />}
          permission="repositories:write"
          onClick={() => setAdding(true)}
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
          label={t("repositories")}
          columns={columns}
          rows={pages}
          id={(repository) => repository.id}
          empty={<Nothing title={t("none")} hint={t("noneHint")} />}
        />
      )}
      {adding ? <RepositoryForm close={() => setAdding(false)} /> : null}
    </>
  );
}

function useColumns(): Column<Repository>[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        key: "name",
        title: t("name"),
        width: "minmax(140px, 1fr)",
        cell: ({ name }) => <Link to={`/repositories/${name}`}>{name}</Link>,
      },
      {
        key: "status",
        title: t("status"),
        width: "110px",
        cell: ({ status }) => <Status tone={TONES[status]}>{t(status)}</Status>,
      },
      {
        key: "packages",
        title: t("packages"),
        width: "80px",
        number: true,
        cell: ({ packages }) => packages,
      },
      {
        key: "access",
        title: t("access"),
        width: "120px",
        wide: true,
        cell: (repository) => t(repository.public ? "public" : "private"),
      },
      {
        key: "signed",
        title: t("signed"),
        width: "70px",
        wide: true,
        cell: ({ key_fingerprint: key }) => t(key ? "yes" : "no"),
      },
      {
        key: "description",
        title: t("description"),
        width: "minmax(140px, 2fr)",
        wide: true,
        cell: ({ description }) => <span className="muted">{description}</span>,
      },
      {
        key: "publishedAt",
        title: t("publishedAt"),
        width: "110px",
        wide: true,
        cell: ({ published_at }) => <When at={published_at} />,
      },
    ],
    [t],
  );
}
