import type { ReactNode } from "react";
import styles from "./PageHeader.module.css";

/** The line of filters above a list. */
export function Filters({ children }: { children: ReactNode }) {
  return <search className={styles.filters}>{children}</search>;
}
