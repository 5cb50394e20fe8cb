import { answer, api, type Schemas } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { Status, type Tone } from "@shared/Status";
import { useQuery } from "@tanstack/react-query";
import styles from "./Overview.module.css";
import { Panel } from "./Panel";
import { text } from "./text";

type Health = Schemas["ComponentHealth"]["status"];

const TONES: Readonly<Record<Health, Tone>> = {
  healthy: "good",
  degraded: "warn",
  unhealthy: "bad",
  disabled: "idle",
};
const PERIOD_MS = 10_000;

/** The health of each component, in one line. */
export function Components() {
  const t = useText(text);
  const { data, error, refetch } = useQuery({
    queryKey: ["system", "health"],
    queryFn: health,
    refetchInterval: PERIOD_MS,
  });
  return (
    <Panel
      title={t("health")}
      note={data ? <Status tone={TONES[data.status]}>{t(data.status)}</Status> : null}
    >
      {error ? <FaultView error={error} retry={() => void refetch()} stale={data !== undefined} /> : null}
      <ul className={styles.components}>
        {Object.entries(data?.checks ?? {}).map(([name, check]) => (
          <li key={name} title={check.message}>
            <span>{name}</span>
            <Status tone={TONES[check.status]}>{t(check.status)}</Status>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Health answers 503 with the same body when a required component is down: that is no fault of the answer. */
async function health(): Promise<Schemas["SystemHealth"]> {
  const response = await fetch("/api/v1/system/health").catch((error: unknown) => {
    throw asFault(error);
  });
  const told = (await response.json().catch(() => undefined)) as
    | { data?: Schemas["SystemHealth"] }
    | undefined;
  if (told?.data?.checks) return told.data;
  return answer(api.GET("/api/v1/system/health"));
}
