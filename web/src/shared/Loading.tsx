import { useText } from "@i18n";
import { Spin } from "antd";
import styles from "./Nothing.module.css";
import { text } from "./text";

/** While a page or its first data is on the way. */
export function Loading() {
  const t = useText(text);
  return (
    <div className={styles.nothing} role="status">
      <Spin delay={150} />
      <span className="hidden-text">{t("loading")}</span>
    </div>
  );
}
