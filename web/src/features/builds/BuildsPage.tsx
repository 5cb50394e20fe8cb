import { PlusOutlined } from "@ant-design/icons";
import { answer, api, type Schemas } from "@api/client";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { clock } from "@shared/format";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { SearchInput } from "@shared/SearchInput";
import { Status } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { useSearch } from "@shared/useSearch";
import { When } from "@shared/When";
import { useQueryClient } from "@tanstack/react-query";
import { Select } from "antd";
import { useEffect, useMemo, useState } from "react";
import { Link, useNavigate } from "react-router";
import { type BuildState, isState, isUnderWay, STATES } from "./state";
import { text } from "./text";

type Summary = Schemas["eulermaker__features__builds__schemas__Summary"];

/** How often builds that are under way are looked at. */
const PERIOD_MS = 4000;
const ALL = "all" as const;

export default function BuildsPage() {
  const t = useText(text);
  const go = useNavigate();
  const [{ name, status }, search] = useSearch(["name", "status"]);
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const wanted = isState(status) ? status : ALL;
  const pages = usePages<Summary>(["builds", "list", name, wanted], async ({ limit, offset }, signal) => {
    const query = { limit, offset, status: wanted, ...(name ? { name } : {}) };
    const found = await answer(api.GET("/api/v1/builds", { params: { query }, signal }));
    return { rows: found.builds, total: found.total };
  });
  useFreshWhile(pages.loaded.some((build) => isUnderWay(build.status)));
  const columns = useColumns();
  const [left, right] = [...selected];
  return (
    <>
      <PageHeader title={t("builds")} note={pages.isPending ? "" : String(pages.total)}>
        <SearchInput label={t("searchName")} value={name} change={(value) => search({ name: value })} />
        <Select<BuildState | typeof ALL>
          aria-label={t("filterStatus")}
          value={wanted}
          onChange={(value) => search({ status: value === ALL ? "" : value })}
          options={[
            { value: ALL, label: t("all") },
            ...Object.keys(STATES)
              .filter(isState)
              .map((value) => ({ value, label: t(STATES[value][1]) })),
          ]}
          style={{ width: 120 }}
        />
        <ActionButton
          reason={selected.size === 2 ? undefined : t("compareHint")}
          onClick={() => void go(`/builds/compare?left=${left}&right=${right}`)}
        >
          {t("compare")}
        </ActionButton>
        <ActionButton
          type="primary"
          icon={<PlusOutlined />}
          permission="builds:write"
          onClick={() => void go("/builds/new")}
        >
          {t("build")}
        </ActionButton>
      </PageHeader>
      {pages.error ? (
        <FaultView error={pages.error} retry={pages.retry} stale={pages.loaded.length > 0} />
      ) : null}
      {pages.isPending ? (
        <Loading />
      ) : (
        <DataTable
          label={t("builds")}
          columns={columns}
          rows={pages}
          id={(build) => build.id}
          name={(build) => build.name}
          selected={selected}
          select={select}
          empty={
            name || wanted !== ALL ? (
              <Nothing title={t("noMatch")} hint={t("noMatchHint")} />
            ) : (
              <Nothing title={t("none")} hint={t("noneHint")} />
            )
          }
        />
      )}
    </>
  );
}

/** Looks at the lists of builds again, as long as one of them is going on. */
function useFreshWhile(goesOn: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!goesOn) return;
    const look = () => void client.invalidateQueries({ queryKey: ["builds", "list"] });
    const timer = setInterval(look, PERIOD_MS);
    return () => clearInterval(timer);
  }, [client, goesOn]);
}

function useColumns(): Column<Summary>[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        key: "name",
        title: t("name"),
        width: "minmax(180px, 2fr)",
        cell: (build) => <Link to={`/builds/${build.id}`}>{build.name}</Link>,
      },
      {
        key: "status",
        title: t("status"),
        width: "100px",
        cell: (build) => {
          const [tone, word] = STATES[build.status];
          return <Status tone={tone}>{t(word)}</Status>;
        },
      },
      {
        key: "image",
        title: t("image"),
        width: "minmax(140px, 2fr)",
        wide: true,
        cell: (build) => <span className="muted">{build.image_id ? build.image_tag : ""}</span>,
      },
      {
        key: "duration",
        title: t("duration"),
        width: "80px",
        number: true,
        cell: (build) => (build.duration === null ? "" : clock(build.duration)),
      },
      {
        key: "created",
        title: t("created"),
        width: "110px",
        cell: (build) => <When at={build.created_at} />,
      },
    ],
    [t],
  );
}
