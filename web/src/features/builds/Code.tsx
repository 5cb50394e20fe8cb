import type { ReactNode } from "react";
import styles from "./Builds.module.css";

/** Text as it is written, in a box that scrolls. */
export function Code({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section className={styles.code} aria-label={label} tabIndex={0}>
      <pre>{children}</pre>
    </section>
  );
}
