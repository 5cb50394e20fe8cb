import { expect, test } from "vitest";
import { differences } from "./differences";

test("texts that are the same have no differences", () => {
  expect(differences("a\nb", "a\nb")).toBe("");
});

test("lines that changed are told with some around them", () => {
  const one = "1\n2\n3\n4\n5\n6\n7\n8\n9\nlast";
  expect(differences(one, one.replace("5", "five").replace("last", "end\nmore"))).toBe(
    " 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n-last\n+end\n+more".replace(" 2", "@@\n 2"),
  );
});

test("what is far apart is parted", () => {
  const many = Array.from({ length: 30 }, (_, n) => String(n));
  const told = differences(many.join("\n"), many.with(0, "x").with(29, "y").join("\n"));
  expect(told).toBe("-0\n+x\n 1\n 2\n 3\n@@\n 26\n 27\n 28\n-29\n+y");
});

test("texts too long to search are told whole", () => {
  const long = "x\n".repeat(3000);
  expect(differences(long, `${long}y`).split("\n")).toHaveLength(6002);
});
