import { answer, api, type Schemas } from "@api/client";
import { type Say, useText } from "@i18n";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Filters } from "@shared/Filters";
import { bytes } from "@shared/format";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { SearchInput } from "@shared/SearchInput";
import { usePages } from "@shared/usePages";
import { useSearch } from "@shared/useSearch";
import { When } from "@shared/When";
import { useMemo } from "react";
import { Link } from "react-router";
import { Prune } from "./Prune";
import { Pull, Pulls } from "./Pull";
import { text } from "./text";

type Image = Schemas["eulermaker__features__images__schemas__Summary"];

export default function ImagesPage() {
  const t = useText(text);
  const [filter, change] = useSearch(["name"]);
  const images = usePages<Image>(["images", "list", filter], async (page, signal) => {
    const query = { ...page, ...(filter.name ? { name: filter.name } : {}) };
    const found = await answer(api.GET("/api/v1/images", { params: { query }, signal }));
    return { rows: found.images, total: found.total };
  });
  const columns = useMemo(() => columnsOf(t), [t]);
  return (
    <>
      <PageHeader title={t("title")} note={images.isPending ? "" : t("total", { total: images.total })}>
        <Pull />
        <Prune />
      </PageHeader>
      <Pulls />
      <Filters>
        <SearchInput label={t("name")} value={filter.name} change={(name) => change({ name })} />
      </Filters>
      {images.error ? <FaultView error={images.error} retry={images.retry} stale={images.total > 0} /> : null}
      {images.isPending ? (
        <Loading />
      ) : (
        <DataTable
          label={t("title")}
          columns={columns}
          rows={images}
          id={(image) => image.id}
          empty={images.error ? null : <Nothing title={t("none")} hint={t("noneHint")} />}
        />
      )}
    </>
  );
}

function columnsOf(t: Say<typeof text>): Column<Image>[] {
  return [
    {
      key: "tags",
      title: t("tags"),
      width: "minmax(180px, 2fr)",
      cell: ({ id, tags }) => (
        <Link to={`/images/${encodeURIComponent(id)}`}>{tags.join(", ") || t("untagged")}</Link>
      ),
    },
    {
      key: "id",
      title: t("id"),
      width: "minmax(120px, 1fr)",
      wide: true,
      cell: ({ id }) => <span className="mono">{id.replace("sha256:", "").slice(0, 12)}</span>,
    },
    { key: "size", title: t("size"), width: "90px", number: true, cell: ({ size }) => bytes(size) },
    {
      key: "created",
      title: t("created"),
      width: "100px",
      wide: true,
      cell: (image) => <When at={image.created_at} />,
    },
  ];
}
