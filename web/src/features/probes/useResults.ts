import { LastingSocket } from "@api/sockets";
import { useEffect, useState } from "react";
import type { State } from "./states";

/** A check that was just stored, as `/ws/probes/notifications` tells it. */
export interface Result {
  readonly type: "probe_result";
  readonly probe_id: string;
  readonly status: State;
  readonly state: State;
  readonly timestamp: string;
  readonly response_time: number;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The latest result of one probe, or with an empty id of any; more come many times a second. */
export function useResults(probe: string): Result | undefined {
  const [latest, setLatest] = useState<Result>();
  useEffect(() => {
    const query = probe ? `?probe_id=${encodeURIComponent(probe)}` : "";
    const socket = new LastingSocket({
      address: () => `/ws/probes/notifications${query}`,
      message: (data) => {
        const frame = JSON.parse(String(data)) as { type: string };
        if (frame.type === "probe_result") setLatest(frame as Result);
      },
    });
    return () => socket.close();
  }, [probe]);
  return latest;
}
