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

type Network = Schemas["eulermaker__features__networks__schemas__Summary"];

const BUILT_IN = new Set(["bridge", "host", "none"]);

export default function NetworksPage() {
  const t = useText(text);
  const [filter, change] = useSearch(["name"]);
  const [removing, setRemoving] = useState<Network>();
  const networks = usePages<Network>(["networks", "list", filter], async (page, signal) => {
    const query = { ...page, ...(filter.name ? { name: filter.name } : {}) };
    const found = await answer(api.GET("/api/v1/networks", { params: { query }, signal }));
    return { rows: found.networks, total: found.total };
  });
  const columns = useMemo(() => columnsOf(t, setRemoving), [t]);
  return (
    <>
      <PageHeader title={t("title")} note={networks.isPending ? "" : t("total", { total: networks.total })}>
        <NewNetwork />
      </PageHeader>
      <Filters>
        <SearchInput label={t("name")} value={filter.name} change={(name) => change({ name })} />
      </Filters>
      {networks.error ? (
        <FaultView error={networks.error} retry={networks.retry} stale={networks.total > 0} />
      ) : null}
      {networks.isPending ? (
        <Loading />
      ) : (
        <DataTable
          label={t("title")}
          columns={columns}
          rows={networks}
          id={(network) => network.id}
          empty={networks.error ? null : <Nothing title={t("none")} />}
        />
      )}
      {removing ? (
        <ConfirmByName
          title={t("removeTitle")}
          warning={t("removeWarning")}
          name={removing.name}
          action={t("remove")}
          confirm={async () => {
            await done(
              api.DELETE("/api/v1/networks/{network}", { params: { path: { network: removing.id } } }),
            );
            await queries.invalidateQueries({ queryKey: ["networks"] });
          }}
          close={() => setRemoving(undefined)}
        />
      ) : null}
    </>
  );
}

function NewNetwork() {
  const t = useText(text);
  const [name, setName] = useState("");
  const [subnet, setSubnet] = useState("");
  const create = useAction(async () => {
    await answer(api.POST("/api/v1/networks", { body: { name, ...(subnet ? { subnet } : {}) } }));
    setName("");
    setSubnet("");
    return t("made", { name });
  }, ["networks"]);
  return (
    <>
      <Input
        aria-label={t("create")}
        placeholder={t("name")}
        value={name}
        onChange={(event) => setName(event.target.value)}
        style={{ width: 160 }}
      />
      <Input
        aria-label={t("subnet")}
        placeholder={t("subnet")}
        value={subnet}
        onChange={(event) => setSubnet(event.target.value)}
        style={{ width: 290 }}
      />
      <ActionButton
        type="primary"
        permission="networks:write"
        disabled={!name}
        loading={create.isPending}
        onClick={() => create.mutate()}
      >
        {t("create")}
      </ActionButton>
    </>
  );
}

function columnsOf(t: Say<typeof text>, remove: (network: Network) => void): Column<Network>[] {
  return [
    { key: "name", title: t("name"), width: "minmax(160px, 2fr)", cell: ({ name }) => name },
    { key: "driver", title: t("driver"), width: "100px", wide: true, cell: ({ driver }) => driver },
    {
      key: "subnets",
      title: t("subnets"),
      width: "minmax(150px, 2fr)",
      wide: true,
      cell: ({ subnets }) => <span className="mono">{subnets.map(({ subnet }) => subnet).join(", ")}</span>,
    },
    {
      key: "internal",
      title: t("internal"),
      width: "80px",
      wide: true,
      cell: ({ internal }) => (internal ? t("yes") : ""),
    },
    {
      key: "created",
      title: t("created"),
      width: "100px",
      wide: true,
      cell: (network) => <When at={network.created_at} />,
    },
    {
      key: "remove",
      title: "",
      width: "80px",
      cell: (network) => (
        <ActionButton
          type="link"
          size="small"
          danger
          permission="networks:write"
          reason={BUILT_IN.has(network.name) ? t("builtIn") : undefined}
          onClick={() => remove(network)}
        >
          {t("remove")}
        </ActionButton>
      ),
    },
  ];
}
