import { useText } from "@i18n";
import { Facts } from "@shared/Facts";
import { When } from "@shared/When";
import type { Detail } from "./ContainerPage";
import styles from "./Containers.module.css";
import { text } from "./text";

export function Overview({ container }: { container: Detail }) {
  const t = useText(text);
  const { config, state, network } = container;
  return (
    <div className={styles.facts}>
      <Facts
        of={[
          [
            t("id"),
            <span key="id" className="mono">
              {container.id}
            </span>,
          ],
          [t("image"), container.image],
          [
            t("imageId"),
            <span key="image" className="mono">
              {container.image_id}
            </span>,
          ],
          [t("created_at"), <When key="created" at={container.created_at} />],
          [t("started_at"), <When key="started" at={container.started_at} />],
          ...(state.running
            ? []
            : ([[t("finished_at"), <When key="ended" at={container.finished_at} />]] as const)),
          ...(state.running ? [] : ([[t("exit"), String(state.exit_code)]] as const)),
          ...(state.error ? ([[t("error"), state.error]] as const) : []),
          ...(state.oom_killed ? ([[t("oom"), "OOM"]] as const) : []),
          [t("health"), state.health ?? ""],
          [t("restarts"), String(state.restart_count)],
          [t("pid"), state.pid ? String(state.pid) : ""],
          [t("address"), network.ip_address],
          [t("networks"), network.networks.join(", ")],
        ]}
      />
      <Facts
        of={[
          [t("command"), <code key="command">{config.command.join(" ") || "—"}</code>],
          [t("entrypoint"), <code key="entrypoint">{config.entrypoint.join(" ") || "—"}</code>],
          [t("ports"), <Pairs key="ports" of={config.ports} />],
          [t("volumes"), <Pairs key="volumes" of={config.volumes} />],
          [t("environment"), <Pairs key="environment" of={config.environment} />],
          [t("labels"), <Pairs key="labels" of={container.labels} />],
          [t("memory"), config.memory_limit ?? t("unlimited")],
          [t("cpu"), config.cpu_limit ?? t("unlimited")],
          [t("policy"), config.restart_policy],
        ]}
      />
    </div>
  );
}

function Pairs({ of }: { of: Readonly<Record<string, unknown>> }) {
  const pairs = Object.entries(of);
  if (!pairs.length) return "—";
  return (
    <ul className={styles.pairs}>
      {pairs.map(([name, value]) => (
        <li key={name} className="mono">
          {name} = {Array.isArray(value) ? value.join(", ") : String(value ?? "*")}
        </li>
      ))}
    </ul>
  );
}
