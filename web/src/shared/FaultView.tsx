import { CopyOutlined, ReloadOutlined } from "@ant-design/icons";
import { type ApiFault, asFault, NOT_OURS, UNREACHABLE } from "@api/fault";
import { useText } from "@i18n";
import { Button } from "antd";
import { useEffect, useState } from "react";
import { useCopy } from "./copy";
import styles from "./FaultView.module.css";
import { text } from "./text";

interface Properties {
  error: unknown;
  retry?: () => void;
  /** Older data is shown below it. */
  stale?: boolean;
}

/** What went wrong and what to do, with the code and the request's id to copy. */
export function FaultView({ error, retry, stale = false }: Properties) {
  const t = useText(text);
  const copy = useCopy();
  const fault = asFault(error);
  const left = useCountdown(fault);
  const sentence = useSentence(fault);
  const report = `${sentence}\n${fault.code} (HTTP ${fault.status}) ${fault.requestId} ${new Date().toISOString()}`;
  return (
    <div className={styles.fault} role="alert">
      <div className={styles.sentence}>
        {sentence}
        {stale ? <span className="muted"> {t("stale")}</span> : null}
      </div>
      <dl className={styles.facts}>
        <dt>{t("code")}</dt>
        <dd className="mono">{fault.code}</dd>
        {fault.requestId ? (
          <>
            <dt>{t("request")}</dt>
            <dd className="mono">{fault.requestId}</dd>
          </>
        ) : null}
        <Button size="small" type="text" icon={<CopyOutlined />} onClick={() => void copy(report)}>
          {t("copyReport")}
        </Button>
        {retry ? (
          <Button size="small" icon={<ReloadOutlined />} disabled={left > 0} onClick={retry}>
            {left > 0 ? t("retryIn", { seconds: left }) : t("retry")}
          </Button>
        ) : null}
      </dl>
    </div>
  );
}

/** The server's own sentence; ours where there is none. */
export function useSentence(fault: ApiFault): string {
  const t = useText(text);
  if (fault.code === UNREACHABLE) return t("unreachable");
  if (fault.code === NOT_OURS) return `${t("unexpected")} (HTTP ${fault.status})`;
  return fault.message;
}

/** The seconds until the server wants to be asked again. */
export function useCountdown(fault: ApiFault | undefined): number {
  const [left, setLeft] = useState(fault?.retryAfter ?? 0);
  useEffect(() => {
    const until = Date.now() + (fault?.retryAfter ?? 0) * 1000;
    const look = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
    look();
    const timer = setInterval(look, 500);
    return () => clearInterval(timer);
  }, [fault]);
  return left;
}
