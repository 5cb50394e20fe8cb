import { useText } from "@i18n";
import { moment } from "@shared/format";
import styles from "./Probes.module.css";
import { STATES, type State } from "./states";
import { text } from "./text";

export interface Mark {
  readonly at: string;
  readonly state: State;
}

/** States in a row, oldest first, as a strip to look at and in words to read. */
export function Strip({ marks, label }: { marks: readonly Mark[]; label: string }) {
  const t = useText(text);
  const failures = marks.filter(({ state }) => state === "failure").length;
  return (
    <div
      className={styles.strip}
      role="img"
      aria-label={`${label}: ${t("failure")} ${failures} / ${marks.length}`}
    >
      {marks.map(({ at, state }) => (
        <i key={at} data-state={state} title={`${moment(at)} ${t(STATES[state][1])}`} />
      ))}
    </div>
  );
}
