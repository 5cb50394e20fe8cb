import { expect, test } from "vitest";
import { acknowledgement, input, output } from "./wire";

test("output tells its bytes and where they end", () => {
  const frame = new Uint8Array([1, 0, 0, 0, 0, 0, 1, 0, 2, 0xe4, 0xbd, 0xa0]);
  expect(output(frame.buffer)).toEqual({ seq: 65_538n, data: new Uint8Array([0xe4, 0xbd, 0xa0]) });
  expect(output(new Uint8Array([2, 0]).buffer)).toBeUndefined();
});

test("what is typed travels as UTF-8", () => {
  expect([...input("你\r")]).toEqual([2, 0xe4, 0xbd, 0xa0, 13]);
});

test("an acknowledgement has eight bytes of number", () => {
  expect([...acknowledgement(65_538n)]).toEqual([3, 0, 0, 0, 0, 0, 1, 0, 2]);
});
