/**
 * Promises checked here:
 *
 * - Identifiers, codes and channels read back from their text and their bytes; others are refused, in words.
 * - Invitations, fingerprints and vouchers are read as people type them.
 * - A signature fits its message, purpose and key only; a secret key shows itself nowhere.
 * - Digests do not know the order and can be taken apart.
 */
import { inspect } from "node:util";

import { expect, test } from "vitest";

import { fromHex, toHex } from "../src/bytes.js";
import { CryptoError, PublicKey, SecretKey, type Purpose } from "../src/crypto.js";
import {
  Actor,
  ActorPrefix,
  Channel,
  DocumentId,
  Hash,
  Millis,
  ParseIdError,
  PartnerCode,
  Position,
  SiteCode,
  UserId,
} from "../src/ids.js";
import { Digest } from "../src/wire/digest.js";
import { EnrolRequest, Invitation, InvitationError } from "../src/wire/enrolment.js";
import { Renewal } from "../src/wire/exchange.js";
import { Fingerprint, fingerprint, FingerprintError } from "../src/wire/fingerprint.js";
import { readVoucher, voucher, VoucherError } from "../src/wire/voucher.js";
import * as fixed from "./fixed.js";

test("an id reads back from its text and its bytes", () => {
  const id = DocumentId.parse("0F8FAD5B-d9cb-469f-a165-70867728950e");
  expect(id).toBe("0f8fad5b-d9cb-469f-a165-70867728950e");
  expect(DocumentId.fromBytes(DocumentId.toBytes(id))).toBe(id);
  expect(DocumentId.fromSlice(new Uint8Array(15))).toBeNull();
  expect(() => Hash.fromBytes(new Uint8Array(16))).toThrow(RangeError);
  for (const wrong of ["", "xyz", "0f8fad5b-d9cb-469f-a165-70867728950", `${id} `, "é".repeat(80)]) {
    expect(() => DocumentId.parse(wrong), wrong).toThrow(ParseIdError);
    expect(() => Hash.parse(wrong), wrong).toThrow(ParseIdError);
  }
  expect(() => Hash.parse("AB".repeat(32))).toThrow("32 bytes in lower-case hexadecimal");
});

test("an actor carries its lease", () => {
  const prefix = ActorPrefix.fromBytes(fixed.repeated(9, 8));
  const actor = Actor.fromParts(prefix, fixed.repeated(1, 8));
  expect(actor).toBe("09090909090909090101010101010101");
  expect(Actor.prefix(actor)).toBe(prefix);
});

test("codes and channels are short and plain", () => {
  expect(SiteCode.parse("GOG")).toBe("GOG");
  for (const wrong of ["", "G", "gog", "GOGUI", "G0G", "GÔG", "GOG\n"]) {
    expect(() => SiteCode.parse(wrong), wrong).toThrow("two to four letters A to Z");
  }
  expect(PartnerCode.parse("OIM2")).toBe("OIM2");
  for (const wrong of ["O", "2OIM", "OIM-", "OIMOIMOIM"]) expect(() => PartnerCode.parse(wrong)).toThrow(ParseIdError);
  expect(Channel.site(SiteCode.parse("GOG"))).toBe("site/GOG");
  expect(Channel.siteCode(Channel.parse("site/GOG"))).toBe("GOG");
  expect(Channel.siteCode(Channel.parse("site/gog"))).toBeNull();
  expect(Channel.siteCode(Channel.protection())).toBeNull();
  expect(Channel.partnerCode(Channel.partner(PartnerCode.parse("OIM")))).toBe("OIM");
  expect(Channel.user(UserId.fromBytes(fixed.repeated(0x12, 16)))).toBe("user/1212121212121212");
  for (const wrong of ["", "site GOG", "a".repeat(25), "site/é"]) expect(() => Channel.parse(wrong)).toThrow(ParseIdError);
});

test("positions and moments stay within what is exact", () => {
  expect(Position.next(Position.START)).toBe(1);
  expect(Position.next(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
  expect(Millis.plus(-1, Millis.DAY)).toBe(86_399_999);
});

test("an invitation is read as people type it", () => {
  const invitation = Invitation.fromRandom(Uint8Array.of(0, 1, 2, 31, 255, 10, 11, 12, 13, 14, 15, 16));
  expect(invitation).toBe("012Z-ZABC-DEFG");
  for (const typed of [invitation.toLowerCase(), "o i2z zabc\u00a0defg", "0l2z–".replace("–", "-") + "zabcdefg"]) {
    expect(Invitation.parse(typed), typed).toBe(invitation);
  }
  for (const wrong of ["", "7K3Q-M2XP-9WT", "7K3Q-M2XP-9WTAA", "7K3Q-M2XP-9WTU", "7K3Q-M2XP-9WTé", "7K3Q-M2XP-9WTß"]) {
    expect(() => Invitation.parse(wrong), wrong).toThrow(InvitationError);
  }
});

test("a fingerprint is read as people type it", () => {
  const shown = fingerprint(fixed.repeated(7, 33));
  expect(shown).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  expect(Fingerprint.parse(shown.toLowerCase().replace("-", " "))).toBe(shown);
  expect(Fingerprint.parse("oil0-0000")).toBe("0110-0000");
  expect(fingerprint(fixed.repeated(7, 33).with(32, 6))).not.toBe(shown);
  for (const wrong of ["", "7K3Q-M2X", "7K3Q-M2XPA", "7K3Q-M2XU", "7K3Q-M2Xé"]) {
    expect(() => Fingerprint.parse(wrong), wrong).toThrow(FingerprintError);
  }
});

test("a key is read from its code and as typed", () => {
  const key = SecretKey.fromBytes(fixed.repeated(9, 32)).public();
  const text = voucher(key);
  expect(text).toMatch(/^segin:vouch\?key=[A-Za-z0-9_-]{44}$/);
  for (const shown of [text, ` ${text.slice("segin:vouch?key=".length)} `, toHex(key), toHex(key).toUpperCase()]) {
    expect(readVoucher(shown), shown).toStrictEqual(key);
  }
  const none = "A".repeat(44);
  for (const wrong of ["", "segin:vouch?key=", "GOG-24-K7-0042-T", none, text.slice(0, -1), toHex(key).slice(2)]) {
    expect(() => readVoucher(wrong), wrong).toThrow(VoucherError);
  }
});

test("a signature fits its message, purpose and key only, and so does its high-S twin", () => {
  const key = SecretKey.fromBytes(fixed.repeated(1, 32));
  const words = new TextEncoder().encode("words");
  const signature = key.sign("manifest", words);
  const fits = (purpose: Purpose, message: Uint8Array, by: PublicKey, signed = signature): boolean => {
    try {
      PublicKey.verify(by, purpose, message, signed);
      return true;
    } catch (error) {
      if (error instanceof CryptoError) return false;
      throw error;
    }
  };
  expect(key.sign("manifest", words)).toStrictEqual(signature);
  expect(fits("manifest", words, key.public())).toBe(true);
  expect(fits("manifest", words.subarray(1), key.public())).toBe(false);
  expect(fits("receipt", words, key.public())).toBe(false);
  expect(fits("manifest", words, fixed.userKey.public())).toBe(false);
  expect(fits("manifest", words, key.public(), new Uint8Array(64))).toBe(false);
  expect(fits("manifest", words, key.public(), signature.subarray(1))).toBe(false);
  // Rust's crate takes both: a receipt that one side believes, the other must believe too.
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = BigInt(`0x${toHex(signature.subarray(32))}`);
  const twin = fromHex(toHex(signature.subarray(0, 32)) + (order - s).toString(16).padStart(64, "0"));
  expect(fits("manifest", words, key.public(), twin)).toBe(true);
});

test("what is no key is said to be none", () => {
  for (const wrong of [fixed.repeated(0, 32), fixed.repeated(0xff, 32), fixed.repeated(1, 31)]) {
    expect(() => SecretKey.fromBytes(wrong)).toThrow(CryptoError);
  }
  for (const wrong of [fixed.repeated(0, 33), fixed.repeated(0xff, 33), fixed.repeated(2, 32), new Uint8Array()]) {
    expect(() => PublicKey.check(wrong)).toThrow("not a P-256 key");
  }
});

test("a secret key shows itself nowhere", () => {
  const key = SecretKey.fromBytes(fixed.repeated(0x5a, 32));
  expect(JSON.stringify(key)).toBe("{}");
  for (const shown of [inspect(key, { depth: 9, showHidden: true }), String(key)]) expect(shown).not.toMatch(/90|5a/i);
  expect(toHex(key.toBytes())).toBe("5a".repeat(32));
});

test("proofs of a key fit what they were made for", () => {
  const request = EnrolRequest.sign(fixed.invitation, fixed.INSTALLATION, fixed.userKey);
  expect(() => EnrolRequest.verify(request, fixed.invitation)).not.toThrow();
  expect(() => EnrolRequest.verify(request, Invitation.parse("7K3Q-M2XP-9WTB"))).toThrow(CryptoError);
  const key = fixed.userKey.public();
  expect(() => Renewal.verify(fixed.renewal, fixed.LOG, fixed.PREFIX, key)).not.toThrow();
  const other = ActorPrefix.fromBytes(fixed.repeated(0x14, 8));
  expect(() => Renewal.verify(fixed.renewal, fixed.LOG, other, key)).toThrow(CryptoError);
});

test("a digest does not know the order and can be taken apart", () => {
  const a = Digest.ofChange(fixed.CASE, fixed.changeHash(2));
  const b = Digest.ofChange(fixed.CASE, fixed.changeHash(3));
  expect(Digest.plus(a, b)).toBe(Digest.plus(b, a));
  expect(Digest.minus(Digest.plus(a, b), a)).toBe(b);
  expect(Digest.minus(Digest.EMPTY, a)).toMatch(/^[0-9a-f]{32}$/);
  expect(Digest.plus(Digest.minus(Digest.EMPTY, a), a)).toBe(Digest.EMPTY);
  expect(Digest.ofChange(fixed.MOVEMENT, fixed.changeHash(2))).not.toBe(a);
});
