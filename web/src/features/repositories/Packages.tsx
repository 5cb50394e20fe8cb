import { DeleteOutlined } from "@ant-design/icons";
import { answer, api, done } from "@api/client";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { ConfirmByName } from "@shared/ConfirmByName";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { bytes } from "@shared/format";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { usePages } from "@shared/usePages";
import { When } from "@shared/When";
import { useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useMemo, useState } from "react";
import { Link } from "react-router";
import type { Package } from "./states";
import { text } from "./text";

/** What dnf can install. */
export function Packages({ repository }: { repository: string }) {
  const t = useText(text);
  const pages = usePages<Package>(["repositories", "packages", repository], async (query, signal) => {
    const params = { path: { repository }, query };
    const found = await answer(api.GET("/api/v1/repositories/{repository}/packages", { params, signal }));
    return { rows: found.packages, total: found.total };
  });
  const columns = useMemo<Column<Package>[]>(
    () => [
      { key: "package", title: t("package"), width: "minmax(140px, 2fr)", cell: ({ name }) => name },
      {
        key: "version",
        title: t("version"),
        width: "minmax(110px, 1fr)",
        cell: ({ epoch, version, release }) => `${epoch ? `${epoch}:` : ""}${version}-${release}`,
      },
      { key: "arch", title: t("arch"), width: "90px", cell: ({ arch }) => arch },
      {
        key: "size",
        title: t("size"),
        width: "80px",
        number: true,
        wide: true,
        cell: ({ size }) => bytes(size),
      },
      {
        key: "build",
        title: t("build"),
        width: "150px",
        wide: true,
        cell: ({ build_id }) => <Link to={`/builds/${build_id}`}>{build_id}</Link>,
      },
      {
        key: "when",
        title: t("when"),
        width: "110px",
        wide: true,
        cell: ({ published_at }) => <When at={published_at} />,
      },
      {
        key: "actions",
        title: "",
        width: "50px",
        cell: ({ file }) => <Unpublish repository={repository} file={file} />,
      },
    ],
    [t, repository],
  );
  if (pages.isPending) return <Loading />;
  return (
    <>
      {pages.error ? <FaultView error={pages.error} retry={pages.retry} /> : null}
      <DataTable
        label={t("packages")}
        columns={columns}
        rows={pages}
        id={({ file }) => file}
        empty={<Nothing title={t("noPackages")} hint={t("noPackagesHint")} />}
      />
    </>
  );
}

function Unpublish({ repository, file }: { repository: string; file: string }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    const path = { params: { path: { repository, file } } };
    message.success(await done(api.DELETE("/api/v1/repositories/{repository}/packages/{file}", path)));
    await client.invalidateQueries({ queryKey: ["repositories"] });
  };
  return (
    <>
      <ActionButton
        size="small"
        danger
        icon={<DeleteOutlined />}
        aria-label={`${t("unpublish")} ${file}`}
        permission="repositories:write"
        onClick={() => setAsking(true)}
      />
      {asking ? (
        <ConfirmByName
          title={t("unpublishTitle", { name: file })}
          warning={t("unpublishWarning")}
          name={file}
          action={t("unpublish")}
          confirm={remove}
          close={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}
