// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";

vi.stubGlobal("localStorage", { getItem: () => "zh", setItem: () => undefined });
vi.stubGlobal("document", { documentElement: { lang: "" } });

const SOURCES = join(import.meta.dirname, "..");
const texts = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith("text.ts"),
);

describe.each(texts)("%s", async (file) => {
  const { text } = (await import(join(SOURCES, file))) as {
    text: Record<string, { zh: string; en: string }>;
  };

  test("says the same facts in both languages, and Chinese in Chinese", () => {
    for (const [key, { zh, en }] of Object.entries(text)) {
      expect(facts(en), key).toEqual(facts(zh));
      expect(zh.trim() && en.trim(), key).toBeTruthy();
      expect(/\p{Script=Han}/u.test(en), `${key} in English`).toBe(key === "language");
    }
  });

  test("has no sentence that nobody says", () => {
    const folder = join(SOURCES, file, "..");
    const users = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && name !== file)
      .map((name) => readFileSync(join(SOURCES, name), "utf8"))
      .join("\n");
    for (const key of Object.keys(text)) {
      const said = new RegExp(`["'\`.]${key}\\b|\\b${key}: `).test(users);
      expect(said, `${key} of ${folder}`).toBe(true);
    }
  });
});

function facts(sentence: string): string[] {
  return [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();
}
