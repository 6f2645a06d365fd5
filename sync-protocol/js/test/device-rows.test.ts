/** The names of a device's rows: their bytes are those of the Rust crate, and sort as their kinds are listed there. */
import { expect, test } from "vitest";

import { fromHex, toHex } from "../src/bytes.js";
import { Key } from "../src/device/rows.js";
import { ActorPrefix, DocumentId } from "../src/ids.js";

const document = DocumentId.parse("0f8fad5b-d9cb-469f-a165-70867728950e");
const ID = "0f8fad5bd9cb469fa16570867728950e";

const KEYS: readonly (readonly [Key, string])[] = [
  [{ is: "identity" }, "01"],
  [{ is: "progress" }, "02"],
  [{ is: "entry", document }, `03${ID}`],
  [{ is: "work", number: 258 }, "040000000000000102"],
  [{ is: "parcel", number: 1 }, "050000000000000001"],
  [{ is: "aside", number: Number.MAX_SAFE_INTEGER }, "06001fffffffffffff"],
  [{ is: "read", document }, `07${ID}`],
  [{ is: "wiped" }, "08"],
  [{ is: "copy", document }, `81${ID}`],
  [{ is: "edits", number: 0 }, "820000000000000000"],
  [{ is: "parcelBytes", number: 9 }, "830000000000000009"],
  [{ is: "receipt", number: 9 }, "840000000000000009"],
  [{ is: "configuration" }, "85"],
  [{ is: "lease", prefix: ActorPrefix.parse("00112233445566ff") }, "8600112233445566ff"],
  [{ is: "shell", bytes: Uint8Array.of(7, 255) }, "8707ff"],
  [{ is: "sealed", number: 3 }, "880000000000000003"],
];

test("every key is its table and what it is within it, and reads back", () => {
  for (const [key, hex] of KEYS) {
    expect(toHex(Key.toBytes(key))).toBe(hex);
    expect(Key.fromBytes(fromHex(hex))).toEqual(key);
    expect(Key.isHot(key)).toBe(hex < "80");
  }
});

test("what is no key is said to be none", () => {
  for (const wrong of ["", "00", "0100", "03", `03${ID}00`, "0400", "04ffffffffffffffff", "8600", "99"]) {
    expect(Key.fromBytes(fromHex(wrong))).toBeNull();
  }
});

test("keys sort as their bytes do", () => {
  const orders = KEYS.map(([key]) => Key.order(key));
  expect([...orders].sort()).toEqual(orders);
});
