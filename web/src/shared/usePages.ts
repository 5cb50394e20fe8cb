import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useCallback, useState } from "react";

/** Rows asked for at once: what the API gives at most. */
const PAGE = 200;
/** Events say what has changed; this is for what they may have missed. */
const LOOK_AGAIN_MS = 30_000;

export interface Part<R> {
  readonly rows: readonly R[];
  readonly total: number;
}

export interface Pages<R> {
  readonly total: number;
  /** The row at that place of the whole list; undefined while it is on the way. */
  readonly at: (index: number) => R | undefined;
  /** The rows at hand. */
  readonly loaded: readonly R[];
  /** Say which rows are in sight. */
  readonly show: (first: number, last: number) => void;
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** A list of any length, of which only the pages in sight are asked for, and kept fresh. */
export function usePages<R>(
  key: readonly unknown[],
  fetch: (page: { limit: number; offset: number }, signal: AbortSignal) => Promise<Part<R>>,
): Pages<R> {
  const [[first, last], setRange] = useState<readonly [number, number]>([0, 0]);
  const wanted = Array.from({ length: last - first + 1 }, (_, place) => first + place);
  const found = useQueries({
    queries: wanted.map((page) => ({
      queryKey: [...key, page],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetch({ limit: PAGE, offset: page * PAGE }, signal),
      placeholderData: keepPreviousData,
      refetchInterval: LOOK_AGAIN_MS,
    })),
  });
  const known = new Map(wanted.map((page, place) => [page, found[place]]));
  const show = useCallback((from: number, to: number) => {
    const next = [Math.floor(from / PAGE), Math.floor(Math.max(from, to) / PAGE)] as const;
    setRange((before) => (before[0] === next[0] && before[1] === next[1] ? before : next));
  }, []);
  return {
    total: found.find((page) => page.data)?.data?.total ?? 0,
    at: (index) => known.get(Math.floor(index / PAGE))?.data?.rows[index % PAGE],
    loaded: found.flatMap((page) => page.data?.rows ?? []),
    show,
    isPending: found.every((page) => page.isPending),
    error: found.find((page) => page.error)?.error ?? null,
    retry: () => {
      for (const page of found) void page.refetch();
    },
  };
}
