/**
 * Promises checked here:
 *
 * - The Rust crate's courier and return files read back and open, and those made here have the same parts.
 * - Cut, doubled, changed and recombined files are refused; a part opens only where it was made for.
 */
import { expect, test } from "vitest";

import { concat, fromHex } from "../src/bytes.js";
import { CARRIED_STEP_BYTES } from "../src/limits.js";
import { CARRIED_HEADS, CourierError, CourierFile, CourierPart, hubTag, ReturnFile } from "../src/wire/courier.js";
import type { Place } from "../src/wire/courier.js";
import { Hash, HubTag } from "../src/ids.js";
import * as fixed from "./fixed.js";

const bytesOf = (name: string): Uint8Array => fromHex(fixed.carried[name] ?? "");
const placeOf = (file: CourierFile, index: number): Place => ({ file: file.id, index, of: file.parts.length });

test("the Rust crate's files read back and open", async () => {
  expect(CARRIED_HEADS.courier).toBe(fixed.carried["head of a courier file"]);
  expect(CARRIED_HEADS.return).toBe(fixed.carried["head of a return file"]);
  expect(hubTag(fixed.hubKey.public())).toBe(HubTag.parse(fixed.carried["tag of the hub 01 × 32"] ?? ""));
  const { file, hash } = CourierFile.fromBytes(bytesOf("courier file"));
  expect(file).toStrictEqual(fixed.courierFile);
  expect(hash).toBe(fixed.courierHash);
  expect(CourierPart.hash(fixed.courierPart)).toBe(Hash.parse(fixed.carried["hash of courier-part"] ?? ""));
  expect(await CourierPart.open(fixed.courierPart, placeOf(file, 0), fixed.sealingKey)).toStrictEqual(fixed.ask);
  const back = ReturnFile.fromBytes(bytesOf("return file"));
  expect(back).toStrictEqual(fixed.returnFile);
  expect(await ReturnFile.open(back, 0, fixed.replyKey)).toStrictEqual(fixed.reply);
});

test("what is written here reads back, and its size says little", () => {
  const bytes = CourierFile.toBytes(fixed.courierFile);
  expect(bytes.length % CARRIED_STEP_BYTES).toBe(Hash.LEN);
  expect(CourierFile.fromBytes(bytes).file).toStrictEqual(fixed.courierFile);
  const back = ReturnFile.toBytes(fixed.returnFile);
  expect(back.length % CARRIED_STEP_BYTES).toBe(Hash.LEN);
  expect(ReturnFile.fromBytes(back)).toStrictEqual(fixed.returnFile);
});

test("cut, doubled, changed and other files are refused", () => {
  const bytes = ReturnFile.toBytes(fixed.returnFile);
  for (let end = 0; end < bytes.length; end += 64) {
    expect(() => ReturnFile.fromBytes(bytes.subarray(0, end)), `${end} bytes`).toThrow(CourierError);
  }
  for (let at = 0; at < bytes.length; at += 61) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => ReturnFile.fromBytes(changed), `byte ${at}`).toThrow(CourierError);
  }
  expect(() => ReturnFile.fromBytes(concat(bytes, bytes))).toThrow(CourierError);
  expect(() => ReturnFile.fromBytes(bytesOf("courier file"))).toThrow("it does not begin with the words of a return file");
});

test("a part opens only at its place, with its key, beside the others of its file", async () => {
  const { courierPart, sealingKey, courierFile, returnFile, replyKey } = fixed;
  const place = placeOf(courierFile, 0);
  const refused = async (part: CourierPart, at = place, key = sealingKey): Promise<void> => {
    await expect(CourierPart.open(part, at, key)).rejects.toMatchObject({ code: "courier-recombined" });
  };
  await refused(courierPart, { ...place, index: 1 });
  await refused(courierPart, { ...place, of: 2 });
  await refused(courierPart, { ...place, file: fixed.repeated(1, 16) });
  await refused({ ...courierPart, parcels: [] });
  await refused(courierPart, place, replyKey);
  const [part] = returnFile.parts;
  if (part === undefined) throw new Error("the fixed file has a part");
  const twice: ReturnFile = { ...returnFile, parts: [part, part] };
  await expect(ReturnFile.open(twice, 0, replyKey)).rejects.toMatchObject({ code: "courier-recombined" });
  await expect(ReturnFile.open(returnFile, 0, sealingKey)).rejects.toMatchObject({ code: "courier-recombined" });
  await expect(ReturnFile.open(returnFile, 1, replyKey)).rejects.toMatchObject({ code: "courier-recombined" });
});
