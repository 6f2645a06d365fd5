/**
 * Promises checked here:
 *
 * - A parcel sealed by the Rust crate is sealed here with the same bytes from the same inputs, and opens here.
 * - What was sealed opens with the key, for the parcel, undamaged, and not otherwise; padding that nobody writes is
 *   refused; its size says little.
 * - Contents that do not fit the manifest are refused after opening as before.
 */
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { concat, fromHex, toHex } from "../src/bytes.js";
import { CryptoError, purposePrefix } from "../src/crypto.js";
import { Hash } from "../src/ids.js";
import { ENCAPSULATED_KEY_BYTES, pad, SealingError, SealingKey, SealingPublic, unpad } from "../src/sealing.js";
import { fromCbor, toCbor } from "../src/wire/codec.js";
import { Parcel, ParcelError, SealedContents } from "../src/wire/parcel.js";
import * as fixed from "./fixed.js";

function vector(name: string): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(new URL(`../../vectors/wire/${name}.json`, import.meta.url), "utf8"));
}

const key = (byte: number): SealingKey => SealingKey.fromBytes(fixed.repeated(byte, 32));
const WORDS = new TextEncoder().encode("words");
const PARCEL = Hash.fromBytes(fixed.repeated(5, 32));
const DRAW = fixed.repeated(9, 32);

test("the Rust crate's sealed parcel is made here byte for byte, and opens here", async () => {
  const how = vector("sealing");
  const hex = (name: string): Uint8Array => fromHex(how[name] ?? "");
  expect(toHex(purposePrefix("sealing"))).toBe(how["info"]);
  expect(toHex(fixed.sealingKey.public())).toBe(how["public key of the hub"]);
  const plain = toCbor(SealedContents, fixed.sealedContents);
  expect(toHex(plain)).toBe(how["contents, as CBOR"]);
  expect(pad(plain).length).toBe(how["bytes before sealing: length (4, big-endian), contents, zeros up to a multiple of 256"]);
  const made = await Parcel.seal(
    fixed.sealedManifest,
    fixed.sealedContents,
    fixed.userKey,
    hex("public key of the hub"),
    hex("ikm"),
  );
  expect(Parcel.hash(made)).toBe(how["aad, the hash of the manifest"]);
  expect(made.contents.is === "sealed" && toHex(made.contents.sealed)).toBe(how["sealed"]);
  expect(toHex(toCbor(Parcel, made))).toBe(vector("parcel-sealed")["cbor"]);

  const theirs = fromCbor(Parcel, fromHex(vector("parcel-sealed")["cbor"] ?? ""));
  const opened = await Parcel.openSealed(theirs, fixed.lease, SealingKey.fromBytes(hex("secret key of the hub")));
  expect(opened.manifest).toStrictEqual(fixed.sealedManifest);
  expect({ documents: opened.documents, statements: opened.statements }).toStrictEqual(fixed.sealedContents);
});

test("what was sealed opens with the key for the parcel and nothing else", async () => {
  const sealed = await SealingPublic.seal(key(1).public(), WORDS, PARCEL, DRAW);
  expect(await SealingPublic.seal(key(1).public(), WORDS, PARCEL, DRAW)).toStrictEqual(sealed);
  expect(await SealingPublic.seal(key(1).public(), WORDS, PARCEL, fixed.repeated(8, 32))).not.toStrictEqual(sealed);
  expect(await key(1).open(sealed, PARCEL)).toStrictEqual(WORDS);
  const refused = async (by: SealingKey, bytes: Uint8Array, parcel = PARCEL): Promise<string> => {
    const error: unknown = await by.open(bytes, parcel).catch((error: unknown) => error);
    return error instanceof SealingError ? error.code : String(error);
  };
  expect(await refused(key(2), sealed)).toBe("open");
  expect(await refused(key(1), sealed, Hash.fromBytes(fixed.repeated(6, 32)))).toBe("open");
  for (let at = 0; at < sealed.length; at += 1) {
    const damaged = sealed.with(at, (sealed[at] ?? 0) ^ 1);
    expect(await refused(key(1), damaged), `byte ${at}`).toBe("open");
  }
  for (const length of [0, 64, ENCAPSULATED_KEY_BYTES, 100, sealed.length - 1]) {
    expect(await refused(key(1), sealed.subarray(0, length)), `${length} bytes`).toBe("form");
  }
});

test("its size grows in steps", async () => {
  const seal = (length: number): Promise<Uint8Array> =>
    SealingPublic.seal(key(1).public(), fixed.repeated(7, length), PARCEL, DRAW);
  const least = (await seal(0)).length;
  expect(least).toBe(65 + 256 + 16);
  expect((await seal(252)).length).toBe(least);
  expect((await seal(253)).length).toBe(least + 256);
  for (const length of [0, 1, 251, 252, 253, 508, 509]) {
    expect(await key(1).open(await seal(length), PARCEL)).toStrictEqual(fixed.repeated(7, length));
  }
});

test("padding that nobody writes is refused", () => {
  expect(unpad(pad(WORDS))).toStrictEqual(WORDS);
  expect(unpad(new Uint8Array())).toBeNull();
  expect(unpad(pad(WORDS).with(200, 1)), "something hidden in the zeros").toBeNull();
  expect(unpad(pad(WORDS).with(0, 0xff)), "longer than it is").toBeNull();
  expect(unpad(concat(pad(WORDS), new Uint8Array(256))), "a step too many").toBeNull();
});

test("what is no key is said to be none", async () => {
  expect(() => SealingKey.fromBytes(fixed.repeated(0, 32))).toThrow(CryptoError);
  await expect(SealingPublic.seal(fixed.repeated(0, 33), WORDS, PARCEL, DRAW)).rejects.toThrow(CryptoError);
});

test("contents that do not fit their manifest are refused, sealed or not", async () => {
  const hub = fixed.sealingKey;
  const seal = (contents: SealedContents): Promise<Parcel> =>
    Parcel.seal(fixed.sealedManifest, contents, fixed.userKey, hub.public(), DRAW);
  const code = async (parcel: Parcel, by = hub): Promise<string> => {
    const error: unknown = await Parcel.openSealed(parcel, fixed.lease, by).catch((error: unknown) => error);
    return error instanceof ParcelError ? error.code : "opened";
  };
  const honest = await seal(fixed.sealedContents);
  expect(await code(honest)).toBe("opened");
  expect(await code(honest, key(1))).toBe("parcel-sealed-opening");
  expect(await code(await seal({ ...fixed.sealedContents, statements: [] }))).toBe("parcel-shape");
  expect(await code({ ...honest, signature: fixed.firstParcel.signature })).toBe("parcel-signature");
  const sealed = await SealingPublic.seal(hub.public(), WORDS, Parcel.hash(honest), DRAW);
  expect(await code({ ...honest, contents: { is: "sealed", sealed } })).toBe("parcel-sealed-inside");
  expect(() => Parcel.open(honest, fixed.lease)).toThrow("send it unsealed");
  expect(await code(fixed.firstParcel)).toBe("opened");
});
