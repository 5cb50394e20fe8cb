import { PlusOutlined } from "@ant-design/icons";
import { answer, api, type Schemas } from "@api/client";
import { type Say, useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Filters } from "@shared/Filters";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { SearchInput } from "@shared/SearchInput";
import { Status } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { useSearch } from "@shared/useSearch";
import { When } from "@shared/When";
import { Select } from "antd";
import { useMemo, useState } from "react";
import { Link, useNavigate } from "react-router";
import { BatchBar } from "./BatchBar";
import { type ContainerStatus, STATUSES, type Text, TONES } from "./states";
import { text } from "./text";

type Container = Schemas["eulermaker__features__containers__schemas__Summary"];

/** Every container, however many: filtered by the server, acted on together. */
export default function ContainersPage() {
  const t = useText(text);
  const navigate = useNavigate();
  const [filter, change] = useSearch(["status", "name", "image", "label"]);
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const containers = usePages<Container>(["containers", "list", filter], async (page, signal) => {
    const query = { ...page, ...wanted(filter) };
    const found = await answer(api.GET("/api/v1/containers", { params: { query }, signal }));
    return { rows: found.containers, total: found.total };
  });
  const columns = useMemo(() => columnsOf(t), [t]);
  return (
    <>
      <PageHeader
        title={t("title")}
        note={containers.isPending ? "" : t("total", { total: containers.total })}
      >
        <ActionButton
          type="primary"
          permission="containers:write"
          icon={<PlusOutlined />}
          onClick={() => void navigate("/containers/new")}
        >
          {t("create")}
        </ActionButton>
      </PageHeader>
      <Filters>
        <Select
          aria-label={t("status")}
          value={filter.status || "all"}
          onChange={(status: string) => change({ status: status === "all" ? "" : status })}
          options={["all" as const, ...STATUSES].map((value) => ({ value, label: t(value) }))}
          style={{ width: 130 }}
        />
        <SearchInput label={t("name")} value={filter.name} change={(name) => change({ name })} />
        <SearchInput label={t("image")} value={filter.image} change={(image) => change({ image })} />
        <SearchInput label={t("label")} value={filter.label} change={(label) => change({ label })} />
      </Filters>
      {containers.error ? (
        <FaultView error={containers.error} retry={containers.retry} stale={containers.total > 0} />
      ) : null}
      {selected.size > 0 ? <BatchBar selected={selected} clear={() => select(new Set())} /> : null}
      {containers.isPending ? (
        <Loading />
      ) : (
        <DataTable
          label={t("title")}
          columns={columns}
          rows={containers}
          id={(container) => container.id}
          name={(container) => container.name}
          selected={selected}
          select={select}
          empty={containers.error ? null : <Nothing title={t("none")} hint={t("noneHint")} />}
        />
      )}
    </>
  );
}

function wanted(filter: Record<"status" | "name" | "image" | "label", string>) {
  return {
    ...(filter.status ? { status: filter.status as ContainerStatus } : {}),
    ...(filter.name ? { name: filter.name } : {}),
    ...(filter.image ? { image: filter.image } : {}),
    ...(filter.label ? { label: filter.label } : {}),
  };
}

function columnsOf(t: Say<Text>): Column<Container>[] {
  return [
    {
      key: "name",
      title: t("name"),
      width: "minmax(150px, 2fr)",
      cell: ({ id, name }) => <Link to={`/containers/${id}`}>{name}</Link>,
    },
    {
      key: "status",
      title: t("status"),
      width: "92px",
      cell: ({ status }) => <Status tone={TONES[status]}>{t(status)}</Status>,
    },
    { key: "image", title: t("image"), width: "minmax(140px, 2fr)", wide: true, cell: ({ image }) => image },
    {
      key: "ports",
      title: t("ports"),
      width: "minmax(110px, 1fr)",
      wide: true,
      cell: ({ ports }) => <span className="mono">{ports.join(", ")}</span>,
    },
    { key: "health", title: t("health"), width: "80px", wide: true, cell: ({ health }) => health ?? "" },
    {
      key: "started",
      title: t("started_at"),
      width: "96px",
      wide: true,
      cell: (container) => <When at={container.started_at} />,
    },
    {
      key: "created",
      title: t("created_at"),
      width: "96px",
      wide: true,
      cell: (container) => <When at={container.created_at} />,
    },
  ];
}
