const PAUSES_MS = [300, 1000, 3000] as const;

/** Loads a page's code; what a change of network has dropped is asked for again. */
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await load();
    } catch {
      // The last attempt, below, is the one whose failure is shown.
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return load();
}
