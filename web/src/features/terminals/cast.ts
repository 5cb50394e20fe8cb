/** A recording: asciicast v2. */
export interface Cast {
  readonly cols: number;
  readonly rows: number;
  /** Seconds from the start, and what was printed then or the size that the terminal took. */
  readonly events: readonly CastEvent[];
  readonly seconds: number;
}

export type CastEvent = readonly [at: number, kind: string, data: string];

/** Pauses longer than this are shortened: nobody watches a lunch break. */
const LONGEST_PAUSE = 2;

export function cast(file: string): Cast {
  const [head = "{}", ...lines] = file.split("\n").filter(Boolean);
  const { width = 80, height = 24 } = JSON.parse(head) as { width?: number; height?: number };
  const events: CastEvent[] = [];
  let before = 0;
  let at = 0;
  for (const line of lines) {
    const [time, kind, data] = JSON.parse(line) as [number, string, string];
    at += Math.min(Math.max(0, time - before), LONGEST_PAUSE);
    before = time;
    events.push([at, kind, data]);
  }
  return { cols: width, rows: height, events, seconds: at };
}
