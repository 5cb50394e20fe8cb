import { expect, test } from "vitest";
import { LineBuffer, lineOf } from "./LineBuffer";

function filled(count: number, buffer = new LineBuffer(100)): LineBuffer {
  for (let n = 0; n < count; n += 1) buffer.append([lineOf(`t${String(n).padStart(6, "0")}`, `line ${n}`)]);
  return buffer;
}

const textAt = (buffer: LineBuffer, index: number) => {
  const row = buffer.row(index);
  return row?.line.text.slice(row.from, row.to);
};

test("the last lines are kept, and rows count from the oldest of them", () => {
  const buffer = filled(20_250);
  expect([buffer.length, buffer.rows, buffer.received]).toEqual([100, 100, 20_250]);
  expect([textAt(buffer, 0), textAt(buffer, 99), textAt(buffer, 100)]).toEqual([
    "line 20150",
    "line 20249",
    undefined,
  ]);
});

test("append tells how many rows have left at the top", () => {
  const buffer = filled(99);
  expect(buffer.append([lineOf("", "a"), lineOf("", "b"), lineOf("", "c")])).toBe(2);
});

test("wrapped lines take several rows, whose parts are the line", () => {
  const buffer = new LineBuffer();
  buffer.append([lineOf("", "x".repeat(25)), lineOf("", "短".repeat(12)), lineOf("", "end")]);
  buffer.arrange(undefined, 10);
  expect(buffer.rows).toBe(3 + 3 + 1);
  expect([0, 1, 2].map((n) => textAt(buffer, n)?.length)).toEqual([10, 10, 5]);
  expect([3, 4, 5].map((n) => textAt(buffer, n))).toEqual(["短短短短短", "短短短短短", "短短"]);
  expect(textAt(buffer, 6)).toBe("end");
});

test("a filter shows what matches, also of what comes and what is dropped", () => {
  const buffer = filled(100);
  buffer.arrange((line) => line.text.endsWith("0"), Number.POSITIVE_INFINITY);
  expect(buffer.rows).toBe(10);
  expect(filled(100, buffer).rows).toBe(10);
  expect(textAt(buffer, 1)).toBe("line 10");
});

test("a moment finds its row", () => {
  const buffer = filled(150);
  expect([buffer.rowAt("t000070"), buffer.rowAt("t000000"), buffer.rowAt("u")]).toEqual([20, 0, 100]);
});

test("escape sequences are left out, and levels are found", () => {
  expect(lineOf("", "\u001b[31mERROR\u001b[0m no").text).toBe("ERROR no");
  expect(
    ["2026 ERROR x", "[warning] y", "level=debug z", "no errors here"].map((text) => lineOf("", text).level),
  ).toEqual(["error", "warn", "debug", "plain"]);
});
