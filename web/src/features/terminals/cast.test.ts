import { expect, test } from "vitest";
import { cast } from "./cast";

test("long pauses are shortened, order and sizes are kept", () => {
  const file = '{"version":2,"width":100,"height":30}\n[0.5,"o","a"]\n[60.5,"o","b"]\n[61,"r","80x24"]\n';
  expect(cast(file)).toEqual({
    cols: 100,
    rows: 30,
    events: [
      [0.5, "o", "a"],
      [2.5, "o", "b"],
      [3, "r", "80x24"],
    ],
    seconds: 3,
  });
});
