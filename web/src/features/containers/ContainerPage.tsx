import { answer, api, type Schemas } from "@api/client";
import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { PageHeader } from "@shared/PageHeader";
import { Status } from "@shared/Status";
import { useSearch } from "@shared/useSearch";
import { useQuery } from "@tanstack/react-query";
import { Tabs } from "antd";
import { lazy, type ReactNode, Suspense } from "react";
import { Link, useParams } from "react-router";
import { ContainerActions } from "./ContainerActions";
import { Overview } from "./Overview";
import { TONES } from "./states";
import { text } from "./text";

export type Detail = Schemas["eulermaker__features__containers__schemas__Detail"];

const Logs = lazy(() => import("./Logs"));
const Charts = lazy(() => import("./Charts"));
const Shell = lazy(() => import("./Shell"));
const Processes = lazy(() => import("./Processes"));
const Files = lazy(() => import("./Files"));
const Inspect = lazy(() => import("./Inspect"));
const Events = lazy(() => import("./Events"));

const TABS = {
  overview: Overview,
  logs: Logs,
  charts: Charts,
  terminal: Shell,
  processes: Processes,
  files: Files,
  inspect: Inspect,
  events: Events,
} as const;
type Tab = keyof typeof TABS;

/** Everything about one container. */
export default function ContainerPage() {
  const t = useText(text);
  const { container = "" } = useParams();
  const [{ tab }, change] = useSearch(["tab"]);
  const { data, error, refetch } = useQuery({
    queryKey: ["containers", "detail", container],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/v1/containers/{container}", { params: { path: { container } }, signal })),
    refetchInterval: 15_000,
  });
  const back = <Link to="/containers">{t("back")}</Link>;
  if (!data) {
    return (
      <>
        <PageHeader title={t("title")} note={back} />
        {error ? <FaultView error={error} retry={() => void refetch()} /> : <Loading />}
      </>
    );
  }
  return (
    <>
      <PageHeader
        title={data.name}
        note={
          <>
            <Status tone={TONES[data.status]}>{t(data.status)}</Status> · {back}
          </>
        }
      >
        <ContainerActions container={data} />
      </PageHeader>
      {error ? <FaultView error={error} retry={() => void refetch()} stale /> : null}
      <Tabs
        activeKey={tab in TABS ? tab : "overview"}
        onChange={(wanted) => change({ tab: wanted === "overview" ? "" : wanted })}
        destroyOnHidden
        items={(Object.keys(TABS) as Tab[]).map((key) => {
          const Body = TABS[key];
          return { key, label: t(key), children: <InTab>{<Body container={data} />}</InTab> };
        })}
      />
    </>
  );
}

function InTab({ children }: { children: ReactNode }) {
  return <Suspense fallback={<Loading />}>{children}</Suspense>;
}
