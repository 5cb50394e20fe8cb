import { authorized } from "./client";

/** The frames of an NDJSON stream as they arrive, in batches; ends with the stream. Raises an ApiFault. */
export async function* frames<T>(url: string, signal: AbortSignal): AsyncGenerator<T[]> {
  const response = await authorized(url, { signal, headers: { Accept: "application/x-ndjson" } });
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      const whole = lines.filter(Boolean);
      if (whole.length) yield JSON.parse(`[${whole.join(",")}]`) as T[];
    }
  } finally {
    // A reader that leaves early must end the request too.
    reader.cancel().catch(() => undefined);
  }
}
