import { expect, test } from "vitest";
import { bytes, clock, percent } from "./format";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [1024 ** 3 * 200, "200 GiB"],
])("%d bytes are %s", (count, shown) => expect(bytes(count)).toBe(shown));

test.each([
  [5, "0:05"],
  [65.9, "1:05"],
  [3725, "1:02:05"],
])("%d seconds are %s", (seconds, shown) => expect(clock(seconds)).toBe(shown));

test("a percentage has one digit", () => expect(percent(99.96)).toBe("100.0%"));
