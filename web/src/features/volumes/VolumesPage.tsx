import { answer, api, done, type Schemas } from "@api/client";
import { queries } from "@api/queries";
import { type Say, useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { ConfirmByName } from "@shared/ConfirmByName";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Filters } from "@shared/Filters";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { SearchInput } from "@shared/SearchInput";
import { useAction } from "@shared/useAction";
import { usePages } from "@shared/usePages";
import { useSearch } from "@shared/useSearch";
import { When } from "@shared/When";
import { Input } from "antd";
import { useMemo, useState } from "react";
import { text } from "./text";

type Volume = Schemas["eulermaker__features__volumes__schemas__Summary"];

export default function VolumesPage() {
  const t = useText(text);
  const [filter, change] = useSearch(["name"]);
  const [removing, setRemoving] = useState<string>();
  const volumes = usePages<Volume>(["volumes", "list", filter], async (page, signal) => {
    const query = { ...page, ...(filter.name ? { name: filter.name } : {}) };
    const found = await answer(api.GET("/api/v1/volumes", { params: { query }, signal }));
    return { rows: found.volumes, total: found.total };
  });
  const columns = useMemo(() => columnsOf(t, setRemoving), [t]);
  return (
    <>
      <PageHeader title={t("title")} note={volumes.isPending ? "" : t("total", { total: volumes.total })}>
        <NewVolume />
      </PageHeader>
      <Filters>
        <SearchInput label={t("name")} value={filter.name} change={(name) => change({ name })} />
      </Filters>
      {volumes.error ? (
        <FaultView error={volumes.error} retry={volumes.retry} stale={volumes.total > 0} />
      ) : null}
      {volumes.isPending ? (
        <Loading />
      ) : (
        <DataTable
          label={t("title")}
          columns={columns}
          rows={volumes}
          id={(volume) => volume.name}
          empty={volumes.error ? null : <Nothing title={t("none")} hint={t("noneHint")} />}
        />
      )}
      {removing ? (
        <ConfirmByName
          title={t("removeTitle")}
          warning={t("removeWarning")}
          name={removing}
          action={t("remove")}
          confirm={async () => {
            await done(api.DELETE("/api/v1/volumes/{volume}", { params: { path: { volume: removing } } }));
            await queries.invalidateQueries({ queryKey: ["volumes"] });
          }}
          close={() => setRemoving(undefined)}
        />
      ) : null}
    </>
  );
}

function NewVolume() {
  const t = useText(text);
  const [name, setName] = useState("");
  const create = useAction(
    async (wanted: string) => {
      await answer(api.POST("/api/v1/volumes", { body: { name: wanted } }));
      setName("");
      return t("made", { name: wanted });
    },
    ["volumes"],
  );
  return (
    <>
      <Input
        aria-label={t("create")}
        placeholder={t("name")}
        value={name}
        onChange={(event) => setName(event.target.value)}
        style={{ width: 180 }}
      />
      <ActionButton
        type="primary"
        permission="volumes:write"
        disabled={!name}
        loading={create.isPending}
        onClick={() => create.mutate(name)}
      >
        {t("create")}
      </ActionButton>
    </>
  );
}

function columnsOf(t: Say<typeof text>, remove: (name: string) => void): Column<Volume>[] {
  return [
    { key: "name", title: t("name"), width: "minmax(180px, 2fr)", cell: ({ name }) => name },
    { key: "driver", title: t("driver"), width: "100px", wide: true, cell: ({ driver }) => driver },
    {
      key: "labels",
      title: t("labels"),
      width: "minmax(140px, 2fr)",
      wide: true,
      cell: ({ labels }) => (
        <span className="mono">
          {Object.entries(labels)
            .map(([name, value]) => `${name}=${value}`)
            .join(", ")}
        </span>
      ),
    },
    {
      key: "created",
      title: t("created"),
      width: "100px",
      wide: true,
      cell: (volume) => <When at={volume.created_at} />,
    },
    {
      key: "remove",
      title: "",
      width: "80px",
      cell: ({ name }) => (
        <ActionButton type="link" size="small" danger permission="volumes:write" onClick={() => remove(name)}>
          {t("remove")}
        </ActionButton>
      ),
    },
  ];
}
