import { type EngineEvent, useEvents } from "@api/events";
import { useText } from "@i18n";
import { When } from "@shared/When";
import { Link } from "react-router";
import styles from "./Overview.module.css";
import { Panel } from "./Panel";
import { text } from "./text";

const SHOWN = 12;

/** What happened on the engine last, as it happens. */
export function Happenings() {
  const t = useText(text);
  const events = useEvents();
  return (
    <Panel title={t("events")}>
      {events.length === 0 ? <span className="muted">{t("noEvents")}</span> : null}
      <ul className={styles.list}>
        {events.slice(0, SHOWN).map((event) => (
          <li key={event.seq}>
            <span className={styles.event}>{event.event ?? ""}</span>
            <span className={styles.grow}>{event.type === "gap" ? t("gap") : <Subject event={event} />}</span>
            <span className={styles.when}>
              <When at={event.timestamp} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Subject({ event }: { event: EngineEvent }) {
  const name = event.details?.name || event.image_id || event.network_id || "";
  if (event.type !== "container_event" || event.event === "destroy") return name;
  return <Link to={`/containers/${event.container_id}`}>{name}</Link>;
}
