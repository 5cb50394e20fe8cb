import { useText } from "@i18n";
import { LogView } from "@shared/log/LogView";
import { Button } from "antd";
import { useEffect, useReducer, useState } from "react";
import styles from "./Builds.module.css";
import { BuildLog, type Step } from "./buildLog";
import { type Build, isState, STATES } from "./state";
import { text } from "./text";

/** The live log, beside the steps that it can be narrowed to. */
export function BuildLogTab({ build, ended }: { build: Build; ended: () => void }) {
  const t = useText(text);
  const log = useBuildLog(build.id, ended);
  const [chosen, setChosen] = useState<string>();
  if (log === undefined) return null;
  const choose = (step: string | undefined) => {
    setChosen(step);
    log.choose(step);
  };
  const steps = [...log.steps.values()];
  const failed = build.status === "failed" ? steps.findLast((step) => step.seconds === undefined) : undefined;
  return (
    <div className={styles.split}>
      <ol className={styles.steps} aria-label={t("steps")}>
        <li>
          <button
            type="button"
            className={styles.step}
            aria-pressed={chosen === undefined}
            onClick={() => choose(undefined)}
          >
            {t("allSteps")}
          </button>
        </li>
        {steps.map((step) => (
          <li key={step.key}>
            <button
              type="button"
              className={styles.step}
              aria-pressed={chosen === step.key}
              data-open={step.seconds === undefined}
              data-failed={step === failed}
              onClick={() => choose(step.key)}
            >
              <span>{step.title}</span>
              <span className="muted">{took(step, t("cached"))}</span>
              <span className={styles.instruction} title={step.instruction}>
                {step.instruction}
              </span>
            </button>
          </li>
        ))}
      </ol>
      <LogView feed={log} name={build.id}>
        {failed ? (
          <Button danger onClick={() => choose(failed.key)}>
            {t("jumpToError")}
          </Button>
        ) : null}
        {log.connected ? null : <span role="status">{t("reconnecting")}</span>}
      </LogView>
    </div>
  );
}

function took(step: Step, cached: string): string {
  if (step.cached) return cached;
  return step.seconds === undefined ? "" : `${step.seconds.toFixed(1)} s`;
}

function useBuildLog(build: string, ended: () => void): BuildLog | undefined {
  const t = useText(text);
  const [log, setLog] = useState<BuildLog>();
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const made = new BuildLog(build, (status) => {
      return t("logEnd", { status: isState(status) ? t(STATES[status][1]) : status });
    });
    setLog(made);
    let told = false;
    const leave = made.listen(() => {
      if (made.status !== undefined && !told) {
        told = true;
        ended();
      }
      redraw();
    });
    return () => {
      leave();
      made.close();
    };
  }, [build, ended, t]);
  return log;
}
