import { useText } from "@i18n";
import { useSyncExternalStore } from "react";
import { moment } from "./format";
import { text } from "./text";

/** How long ago something was; the moment itself is its title. */
export function When({ at }: { at: string | null | undefined }) {
  const t = useText(text);
  const now = useSyncExternalStore(everyTick, tick);
  if (!at) return <span className="muted">{t("never")}</span>;
  const seconds = Math.max(0, Math.round((now - new Date(at).getTime()) / 1000));
  return (
    <time dateTime={at} title={moment(at)}>
      {seconds < 5
        ? t("justNow")
        : seconds < 60
          ? t("secondsAgo", { n: seconds })
          : seconds < 3600
            ? t("minutesAgo", { n: Math.floor(seconds / 60) })
            : seconds < 172_800
              ? t("hoursAgo", { n: Math.floor(seconds / 3600) })
              : t("daysAgo", { n: Math.floor(seconds / 86_400) })}
    </time>
  );
}

/** One clock for all of them. */
const TICK_MS = 5000;
const listeners = new Set<() => void>();
let current = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): number {
  return current;
}

function everyTick(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    current = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    clearInterval(timer);
    timer = undefined;
  };
}
