import { expect, test } from "vitest";
import { rates } from "./useSamples";

test("counters become rates; a counter that was set back tells nothing", () => {
  expect(rates([10, 12, 13, 14], [100, 300, 50, 60])).toEqual([null, 100, null, 10]);
});
