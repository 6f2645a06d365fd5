/**
 * Promises checked here:
 *
 * - Every structure has the bytes of `vectors/wire`, which the Rust crate writes, and reads back from them.
 * - Hashes and signatures over fixed values are those of the Rust crate.
 * - What a later version adds at the end is passed over; an order that it adds too.
 * - The limits are those of the Rust crate.
 */
import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { concat, fromHex, toHex } from "../src/bytes.js";
import { hash, PURPOSES, purposePrefix } from "../src/crypto.js";
import * as limits from "../src/limits.js";
import {
  Answer,
  Decided,
  DocumentFate,
  Fate,
  FeedItem,
  FeedWhat,
  leafSalt,
  leavesHash,
  Order,
  ParcelReceipt,
  Receipt,
  RepairAnswer,
  Rest,
  Run,
} from "../src/wire/answer.js";
import { CodecError, frame, fromCbor, Raw, toCbor, unframe, type Codec, type Message } from "../src/wire/codec.js";
import { Ask, CourierFile, CourierPart, Reply, ReturnFile, ReturnPart } from "../src/wire/courier.js";
import { EnrolAnswer, EnrolRequest, Invitation, tokenHash } from "../src/wire/enrolment.js";
import { ExchangeRequest, Renewal, Repair } from "../src/wire/exchange.js";
import { fingerprint } from "../src/wire/fingerprint.js";
import { Lease, SignedLease } from "../src/wire/lease.js";
import { Manifest, Named, Stated, Statement } from "../src/wire/manifest.js";
import { Content, Parcel } from "../src/wire/parcel.js";
import { FeedProof, Mark, Marks, Return, Returned } from "../src/wire/returning.js";
import * as fixed from "./fixed.js";

const VECTORS = new URL("../../vectors/wire/", import.meta.url);

interface VectorFile {
  readonly fields: readonly string[];
  readonly cbor: string;
  readonly frame?: string;
}

function file(name: string): VectorFile {
  return JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), "utf8"));
}

/** One structure: what its golden file is called, what it means, how it reads and writes. */
interface Vector {
  readonly name: string;
  readonly message: Message | null;
  readonly bytes: Uint8Array;
  readonly check: (bytes: Uint8Array) => void;
  readonly again: (bytes: Uint8Array) => Uint8Array;
  readonly frame: () => Uint8Array;
}

function vector<T>(name: string, codec: Codec<T>, value: T, message: Message | null = null): Vector {
  return {
    name,
    message,
    bytes: fromHex(file(name).cbor),
    check: (bytes) => expect(fromCbor(codec, bytes)).toStrictEqual(value),
    again: (bytes) => toCbor(codec, fromCbor(codec, bytes)),
    frame: () => frame(message ?? "answer", codec, value),
  };
}

const receiptOf = (answer: Answer): Receipt => Raw.open(Receipt, answer.receipt);

const VECTORS_KNOWN: readonly Vector[] = [
  vector("request-empty", ExchangeRequest, fixed.emptyRequest, "exchangeRequest"),
  vector("request-first", ExchangeRequest, fixed.firstRequest, "exchangeRequest"),
  vector("request-parcels", ExchangeRequest, fixed.pushingRequest, "exchangeRequest"),
  vector("request-renewal", ExchangeRequest, fixed.renewingRequest, "exchangeRequest"),
  vector("request-wants", ExchangeRequest, fixed.wantingRequest, "exchangeRequest"),
  vector("request-repair", ExchangeRequest, fixed.repairingRequest, "exchangeRequest"),
  vector("request-marks", ExchangeRequest, fixed.markingRequest, "exchangeRequest"),
  vector("request-returns", ExchangeRequest, fixed.returningRequest, "exchangeRequest"),
  vector("request-lease", ExchangeRequest, fixed.presentingRequest, "exchangeRequest"),
  vector("answer-empty", Answer, fixed.quietAnswer, "answer"),
  vector("answer-receipts", Answer, fixed.receiptingAnswer, "answer"),
  vector("answer-feed", Answer, fixed.feedingAnswer, "answer"),
  vector("answer-orders", Answer, fixed.orderingAnswer, "answer"),
  vector("enrol-request", EnrolRequest, fixed.enrolRequest, "enrolRequest"),
  vector("enrol-answer", EnrolAnswer, fixed.enrolAnswer, "enrolAnswer"),
  vector("receipt-empty", Receipt, receiptOf(fixed.quietAnswer)),
  vector("receipt-parcels", Receipt, receiptOf(fixed.receiptingAnswer)),
  vector("receipt-feed", Receipt, receiptOf(fixed.feedingAnswer)),
  vector("rest-empty", Rest, fixed.quietRest),
  vector("rest-feed", Rest, fixed.feedingRest),
  vector("rest-orders", Rest, fixed.orderingRest),
  vector("rest-decided", Rest, fixed.decidingRest),
  vector("rest-shared", Rest, fixed.sharingRest),
  vector("marks", Marks, fixed.marks),
  vector("mark", Mark, fixed.latestMark),
  vector("return", Return, fixed.returned),
  vector("feed-proof", FeedProof, fixed.returned.proof),
  vector("returned", Returned, fixed.returnedDocument),
  vector("parcel-receipt", ParcelReceipt, fixed.parcelReceipt),
  vector("parcel-receipt-refused", ParcelReceipt, fixed.refusedParcelReceipt),
  vector("document-fate", DocumentFate, fixed.documentFate),
  vector("run", Run, { count: 3, fate: { is: "held", code: "scope" } }),
  vector("feed-item", FeedItem, fixed.feed[1]),
  vector("decided", Decided, fixed.decided),
  vector("repair", Repair, fixed.repair),
  vector("repair-answer", RepairAnswer, fixed.repairAnswer),
  vector("renewal", Renewal, fixed.renewal),
  vector("lease", Lease, fixed.lease),
  vector("signed-lease", SignedLease, fixed.signedLease),
  vector("manifest-first", Manifest, fixed.firstManifest),
  vector("manifest-next", Manifest, fixed.nextManifest),
  vector("named", Named, fixed.caseLine),
  vector("stated", Stated, fixed.stated),
  vector("content", Content, fixed.contents[0]),
  vector("parcel-plain", Parcel, fixed.firstParcel),
  vector("parcel-statement", Parcel, fixed.statingParcel),
  vector("parcel-sealed", Parcel, fixed.sealedParcel),
  vector("courier-file", CourierFile, fixed.courierFile, "courier"),
  vector("courier-part", CourierPart, fixed.courierPart),
  vector("ask", Ask, fixed.ask),
  vector("return-file", ReturnFile, fixed.returnFile, "return"),
  vector("return-part", ReturnPart, fixed.returnPart),
  vector("reply", Reply, fixed.reply),
];

describe.each(VECTORS_KNOWN)("$name", ({ name, message, bytes, check, again, frame }) => {
  test("has the bytes that were committed, and reads back", () => {
    check(bytes);
    expect(toHex(again(bytes))).toBe(toHex(bytes));
  });

  test.runIf(message !== null)("reads back from its frame, and from ours", () => {
    const kind = message ?? "answer";
    expect(toHex(unframe(kind, fromHex(file(name).frame ?? "")))).toBe(toHex(bytes));
    expect(toHex(unframe(kind, frame()))).toBe(toHex(bytes));
  });

  test("passes over what a later version adds at the end", () => {
    const [first = 0] = bytes;
    // Empty fields at the end are not written: first they are.
    const empty = file(name).fields.length - (first - 0x80);
    const longer = (added: Uint8Array): Uint8Array =>
      concat(Uint8Array.of(first + empty + 1), bytes.subarray(1), fixed.repeated(0xf6, empty), added);
    for (const added of ["07", "646d6f7265", "820181f6", "a10102", "f6", "c101", "f98000", "f7", "e0"]) {
      expect(toHex(again(longer(fromHex(added)))), added).toBe(toHex(bytes));
    }
    expect(() => again(concat(bytes, Uint8Array.of(0xf6)))).toThrow(CodecError);
  });
});

test("every golden file is read here", () => {
  const known = [...VECTORS_KNOWN.map(({ name }) => `${name}.json`), "derived.json", "sealing.json", "courier.json"].sort();
  expect(readdirSync(VECTORS).sort()).toStrictEqual(known);
});

test("hashes and signatures have the bytes that were committed", () => {
  const derived = JSON.parse(readFileSync(new URL("derived.json", VECTORS), "utf8"));
  const hex = <T>(codec: Codec<T>, values: readonly T[]): string[] => values.map((value) => toHex(toCbor(codec, value)));
  const second = (rows: readonly (readonly [string, string])[]): string[] => rows.map(([, bytes]) => bytes);
  const abc = new TextEncoder().encode("abc");
  const purposes = PURPOSES.map((purpose) => [new TextDecoder().decode(purposePrefix(purpose)), hash(purpose, [abc])]);
  expect(purposes).toEqual(expect.arrayContaining(derived["hash of 'abc' for each purpose"]));
  expect(hex(Fate, fixed.everyFate)).toStrictEqual(second(derived["fate, as CBOR"]));
  expect(hex(Order, [...fixed.orders, { is: "showMarks" }])).toStrictEqual(second(derived["order, as CBOR"]));
  expect(hex(FeedWhat, ["changes", "entered", "left"])).toStrictEqual(second(derived["feed item's what, as CBOR"]));
  expect(hex(Statement, fixed.everyStatement)).toStrictEqual(second(derived["statement, as CBOR"]));
  const found = {
    "fingerprint of the user's key": fingerprint(fixed.userKey.public()),
    "public key of secret key 01 × 32 (hub)": toHex(fixed.hubKey.public()),
    "public key of secret key 02 × 32 (user)": toHex(fixed.userKey.public()),
    "signature of 'abc' by the user's key for manifests": toHex(fixed.userKey.sign("manifest", abc)),
    "hash of the manifest of parcel-plain": Parcel.hash(fixed.firstParcel),
    "commitment: salt 50…, document 20…, kind 1, changes 41… 42…, card 30…": fixed.caseLine.commitment,
    "commitment: salt 51…, document 21…, kind 2, change 43…": fixed.movementLine.commitment,
    "commitment to the statement of stated": Stated.commitment(fixed.stated),
    "digest: document 20…, change 41…": fixed.digest,
    "salts of leaves 0, 1 and 256 of seed 54…": [0, 1, 256].map((index) => toHex(leafSalt(fixed.SEED, index))),
    "leaves of rest-feed, its changes standing for hashes 41…, 42… and 43…": fixed.leaves,
    "hash of these leaves": leavesHash(fixed.leaves),
    "hash of the invitation 7K3Q-M2XP-9WTA": Invitation.hash(fixed.invitation),
    "hash of the token 14…": tokenHash(fixed.TOKEN),
  };
  expect(derived).toMatchObject(found);
});

test("an order of a later version is passed over and the others are read", () => {
  const rest = toHex(toCbor(Rest, fixed.orderingRest));
  const [first = "", ...others] = fixed.orders.map((order) => toHex(toCbor(Order, order)));
  const known = `87${first}${others.join("")}`;
  expect(rest).toContain(known);
  // One of an unknown number; one that is known, of an unknown kind.
  for (const unknown of ["821863820141ff", "82038109"]) {
    const later = rest.replace(known, `88${first}${unknown}${others.join("")}`);
    expect(fromCbor(Rest, fromHex(later))).toStrictEqual(fixed.orderingRest);
  }
});

test("limits are those of the Rust crate", () => {
  const source = readFileSync(new URL("../../src/limits.rs", import.meta.url), "utf8");
  const rust = new Map<string, number>();
  const value = (expression: string): number =>
    expression.split("*").reduce((product, factor) => {
      const term = factor.trim();
      const [base = "", shift] = term.split("<<");
      const number = rust.get(term) ?? Number(base.replaceAll("_", ""));
      return product * (shift === undefined ? number : number * 2 ** Number(shift));
    }, 1);
  // A limit may name another that stands below it: two rounds.
  for (let round = 0; round < 2; round += 1) {
    for (const [, name = "", expression = ""] of source.matchAll(/pub const (\w+): \w+ = ([^;]+);/g)) {
      rust.set(name, value(expression));
    }
  }
  for (const [name, limit] of Object.entries(limits)) expect(rust.get(name), name).toBe(limit);
});
