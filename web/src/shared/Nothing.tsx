import type { ReactNode } from "react";
import styles from "./Nothing.module.css";

/** Where there is nothing to show: what that means, and what to do about it. */
export function Nothing({ title, hint, children }: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <div className={styles.nothing}>
      <strong>{title}</strong>
      {hint ? <p>{hint}</p> : null}
      {children}
    </div>
  );
}
