import type { Schemas } from "@api/client";
import { frames } from "@api/ndjson";
import { useText } from "@i18n";
import { Chart } from "@shared/Chart";
import { FaultView } from "@shared/FaultView";
import { bytes, percent } from "@shared/format";
import { Nothing } from "@shared/Nothing";
import { rates, useSamples } from "@shared/useSamples";
import { useEffect, useMemo, useState } from "react";
import type { Detail } from "./ContainerPage";
import styles from "./Containers.module.css";
import { text } from "./text";

type Stats = Schemas["Stats"];

/** Ten minutes, a sample a second. */
const KEPT = 600;

/** What a running container uses, once a second. */
export default function Charts({ container }: { container: Detail }) {
  const t = useText(text);
  const running = container.status === "running";
  const { sample, error, again } = useStats(container.id, running);
  const at = sample ? new Date(sample.timestamp).getTime() / 1000 : 0;
  const { times, values } = useSamples(container.id, sample, at, KEPT);
  const series = useMemo(() => {
    const pick = (label: string, of: (stats: Stats) => number) => [{ label, values: values.map(of) }];
    const rate = (label: string, of: (stats: Stats) => number) => ({
      label,
      values: rates(times, values.map(of)),
    });
    return {
      cpu: pick("cpu", (stats) => stats.cpu_usage.usage_percent),
      memory: pick("memory", (stats) => stats.memory_usage.usage),
      network: [
        rate("received", (stats) => stats.network_io.rx_bytes),
        rate("sent", (stats) => stats.network_io.tx_bytes),
      ],
      disk: [
        rate("read", (stats) => stats.block_io.read_bytes),
        rate("written", (stats) => stats.block_io.write_bytes),
      ],
    };
  }, [times, values]);
  if (!running && !sample) return <Nothing title={t("notRunning")} hint={t("notRunningHint")} />;
  const both = (pair: readonly { values: readonly (number | null)[] }[], first: string, second: string) =>
    t("inOut", {
      first: `${first} ${bytes(pair[0]?.values.at(-1) ?? 0)}`,
      second: `${second} ${bytes(pair[1]?.values.at(-1) ?? 0)}`,
    });
  return (
    <>
      {error ? <FaultView error={error} retry={again} stale={sample !== undefined} /> : null}
      <div className={styles.charts}>
        <Chart
          title={t("cpu")}
          latest={sample ? percent(sample.cpu_usage.usage_percent) : ""}
          times={times}
          series={series.cpu}
          format={(value) => `${Math.round(value)}%`}
          least={10}
          height={160}
        />
        <Chart
          title={t("memory")}
          latest={sample ? `${bytes(sample.memory_usage.usage)} / ${bytes(sample.memory_usage.limit)}` : ""}
          times={times}
          series={series.memory}
          format={bytes}
          least={10_240}
          height={160}
        />
        <Chart
          title={t("networkIo")}
          latest={both(series.network, t("received"), t("sent"))}
          times={times}
          series={series.network}
          format={bytes}
          least={10_240}
          height={160}
        />
        <Chart
          title={t("blockIo")}
          latest={both(series.disk, t("read"), t("written"))}
          times={times}
          series={series.disk}
          format={bytes}
          least={10_240}
          height={160}
        />
      </div>
    </>
  );
}

function useStats(container: string, running: boolean) {
  const [sample, setSample] = useState<Stats>();
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: an attempt is one more run of the same
  useEffect(() => {
    if (!running) return;
    const ended = new AbortController();
    const follow = async () => {
      setError(undefined);
      const address = `/api/v1/containers/${encodeURIComponent(container)}/stats?stream=true`;
      for await (const batch of frames<Stats>(address, ended.signal)) {
        const last = batch.at(-1);
        if (last && "cpu_usage" in last) setSample(last);
      }
    };
    follow().catch((refused: unknown) => {
      if (!ended.signal.aborted) setError(refused);
    });
    return () => ended.abort();
  }, [container, running, attempt]);
  return { sample, error, again: () => setAttempt((count) => count + 1) };
}
