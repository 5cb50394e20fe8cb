import { type ReactNode, useEffect } from "react";
import styles from "./PageHeader.module.css";

/** A page's heading, which is the tab's title too, and what can be done on the page. */
export function PageHeader({
  title,
  note,
  children,
}: {
  title: string;
  note?: ReactNode;
  children?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · EulerMaker`;
  }, [title]);
  return (
    <div className={styles.header}>
      <h1 className={styles.title}>{title}</h1>
      <div className={styles.note}>{note}</div>
      <div className={styles.actions}>{children}</div>
    </div>
  );
}
