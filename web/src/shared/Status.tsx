import styles from "./Status.module.css";

export type Tone = "good" | "warn" | "bad" | "idle" | "busy";

/** A state in words; the colour says nothing that the word does not. */
export function Status({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={styles.status} data-tone={tone}>
      {children}
    </span>
  );
}
