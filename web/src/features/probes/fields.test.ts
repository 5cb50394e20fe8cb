import { expect, test } from "vitest";
import { FIELDS, type Field, timing, told, typedFor } from "./fields";

function field(input: Field["input"], more: Partial<Field> = {}): Field {
  return { name: "f", label: "name", input, ...more };
}

test("what is left empty, or at its default, is not sent", () => {
  expect(told(field("text"), "")).toBeUndefined();
  expect(told(field("number"), null)).toBeUndefined();
  expect(told(field("switch", { fallback: true }), true)).toBeUndefined();
  expect(told(field("switch", { fallback: true }), false)).toBe(false);
});

test.each<[Field["input"], string, unknown]>([
  ["lines", "/bin/sh\n-c\ntrue && false\n", ["/bin/sh", "-c", "true && false"]],
  ["pairs", "Accept: text/html\nX-At: 12:30", { Accept: "text/html", "X-At": "12:30" }],
  ["numbers", "cpu=80\nmemory = 50", { cpu: 80, memory: 50 }],
  ["status", "200-299, 404", ["200-299", "404"]],
  ["status", "204", "204"],
])("%s are read and written back", (input, typed, value) => {
  expect(told(field(input), typed)).toEqual(value);
  expect(told(field(input), typedFor(field(input), value))).toEqual(value);
});

test("a bound of the API is its most", () => {
  expect(typedFor(field("numbers"), { cpu: { min: null, max: 80 } })).toBe("cpu=80");
});

test("every type has an interval, and only what checks has a time limit", () => {
  for (const type of Object.keys(FIELDS) as (keyof typeof FIELDS)[]) {
    const names = timing(type).map(({ name }) => name);
    expect(names).toContain("interval");
    expect(names.includes("timeout")).toBe(type !== "push");
  }
});
