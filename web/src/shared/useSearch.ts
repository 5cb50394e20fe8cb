import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** What the page is filtered by lives in its address, so that it can be kept, sent and gone back to. */
export function useSearch<K extends string>(keys: readonly K[]) {
  const [found, setFound] = useSearchParams();
  const values = Object.fromEntries(keys.map((key) => [key, found.get(key) ?? ""])) as Record<K, string>;
  const change = useCallback(
    (changes: Partial<Record<K, string>>) => {
      setFound(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [key, value] of Object.entries<string | undefined>(changes)) {
            if (value) after.set(key, value);
            else after.delete(key);
          }
          return after;
        },
        { replace: true },
      );
    },
    [setFound],
  );
  return [values, change] as const;
}
