import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { Chart } from "@shared/Chart";
import { FaultView } from "@shared/FaultView";
import { bytes, percent } from "@shared/format";
import { rates, useSamples } from "@shared/useSamples";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import styles from "./Overview.module.css";
import { Panel } from "./Panel";
import { text } from "./text";

const PERIOD_MS = 3_000;
/** Fifteen minutes. */
const KEPT = 300;

/** What the host uses, live. */
export function Host() {
  const t = useText(text);
  const { data, error, dataUpdatedAt, refetch } = useQuery({
    queryKey: ["system", "resources"],
    queryFn: () => answer(api.GET("/api/v1/system/resources")),
    refetchInterval: PERIOD_MS,
  });
  const { times, values } = useSamples("host", data, dataUpdatedAt / 1000, KEPT);
  const series = useMemo(() => {
    const one = (label: string, pick: (sample: (typeof values)[number]) => number) => [
      { label, values: values.map(pick) },
    ];
    return {
      cpu: one("cpu", (sample) => sample.cpu.usage_percent),
      memory: one("memory", (sample) => sample.memory.usage_percent),
      disk: one("disk", (sample) => sample.disk.usage_percent),
      network: [
        {
          label: "received",
          values: rates(
            times,
            values.map((sample) => sample.network.rx_bytes),
          ),
        },
        {
          label: "sent",
          values: rates(
            times,
            values.map((sample) => sample.network.tx_bytes),
          ),
        },
      ],
    };
  }, [times, values]);
  const space = (used: number, total: number) => t("ofTotal", { used: bytes(used), total: bytes(total) });
  const [received, sent] = series.network.map((each) => bytes(each.values.at(-1) ?? 0));
  return (
    <Panel title={t("host")}>
      {error ? <FaultView error={error} retry={() => void refetch()} stale={data !== undefined} /> : null}
      <div className={styles.charts}>
        <Chart
          title={t("cpu")}
          latest={data ? percent(data.cpu.usage_percent) : ""}
          times={times}
          series={series.cpu}
          format={whole}
          max={100}
        />
        <Chart
          title={t("memory")}
          latest={data ? space(data.memory.used, data.memory.total) : ""}
          times={times}
          series={series.memory}
          format={whole}
          max={100}
        />
        <Chart
          title={t("disk")}
          latest={data ? space(data.disk.used, data.disk.total) : ""}
          times={times}
          series={series.disk}
          format={whole}
          max={100}
        />
        <Chart
          title={t("network")}
          latest={values.length > 1 ? t("bothWays", { received: received ?? "", sent: sent ?? "" }) : ""}
          times={times}
          series={series.network}
          format={bytes}
          least={10_240}
        />
      </div>
    </Panel>
  );
}

function whole(value: number): string {
  return `${Math.round(value)}%`;
}
