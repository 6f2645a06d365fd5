/** What a locked phone sends and reads: the same requests and the same fates as the Rust crate's, from the same rows. */
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { fromHex, toHex } from "../src/bytes.js";
import { Locked, Stopped } from "../src/device/index.js";
import type { SealedFate } from "../src/device/index.js";
import { ActorPrefix } from "../src/ids.js";
import { toCbor, unframe } from "../src/wire/codec.js";
import { CourierPart } from "../src/wire/courier.js";
import { keyOf } from "./traces.js";

interface First {
  readonly lease: string;
  readonly hub: string;
  readonly rows: readonly (readonly [string, string])[];
}

interface Exchanged {
  readonly budget: number;
  readonly request: string;
  readonly answer: string;
  readonly left: number;
}

/** What stands there was written by a test of ours, so its shape is taken as said. */
function lines<T>(from: number, to?: number, name = "pieces"): T[] {
  const text = readFileSync(new URL(`../../vectors/locked/${name}.jsonl`, import.meta.url), "utf8");
  return text.trimEnd().split("\n").slice(from, to).map((line): T => JSON.parse(line));
}

function opened(name = "pieces"): Locked {
  const [first] = lines<First>(0, 1, name);
  if (first === undefined) throw new Error("the trace is empty");
  const rows = first.rows.map(([key, bytes]): [number, Uint8Array] => {
    const found = keyOf(key);
    if (found.is !== "sealed") throw new Error("a row of another table");
    return [found.number, fromHex(bytes)];
  });
  return new Locked(ActorPrefix.parse(first.lease), fromHex(first.hub), rows.reverse());
}

/** As Rust's JSON has it. */
function shown(fate: SealedFate): unknown {
  if (fate.is === "kept") return { Kept: { position: fate.position } };
  return fate.is === "waits" ? "Waits" : { Refused: { code: fate.code, sentence: fate.sentence } };
}

test("it sends and reads what the recorded one does", () => {
  const locked = opened();
  for (const { budget, request, answer, left } of lines<Exchanged>(1, -1)) {
    const sent = locked.request(budget);
    expect(sent === null ? null : toHex(unframe("exchangeRequest", sent))).toBe(request);
    locked.answer(fromHex(answer));
    expect(locked.left).toBe(left);
  }
  expect(locked.request(1_500)).toBeNull();
  const fates = locked.fates().map(([counter, fate]) => [counter, shown(fate)]);
  expect({ fates, damaged: locked.damaged(), copied: locked.copied() }).toEqual(lines(-1)[0]);
});

test("an answer that is damaged or about something else changes nothing", () => {
  const locked = opened();
  const before = locked.left;
  const [first] = lines<Exchanged>(1, 2);
  if (first === undefined) throw new Error("the trace has no exchange");
  expect(() => {
    locked.answer(fromHex(first.answer));
  }).toThrow(Stopped);
  locked.request(first.budget);
  expect(() => {
    locked.answer(fromHex(first.answer).slice(0, -1));
  }).toThrow(Stopped);
  expect(locked.left).toBe(before);
  locked.answer(fromHex(first.answer));
  expect(locked.left).toBe(first.left);
});

interface Carried extends First {
  readonly sealing: string;
  readonly room: number;
  readonly file: string;
}

test("it exports what the recorded one does, and reads its answer", async () => {
  const locked = opened("courier");
  const [first] = lines<Carried>(0, 1, "courier");
  const exported = lines<{ readonly seed: string; readonly part: string; readonly series: string }>(1, -1, "courier");
  if (first === undefined || exported[0] === undefined) throw new Error("the trace is empty");
  const place = { file: fromHex(first.file), index: 0, of: 1 };
  let series: Uint8Array | null = null;
  for (const line of exported) {
    const made = await locked.export(place, fromHex(first.sealing), series, first.room, fromHex(line.seed));
    expect(made === null ? null : toHex(toCbor(CourierPart, made.part))).toBe(line.part);
    expect(made === null ? null : toHex(made.series)).toBe(line.series);
    series = made?.series ?? null;
  }
  const [told] = lines<{ readonly back: string; readonly missing: unknown; readonly fates: unknown }>(-1, undefined, "courier");
  const missing = await locked.take(fromHex(told?.back ?? ""), fromHex(exported[0].series));
  const fates = locked.fates().map(([counter, fate]) => [counter, shown(fate)]);
  expect({ missing, fates }).toEqual({ missing: told?.missing, fates: told?.fates });
  await expect(locked.take(new Uint8Array(5_000), fromHex(exported[0].series))).rejects.toThrow(Stopped);
});
