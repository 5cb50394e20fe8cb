import { QueryClient } from "@tanstack/react-query";
import { asFault } from "./fault";

const ATTEMPTS = 3;
const LONGEST_WAIT_MS = 30_000;

/** Asked again is what may succeed later, not before the server says; the rest is shown at once. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => {
        const fault = asFault(error);
        return fault.retryable && fault.status !== 429 && failures < ATTEMPTS;
      },
      retryDelay: (failures, error) => {
        const wait = asFault(error).retryAfter;
        return Math.min(wait === undefined ? 500 * 2 ** failures : wait * 1000, LONGEST_WAIT_MS);
      },
    },
  },
});
