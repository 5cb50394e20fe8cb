import { useEffect, useState } from "react";

export interface Samples<S> {
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly values: readonly S[];
}

/** The last `kept` values that came, with their times; they begin anew with another `key`. */
export function useSamples<S>(key: string, value: S | undefined, at: number, kept: number): Samples<S> {
  const [samples, setSamples] = useState<Samples<S> & { key: string }>({ key, times: [], values: [] });
  useEffect(() => {
    if (value === undefined || at === 0) return;
    setSamples((before) => {
      const old = before.key === key ? before : { times: [], values: [] };
      if (old.times.at(-1) === at) return before;
      return { key, times: [...old.times, at].slice(-kept), values: [...old.values, value].slice(-kept) };
    });
  }, [key, value, at, kept]);
  return samples;
}

/** What grew each second between one counter and the next; null at the start and where it was set back. */
export function rates(times: readonly number[], counters: readonly number[]): (number | null)[] {
  return counters.map((counter, place) => {
    const before = counters[place - 1];
    const since = times[place - 1];
    const now = times[place];
    if (before === undefined || since === undefined || now === undefined) return null;
    return counter < before || now <= since ? null : (counter - before) / (now - since);
  });
}
