/** CBOR data items as they are written: the examples of RFC 8949, and the borders between the lengths of heads. */
import { expect, test } from "vitest";
import { toHex } from "../src/bytes.js";
import { fromCbor, i64, toCbor } from "../src/wire/cbor.js";
import { written, type Plain } from "../src/wire/items.js";

test("the examples of RFC 8949 are written as they stand there", () => {
  const examples: readonly (readonly [Plain, string])[] = [
    [0, "00"],
    [23, "17"],
    [24, "1818"],
    [100, "1864"],
    [1000, "1903e8"],
    [1000000, "1a000f4240"],
    [1000000000000, "1b000000e8d4a51000"],
    [-1, "20"],
    [-10, "29"],
    [-100, "3863"],
    [-1000, "3903e7"],
    [false, "f4"],
    [true, "f5"],
    [null, "f6"],
    [new Uint8Array(), "40"],
    [Uint8Array.of(1, 2, 3, 4), "4401020304"],
    ["", "60"],
    ["IETF", "6449455446"],
    ["\u00fc", "62c3bc"],
    ["\ud800\udd51", "64f0908591"],
    [[], "80"],
    [[1, [2, 3], [4, 5]], "8301820203820405"],
    [new Map<Plain, Plain>([["a", 1], ["b", [2, 3]]]), "a26161016162820203"],
  ];
  for (const [value, bytes] of examples) expect(toHex(written(value))).toBe(bytes);
});

test("numbers come back on both sides of every border", () => {
  for (const border of [24, 2 ** 8, 2 ** 16, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    for (const number of [border - 1, border, -border, 1 - border, -1 - border]) {
      if (Number.isSafeInteger(number)) expect(fromCbor(i64, toCbor(i64, number))).toBe(number);
    }
  }
  for (const number of [0.5, 2 ** 53, NaN, Infinity]) expect(() => written(number)).toThrow(RangeError);
});

test("what is longer than the first piece of memory is written whole", () => {
  const long = Array.from({ length: 300 }, (_, at) => `${at} ${"é".repeat(at)}`);
  const text = new TextDecoder();
  const bytes = written(long);
  for (const part of long) expect(text.decode(bytes)).toContain(part);
  expect(written([new Uint8Array(70_000).fill(7)]).length).toBe(1 + 5 + 70_000);
});
