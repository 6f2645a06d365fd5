/**
 * Digests: what a channel holds, in sixteen bytes, whatever its size.
 *
 * The sum modulo 2^128 of one number for each applied change of each document. Addition commutes, so both sides keep it
 * incrementally and in any order. It finds differences between honest parties; it proves nothing against a liar.
 * Constants and annexes do not count. Repair goes on from a difference (`exchange.ts`).
 */
import { fromHex, toHex } from "../bytes.js";
import { hashBytes } from "../crypto.js";
import { ChangeHash, DocumentId, type Id } from "../ids.js";
import { fixedBytes, mapped } from "./cbor.js";

/** A sum modulo 2^128: sixteen bytes, big endian, as 32 hexadecimal digits; equal sums are equal texts. */
export type Digest = Id<"Digest">;

const BYTES = 16;

const fromBytes = (bytes: Uint8Array): Digest => {
  if (bytes.length !== BYTES) throw new RangeError(`${bytes.length} bytes where there must be ${BYTES}`);
  return toHex(bytes) as Digest;
};
const toBytes = (digest: Digest): Uint8Array => fromHex(digest);
const toNumber = (digest: Digest): bigint => BigInt(`0x${digest}`);
const fromNumber = (number: bigint): Digest =>
  BigInt.asUintN(BYTES * 8, number).toString(16).padStart(BYTES * 2, "0") as Digest;

export const Digest = {
  ...mapped(fixedBytes(BYTES), toBytes, fromBytes),
  /** Of nothing. */
  EMPTY: fromNumber(0n),
  /** Of one change of one document: the first 16 bytes of a hash over both. */
  ofChange(document: DocumentId, change: ChangeHash): Digest {
    return fromBytes(hashBytes("digest", [DocumentId.toBytes(document), ChangeHash.toBytes(change)]).subarray(0, BYTES));
  },
  /** Both sums together. */
  plus: (a: Digest, b: Digest): Digest => fromNumber(toNumber(a) + toNumber(b)),
  /** The first sum without the other, which it must contain. */
  minus: (a: Digest, b: Digest): Digest => fromNumber(toNumber(a) - toNumber(b)),
  fromBytes,
  toBytes,
};
