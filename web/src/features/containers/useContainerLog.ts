import { asFault } from "@api/fault";
import { frames } from "@api/ndjson";
import { LineBuffer, lineOf, note } from "@shared/log/LineBuffer";
import type { Feed } from "@shared/log/LogView";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

interface Frame {
  readonly type: "log" | "gap" | "status" | "end" | "error";
  readonly timestamp?: string;
  readonly stream?: "stdout" | "stderr";
  readonly data?: string;
  readonly status?: string;
}

interface Words {
  readonly gap: string;
  readonly ended: string;
  readonly turned: (status: string) => string;
}

const TAIL = 1000;
const TAIL_SINCE = 10_000;
/** The screen is drawn anew so often at most: reading needs no more, and typing needs the time. */
const DRAW_MS = 60;
const RETRY_MS = 1500;

/** The log of a container as it grows; a cut stream goes on after the last line that came. */
export function useContainerLog(container: string, words: Words) {
  const listeners = useRef(new Set<(left: number) => void>());
  const buffer = useMemo(() => new LineBuffer(), []);
  const [since, setSince] = useState<string>();
  const [attempt, setAttempt] = useState(0);
  const [error, setError] = useState<unknown>();
  const latest = useRef(words);
  latest.current = words;

  // biome-ignore lint/correctness/useExhaustiveDependencies: an attempt is one more run of the same
  useEffect(() => {
    const ended = new AbortController();
    let left = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      timer = undefined;
      for (const changed of listeners.current) changed(left);
      left = 0;
    };
    const take = (batch: readonly Frame[]) => {
      left += buffer.append(batch.map((frame) => shown(frame, latest.current)));
      timer ??= setTimeout(draw, DRAW_MS);
    };
    buffer.clear();
    setError(undefined);
    draw();
    void read(container, since, take, setError, ended.signal);
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [container, buffer, since, attempt]);

  const feed = useMemo<Feed>(
    () => ({
      buffer,
      listen: (changed) => {
        listeners.current.add(changed);
        return () => listeners.current.delete(changed);
      },
    }),
    [buffer],
  );
  const restart = useCallback((moment?: string) => {
    if (moment) setSince(moment);
    setAttempt((count) => count + 1);
  }, []);
  return { feed, error, restart };
}

/** Read until the log ends; where the connection is lost, go on from the last line's time. */
async function read(
  container: string,
  since: string | undefined,
  take: (batch: readonly Frame[]) => void,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  let from = since;
  /** The lines that came with the time of the last: they come again when it is asked for. */
  let known = new Set<string>();
  while (!signal.aborted) {
    try {
      for await (const batch of frames<Frame>(addressOf(container, from, since !== undefined), signal)) {
        const fresh = batch.filter((frame) => frame.type !== "log" || !known.has(keyOf(frame)));
        for (const frame of fresh) {
          if (frame.type === "end") {
            take(fresh);
            return;
          }
          if (!frame.timestamp) continue;
          if (frame.timestamp !== from) known = new Set();
          from = frame.timestamp;
          known.add(keyOf(frame));
        }
        failed(undefined);
        if (fresh.length) take(fresh);
      }
    } catch (error) {
      if (signal.aborted) return;
      failed(error);
      if (!asFault(error).retryable) return;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function addressOf(container: string, from: string | undefined, fromMoment: boolean): string {
  const query = new URLSearchParams({ follow: "true", tail: String(fromMoment ? TAIL_SINCE : TAIL) });
  if (from) query.set("since", from);
  return `/api/v1/containers/${encodeURIComponent(container)}/logs?${query}`;
}

function keyOf(frame: Frame): string {
  return `${frame.timestamp}${frame.stream}${frame.data}`;
}

function shown(frame: Frame, words: Words) {
  switch (frame.type) {
    case "log":
      return lineOf(frame.timestamp ?? "", frame.data ?? "", frame.stream === "stderr");
    case "gap":
    case "error":
      return note(words.gap);
    case "status":
      return note(words.turned(frame.status ?? ""));
    case "end":
      return note(words.ended);
  }
}
