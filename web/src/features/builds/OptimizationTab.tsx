import { useText } from "@i18n";
import { Nothing } from "@shared/Nothing";
import styles from "./Builds.module.css";
import { Diff } from "./Diff";
import type { Build } from "./state";
import { text } from "./text";

/** What was done to make the build cheaper, and why. */
export function OptimizationTab({ build }: { build: Build }) {
  const t = useText(text);
  const told = build.optimization;
  if (told === null) return <Nothing title={t("notYetOptimized")} />;
  return (
    <>
      {told.fallback ? (
        <p className={styles.note}>
          {t("fallback")}：{told.fallback.reason}
        </p>
      ) : null}
      {told.applied.length === 0 ? <Nothing title={t("asWritten")} /> : null}
      {told.applied.length > 0 ? (
        <>
          <h2 className={styles.heading}>{t("applied")}</h2>
          <table className={styles.compared}>
            <thead>
              <tr>
                <th>{t("line")}</th>
                <th>{t("rule")}</th>
                <th>{t("reason")}</th>
              </tr>
            </thead>
            <tbody>
              {told.applied.map((each) => (
                <tr key={`${each.rule} ${each.line}`}>
                  <td>{each.line}</td>
                  <td className="mono">{each.rule}</td>
                  <td>{each.reason}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      ) : null}
      {told.diff ? (
        <>
          <h2 className={styles.heading}>{t("diff")}</h2>
          <Diff diff={told.diff} label={t("diff")} />
        </>
      ) : null}
    </>
  );
}
