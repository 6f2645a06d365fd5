/** The vault: passphrases, PINs, sealed values, and what colleagues leave for each other. */
import { describe, expect, it } from "vitest";
import { PIN_TRIES_MAX } from "../src/limits.js";
import { argon2 } from "../src/vault/argon2.js";
import { fromUtf8, toHex, utf8 } from "../src/vault/bytes.js";
import { leaveFor, takeLeft } from "../src/vault/door.js";
import { createKeys, openKeys } from "../src/vault/keys.js";
import { isPin, passphraseProblem } from "../src/vault/passphrase.js";
import { Pins } from "../src/vault/pin.js";
import { SealedValueError, openValue, sealValue } from "../src/vault/seal.js";

const PHRASE = "le fleuve est haut";
const user = await createKeys(PHRASE);

describe("sealed values", () => {
  it("open under the same key and name, and not otherwise", async () => {
    const sealed = await sealValue(user.open.data, "rows/a/81", utf8("Canari Keïta"));
    expect(fromUtf8(await openValue(user.open.data, "rows/a/81", sealed))).toBe("Canari Keïta");
    await expect(openValue(user.open.data, "rows/b/81", sealed)).rejects.toThrow(SealedValueError);
    for (const at of [0, 5, sealed.length - 1]) {
      const damaged = sealed.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      await expect(openValue(user.open.data, "rows/a/81", damaged)).rejects.toThrow(SealedValueError);
    }
    await expect(openValue(user.open.data, "rows/a/81", sealed.slice(0, 20))).rejects.toThrow(SealedValueError);
  });

  it("never look the same twice", async () => {
    const [one, two] = [await sealValue(user.open.data, "x", utf8("a")), await sealValue(user.open.data, "x", utf8("a"))];
    expect(one).not.toEqual(two);
  });
});

describe("Argon2id", () => {
  it("gives what other implementations give", async () => {
    // Computed with hash-wasm 4.13.0; the device of somebody who enrolled earlier must open.
    const parameters = { salt: new Uint8Array(16).fill(7), memoryKib: 1024, passes: 3, lanes: 1 };
    const key = await argon2(utf8("quatre mots pour la nuit"), parameters);
    expect(toHex(key)).toBe("68ca35a994516bdacaa2c3d2be9228da7f7250cf6cf2554f0c4ff8b395b29fc6");
  });
});

describe("passphrases", () => {
  it("open the keys, in whatever form the accents were typed", async () => {
    const accents = await createKeys("K\u00e9n\u00e9ba le soir");
    const opened = await openKeys(accents.stored, "Ke\u0301ne\u0301ba le soir");
    const sealed = await sealValue(accents.open.data, "x", utf8("a"));
    expect(opened && fromUtf8(await openValue(opened.data, "x", sealed))).toBe("a");
    expect(await openKeys(accents.stored, "Keneba le soir")).toBeNull();
  });

  it("have eight characters at least", () => {
    expect(passphraseProblem("1234567")).toBe("short");
    expect(passphraseProblem("12345678")).toBeNull();
    expect(passphraseProblem("x".repeat(201))).toBe("long");
  });

  it("leave no key that could be read out", () => {
    expect(user.open.data.extractable).toBe(false);
    expect(user.open.door.extractable).toBe(false);
  });
});

describe("PINs", () => {
  it("have six digits", () => {
    expect(["123456", "12345", "1234567", "12345a"].map(isPin)).toEqual([true, false, false, false]);
  });

  it("open the keys, and are forgotten after five wrong tries in a row", async () => {
    const pins = new Pins();
    expect(await pins.open("u", user.stored, "123456")).toBeNull();
    await pins.set("u", user.open, "123456");
    for (let tries = 1; tries < PIN_TRIES_MAX; tries += 1) expect(await pins.open("u", user.stored, "000000")).toBeNull();
    expect(pins.triesLeft("u")).toBe(1);
    expect(await pins.open("u", user.stored, "123456")).not.toBeNull();
    expect(pins.triesLeft("u")).toBe(PIN_TRIES_MAX);
    for (let tries = 0; tries < PIN_TRIES_MAX; tries += 1) await pins.open("u", user.stored, "000000");
    expect(await pins.open("u", user.stored, "123456")).toBeNull();
  });
});

describe("the door", () => {
  it("opens to those for whom something was left", async () => {
    const other = await createKeys("une autre phrase");
    const left = await leaveFor(new Map([["u", user.stored.door]]), utf8("ce soir"));
    const taken = await takeLeft("u", user.open, left);
    expect(taken && fromUtf8(taken)).toBe("ce soir");
    expect(await takeLeft("v", other.open, left)).toBeNull();
    await expect(takeLeft("u", other.open, left)).rejects.toThrow(SealedValueError);
  });
});
