import { useText } from "@i18n";
import { PageHeader } from "@shared/PageHeader";
import { Builds, Probes, Running } from "./Activity";
import { Components } from "./Components";
import { Happenings } from "./Happenings";
import { Host } from "./Host";
import styles from "./Overview.module.css";
import { text } from "./text";

/** What an operator wants to see at a glance. */
export default function OverviewPage() {
  const t = useText(text);
  return (
    <>
      <PageHeader title={t("title")} />
      <Components />
      <Host />
      <div className={styles.columns}>
        <div>
          <Running />
          <Builds />
          <Probes />
        </div>
        <Happenings />
      </div>
    </>
  );
}
