import { answer, api, type Schemas } from "@api/client";
import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { clock } from "@shared/format";
import { Status, type Tone } from "@shared/Status";
import { When } from "@shared/When";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import styles from "./Overview.module.css";
import { Panel } from "./Panel";
import { text } from "./text";

const SHOWN = 8;
const PERIOD_MS = 10_000;

type BuildState = Schemas["eulermaker__features__builds__rules__State"];
const BUILD_STATES: Readonly<Record<BuildState, readonly [Tone, keyof typeof text]>> = {
  pending: ["idle", "pending"],
  running: ["busy", "underway"],
  success: ["good", "success"],
  failed: ["bad", "failed"],
  cancelled: ["idle", "cancelled"],
  timeout: ["bad", "timeout"],
};

export function Running() {
  const t = useText(text);
  const { data, error, refetch } = useQuery({
    queryKey: ["containers", "overview"],
    queryFn: () =>
      answer(api.GET("/api/v1/containers", { params: { query: { status: "running", limit: SHOWN } } })),
  });
  return (
    <Panel
      title={t("running")}
      note={<Link to="/containers?status=running">{data ? `${t("all")} ${data.total}` : ""}</Link>}
    >
      {error ? <FaultView error={error} retry={() => void refetch()} stale={data !== undefined} /> : null}
      <Rows empty={data ? t("noneRunning") : ""}>
        {data?.containers.map((container) => (
          <li key={container.id}>
            <Link className={styles.grow} to={`/containers/${container.id}`}>
              {container.name}
            </Link>
            <span className={`${styles.grow} muted`}>{container.image}</span>
            <span className={styles.when}>
              <When at={container.started_at} />
            </span>
          </li>
        ))}
      </Rows>
    </Panel>
  );
}

export function Builds() {
  const t = useText(text);
  const { data, error, refetch } = useQuery({
    queryKey: ["builds", "overview"],
    queryFn: () => answer(api.GET("/api/v1/builds", { params: { query: { limit: SHOWN } } })),
    refetchInterval: PERIOD_MS,
  });
  const { data: info } = useQuery({
    queryKey: ["system", "info"],
    queryFn: () => answer(api.GET("/api/v1/system/info")),
    refetchInterval: PERIOD_MS,
  });
  const counts = info?.builds;
  return (
    <Panel
      title={t("builds")}
      note={counts ? t("queue", { running: counts.running ?? 0, pending: counts.pending ?? 0 }) : ""}
    >
      {error ? <FaultView error={error} retry={() => void refetch()} stale={data !== undefined} /> : null}
      <Rows empty={data ? t("noBuilds") : ""}>
        {data?.builds.map((build) => {
          const [tone, word] = BUILD_STATES[build.status];
          return (
            <li key={build.id}>
              <Link className={styles.grow} to={`/builds/${build.id}`}>
                {build.name}
              </Link>
              <Status tone={tone}>{t(word)}</Status>
              <span className={styles.when}>{build.duration === null ? "" : clock(build.duration)}</span>
              <span className={styles.when}>
                <When at={build.created_at} />
              </span>
            </li>
          );
        })}
      </Rows>
    </Panel>
  );
}

export function Probes() {
  const t = useText(text);
  const { data, error, refetch } = useQuery({
    queryKey: ["probes", "overview"],
    queryFn: () =>
      answer(api.GET("/api/v1/probes", { params: { query: { state: "failure", limit: SHOWN } } })),
    refetchInterval: PERIOD_MS,
  });
  return (
    <Panel title={t("probes")} note={data ? String(data.total) : ""}>
      {error ? <FaultView error={error} retry={() => void refetch()} stale={data !== undefined} /> : null}
      <Rows empty={data ? t("noProbes") : ""}>
        {data?.probes.map((probe) => (
          <li key={probe.id}>
            <Link className={styles.grow} to={`/probes/${probe.id}`}>
              {probe.name}
            </Link>
            <Status tone="bad">{probe.probe_type}</Status>
            <span className={styles.when}>
              <When at={probe.state_since} />
            </span>
          </li>
        ))}
      </Rows>
    </Panel>
  );
}

function Rows({ empty, children }: { empty: string; children: ReactNode[] | undefined }) {
  if (!children?.length) return <span className="muted">{empty}</span>;
  return <ul className={styles.list}>{children}</ul>;
}
