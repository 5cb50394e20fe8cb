import { type ReactNode, useId } from "react";
import styles from "./Overview.module.css";

/** One titled part of the page. */
export function Panel({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  const heading = useId();
  return (
    <section className={styles.panel} aria-labelledby={heading}>
      <header className={styles.panelHeader}>
        <h2 id={heading}>{title}</h2>
        <span className="muted">{note}</span>
      </header>
      {children}
    </section>
  );
}
