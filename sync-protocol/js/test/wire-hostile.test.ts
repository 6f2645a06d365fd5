/**
 * Promises checked here:
 *
 * - Bytes that are not a message, changed messages and cut messages end in `CodecError` and nothing else; a cut one is
 *   always refused, and one that is followed by anything.
 * - Nothing is inflated beyond the cap, and no list is made of more items than the cap, whatever is announced.
 * - What was read can be written again and means the same.
 * - A parcel or an answer of which one byte was changed is not believed.
 * - Numbers, texts and identifiers of the wrong form are refused.
 */
import { deflateSync } from "fflate";
import { describe, expect, test } from "vitest";

import { concat, fromHex, u32Bytes, utf8 } from "../src/bytes.js";
import { MESSAGE_BYTES_MAX, MESSAGE_ITEMS_MAX } from "../src/limits.js";
import { Answer, AnswerError, Receipt, Rest } from "../src/wire/answer.js";
import { i64, list, text, u64, u8 } from "../src/wire/cbor.js";
import { CodecError, frame, fromCbor, Raw, read, toCbor, unframe, type Codec, type Message } from "../src/wire/codec.js";
import { Digest } from "../src/wire/digest.js";
import { Ask, CourierFile, Reply, ReturnFile } from "../src/wire/courier.js";
import { EnrolAnswer, EnrolRequest } from "../src/wire/enrolment.js";
import { ExchangeRequest } from "../src/wire/exchange.js";
import { Lease, SignedLease } from "../src/wire/lease.js";
import { Manifest, Statement } from "../src/wire/manifest.js";
import { OpenedParcel, Parcel, ParcelError } from "../src/wire/parcel.js";
import * as fixed from "./fixed.js";

/** The same numbers for the same seed, between 0 and `below`: mulberry32. */
function draws(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A codec, and whether what it makes of bytes can be written and read again as the same. */
interface Reading {
  readonly bare: (bytes: Uint8Array) => void;
  readonly framed: (kind: Message, bytes: Uint8Array) => void;
}

function reading<T>(codec: Codec<T>): Reading {
  const again = (value: T): void => expect(fromCbor(codec, toCbor(codec, value))).toStrictEqual(value);
  return {
    bare: (bytes) => again(fromCbor(codec, bytes)),
    framed: (kind, bytes) => again(read(kind, codec, bytes)),
  };
}

const MESSAGES: Readonly<Record<Message, Reading>> = {
  exchangeRequest: reading(ExchangeRequest),
  answer: reading(Answer),
  enrolRequest: reading(EnrolRequest),
  enrolAnswer: reading(EnrolAnswer),
  courier: reading(CourierFile),
  return: reading(ReturnFile),
};
const EVERYTHING: readonly Reading[] = [
  ...Object.values(MESSAGES),
  reading(Receipt),
  reading(Rest),
  reading(Manifest),
  reading(Lease),
  reading(Statement),
  reading(Parcel),
  reading(Ask),
  reading(Reply),
];

const HONEST: readonly (readonly [Message, Uint8Array])[] = [
  ["exchangeRequest", frame("exchangeRequest", ExchangeRequest, fixed.emptyRequest)],
  ["exchangeRequest", frame("exchangeRequest", ExchangeRequest, fixed.pushingRequest)],
  ["exchangeRequest", frame("exchangeRequest", ExchangeRequest, fixed.repairingRequest)],
  ["answer", frame("answer", Answer, fixed.receiptingAnswer)],
  ["answer", frame("answer", Answer, fixed.feedingAnswer)],
  ["enrolRequest", frame("enrolRequest", EnrolRequest, fixed.enrolRequest)],
  ["enrolAnswer", frame("enrolAnswer", EnrolAnswer, fixed.enrolAnswer)],
  ["courier", frame("courier", CourierFile, fixed.courierFile)],
  ["return", frame("return", ReturnFile, fixed.returnFile)],
];
const BARE: readonly Uint8Array[] = [
  ...HONEST.map(([kind, bytes]) => unframe(kind, bytes)),
  toCbor(Rest, fixed.orderingRest),
  toCbor(Rest, fixed.decidingRest),
  fixed.receiptingAnswer.receipt,
  fixed.firstParcel.manifest,
  ...fixed.everyStatement.map((statement) => toCbor(Statement, statement)),
];

/** Runs it; anything but a `CodecError` fails the test. Whether it was refused. */
function refused(run: () => void): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (error instanceof CodecError) return true;
    throw error;
  }
}

/** What a hand on the line does: bytes changed, cut out, doubled, put in. */
function mutate(honest: Uint8Array, draw: (below: number) => number): Uint8Array {
  const bytes = Array.from(honest);
  for (let cuts = 1 + draw(5); cuts > 0 && bytes.length > 0; cuts -= 1) {
    const at = draw(bytes.length);
    const byte = draw(256);
    const how = draw(5);
    if (how === 0) bytes[at] = byte;
    else if (how === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << byte % 8);
    else if (how === 2) bytes.length = at;
    else if (how === 3) bytes.splice(at, 0, byte);
    else bytes.splice(at, byte);
  }
  return Uint8Array.from(bytes);
}

test("changed frames and bodies are read or refused, whatever was changed", () => {
  const draw = draws(20_260_314);
  let read = 0;
  let rejected = 0;
  const count = (run: () => void): void => void (refused(run) ? (rejected += 1) : (read += 1));
  for (let round = 0; round < 3_000; round += 1) {
    const [kind, honest] = HONEST[draw(HONEST.length)] ?? ["answer", new Uint8Array()];
    const frameBytes = mutate(honest, draw);
    count(() => MESSAGES[kind].framed(kind, frameBytes));
    const body = mutate(BARE[draw(BARE.length)] ?? new Uint8Array(), draw);
    for (const one of EVERYTHING) count(() => one.bare(body));
  }
  // Both happen: else nothing was tried.
  expect(read).toBeGreaterThan(100);
  expect(rejected).toBeGreaterThan(1_000);
});

test("bytes that are no message are refused without harm", () => {
  const draw = draws(7);
  for (let round = 0; round < 500; round += 1) {
    const bytes = Uint8Array.from({ length: draw(2_000) }, () => draw(256));
    for (const one of EVERYTHING) refused(() => one.bare(bytes));
    for (const [kind, honest] of HONEST) {
      for (const header of [[], [0, 0, 16, 0]]) {
        const start = honest.subarray(0, header.length === 0 ? 4 : 8);
        refused(() => MESSAGES[kind].framed(kind, concat(start, bytes)));
      }
    }
  }
});

describe.each(HONEST.map(([kind, honest], number) => ({ kind, honest, number })))("$kind $number", ({ kind, honest }) => {
  test("cut anywhere it is refused", () => {
    for (let length = 0; length < honest.length; length += 1) {
      const cut = honest.subarray(0, length);
      expect(refused(() => MESSAGES[kind].framed(kind, cut)), `after ${length} bytes`).toBe(true);
    }
  });

  test("followed by anything it is refused", () => {
    expect(refused(() => MESSAGES[kind].framed(kind, honest))).toBe(false);
    for (const more of [[0], [1], [0xff, 0xff], Array.from(honest)]) {
      expect(refused(() => MESSAGES[kind].framed(kind, concat(honest, Uint8Array.from(more))))).toBe(true);
    }
  });
});

/** The code of the refusal, `null` when there is none. */
function codeOf(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof CodecError) return error.code;
    throw error;
  }
}

test("what is not the wanted frame is refused with its reason", () => {
  const good = frame("answer", Raw, fixed.repeated(7, 1000));
  const code = (bytes: Uint8Array, kind: Message = "answer"): string | null => codeOf(() => unframe(kind, bytes));
  expect(code(utf8("SG"))).toBe("codec-header");
  expect(code(utf8("XX\x01\x02"))).toBe("codec-header");
  expect(code(utf8("SG\x02\x02"))).toBe("codec-version");
  expect(code(good, "exchangeRequest")).toBe("codec-kind");
  expect(code(good.subarray(0, -1))).toBe("codec-compression");
  expect(code(concat(good, Uint8Array.of(0)))).toBe("codec-compression");
  expect(code(good.subarray(0, 8))).toBe("codec-compression");
  expect(codeOf(() => read("answer", Raw, fromHex("53470102410000")))).toBe("codec-body");
});

test("a small message cannot take much memory", () => {
  const framed = (body: Uint8Array, length = body.length): Uint8Array =>
    concat(fromHex("53470181"), u32Bytes(length), deflateSync(body, { level: 9 }));
  // Four million empty changes: four megabytes of CBOR, a few kilobytes on the line.
  const many = concat(fromHex("9a"), u32Bytes(4_000_000), fixed.repeated(0x40, 4_000_000));
  expect(framed(many).length).toBeLessThan(8_192);
  expect(codeOf(() => read("exchangeRequest", list(Raw), framed(many)))).toBe("codec-too-many");
  expect(() => fromCbor(list(Raw), many)).toThrow(String(MESSAGE_ITEMS_MAX));
  const bomb = fixed.repeated(0, MESSAGE_BYTES_MAX + 1);
  for (const [length, max] of [[bomb.length, MESSAGE_BYTES_MAX], [4_096, 4_096], [0, 0]] as const) {
    expect(() => unframe("exchangeRequest", framed(bomb, length))).toThrow(`longer than ${max} bytes`);
  }
  // Longer than announced by a block that is stored as it is.
  const stored = concat(fromHex("53470181"), u32Bytes(3), fromHex("010a00f5ff"), fixed.repeated(1, 10));
  expect(codeOf(() => unframe("exchangeRequest", stored))).toBe("codec-too-long");
  expect(codeOf(() => unframe("exchangeRequest", concat(fromHex("53470101"), bomb)))).toBe("codec-too-long");
});

test("announced but not there, without an end, nested without an end: refused", () => {
  for (const wrong of [fromHex("9bffffffffffffffff40"), fromHex("9f40ff"), fixed.repeated(0x9f, 5000)]) {
    expect(codeOf(() => fromCbor(list(Raw), wrong))).toBe("codec-body");
  }
  // Deep, but whole: walked over without recursion.
  expect(codeOf(() => fromCbor(list(Raw), concat(fixed.repeated(0x81, 500_000), Uint8Array.of(0x40))))).toBe("codec-body");
});

test("numbers that a type cannot hold are refused, both ways", () => {
  expect(fromCbor(u64, fromHex("1b001fffffffffffff"))).toBe(Number.MAX_SAFE_INTEGER);
  expect(fromCbor(u64, fromHex("1b0000000000000007"))).toBe(7);
  expect(fromCbor(i64, fromHex("3b001ffffffffffffe"))).toBe(Number.MIN_SAFE_INTEGER);
  for (const beyond of ["1b0020000000000000", "1bffffffffffffffff", "3b001fffffffffffff", "fb3ff0000000000000", "f4"]) {
    expect(codeOf(() => fromCbor(i64, fromHex(beyond))), beyond).toBe("codec-body");
  }
  expect(codeOf(() => fromCbor(u64, fromHex("20")))).toBe("codec-body");
  expect(codeOf(() => fromCbor(u8, fromHex("190100")))).toBe("codec-body");
  for (const wrong of [-1, 256, 1.5, Number.NaN]) expect(() => toCbor(u8, wrong)).toThrow(RangeError);
  expect(() => toCbor(u64, 2 ** 53)).toThrow(RangeError);
});

test("text is taken as it is, and refused where it is no UTF-8", () => {
  for (const kept of ["", "\ufeffAïssata", "é".repeat(40), "\0", "👩🏾‍⚕️"]) expect(fromCbor(text, toCbor(text, kept))).toBe(kept);
  for (const wrong of ["61ff", "62c328", "63eda080", "78" + "29" + "ff".repeat(41)]) {
    expect(codeOf(() => fromCbor(text, fromHex(wrong))), wrong).toBe("codec-body");
  }
});

test("identifiers of the wrong form are refused", () => {
  const manifest = toCbor(Manifest, fixed.firstManifest);
  const site = manifest.findIndex((byte, at) => byte === 0x63 && manifest[at + 1] === 0x47);
  const lower = manifest.with(site + 1, 0x67);
  expect(() => fromCbor(Manifest, lower)).toThrow("not a site code");
  expect(codeOf(() => fromCbor(Digest, fromHex("4100")))).toBe("codec-body");
});

/** The bytes with one bit of one byte changed. */
const damaged = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1);

test("a parcel with one changed byte of manifest or signature is not believed", () => {
  const honest = fixed.firstParcel;
  const opened = Parcel.open(honest, fixed.lease);
  expect(OpenedParcel.commitsTo(opened, 0, [fixed.changeHash(0x41), fixed.changeHash(0x42)])).toBe(true);
  expect(OpenedParcel.commitsTo(opened, 0, [fixed.changeHash(0x41)])).toBe(false);
  expect(OpenedParcel.commitsTo(opened, 2, [])).toBe(false);
  for (let at = 0; at < honest.manifest.length; at += 7) {
    const parcel = { ...honest, manifest: damaged(honest.manifest, at) };
    expect(() => Parcel.open(parcel, fixed.lease), `manifest byte ${at}`).toThrow(ParcelError);
  }
  for (let at = 0; at < honest.signature.length; at += 7) {
    const parcel = { ...honest, signature: damaged(honest.signature, at) };
    expect(() => Parcel.open(parcel, fixed.lease), `signature byte ${at}`).toThrow(ParcelError);
  }
});

test("a parcel whose contents do not fit its manifest is refused with its reason", () => {
  const code = (parcel: Parcel, lease = fixed.lease): string => {
    try {
      Parcel.open(parcel, lease);
      return "opened";
    } catch (error) {
      if (error instanceof ParcelError) return error.code;
      throw error;
    }
  };
  const sign = (manifest: Manifest): Parcel => Parcel.sign(manifest, fixed.contents, [], fixed.userKey);
  const twice = { ...fixed.firstManifest, documents: [fixed.caseLine, fixed.caseLine] };
  expect(code(sign(fixed.firstManifest))).toBe("opened");
  expect(code(sign({ ...fixed.firstManifest, documents: [fixed.caseLine] }))).toBe("parcel-shape");
  expect(code(sign(twice))).toBe("parcel-shape");
  expect(code(fixed.firstParcel, { ...fixed.lease, user: fixed.OTHER_USER })).toBe("parcel-lease");
  expect(code(fixed.firstParcel, { ...fixed.lease, key: fixed.hubKey.public() })).toBe("parcel-signature");
  const other = { ...fixed.stated, salt: fixed.TOKEN };
  expect(code(Parcel.sign(fixed.nextManifest, [], [other], fixed.userKey))).toBe("parcel-statement");
});

test("an answer or a lease with one changed byte is not believed", () => {
  const hub = fixed.hubKey.public();
  const honest = fixed.feedingAnswer;
  expect(Answer.open(honest, hub).rest).toStrictEqual(fixed.feedingRest);
  for (const part of ["receipt", "signature", "rest"] as const) {
    for (let at = 0; at < honest[part].length; at += 13) {
      const answer = { ...honest, [part]: damaged(honest[part], at) };
      expect(() => Answer.open(answer, hub), `${part} byte ${at}`).toThrow(AnswerError);
    }
  }
  expect(() => Answer.open(honest, fixed.userKey.public())).toThrow(AnswerError);
  const { lease, signature } = fixed.signedLease;
  expect(SignedLease.verify(fixed.signedLease, hub)).toStrictEqual(fixed.lease);
  expect(() => SignedLease.verify({ lease: damaged(lease, 20), signature }, hub)).toThrow("does not fit");
});
