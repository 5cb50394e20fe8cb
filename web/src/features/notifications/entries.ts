/** `key=value` lines as labels. */
export function labels(typed: string): Record<string, string> {
  const pairs = lines(typed).map((line) => {
    const place = line.indexOf("=");
    return place < 0 ? [line, ""] : [line.slice(0, place).trim(), line.slice(place + 1).trim()];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

export function typedLabels(found: Readonly<Record<string, string>>): string {
  return Object.entries(found)
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");
}

export function lines(typed: string): string[] {
  return typed
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}
