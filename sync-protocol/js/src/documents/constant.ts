/**
 * Constants: every kind's first change, for ever the same bytes, which creates all its containers.
 *
 * Two sites that open the same case before either has synced start from the same change, so every field of both survives
 * the merge. The bytes come with the schema; Rust's golden files are the truth. Constants are never pushed.
 */
import { fromHex } from "../bytes.js";
import { ActorPrefix } from "../ids.js";
import type { ChangeHash } from "../ids.js";
import { Doc, hashOfChange } from "./am.js";
import { CONSTANTS } from "./schema.js";
import type { Kind } from "./types.js";

/** The first eight bytes of the actor of every constant (`segin/1 `); no lease is given this prefix. */
export const CONSTANT_ACTOR_PREFIX = ActorPrefix.parse("736567696e2f3120");

/** The actor of every constant: `segin/1 constant`. */
export const CONSTANT_ACTOR = `${CONSTANT_ACTOR_PREFIX}636f6e7374616e74`;

/** One constant change. */
export interface Constant {
  /** Schema version that it brings. */
  readonly version: number;
  /** The change, uncompressed. */
  readonly bytes: Uint8Array;
  readonly hash: ChangeHash;
}

const loaded = new Map<Kind, readonly Constant[]>();
const blanks = new Map<Kind, Doc>();

/** The constants of a kind, the oldest schema version first. */
export function constants(kind: Kind): readonly Constant[] {
  let known = loaded.get(kind);
  if (known === undefined) {
    known = CONSTANTS[kind].map((hex, at) => {
      const bytes = fromHex(hex);
      return { version: at + 1, bytes, hash: hashOfChange(bytes) };
    });
    loaded.set(kind, known);
  }
  return known;
}

/** The hashes of the constants of a kind, the oldest schema version first. The last is the head of a blank document. */
export function constantHashes(kind: Kind): readonly ChangeHash[] {
  return constants(kind).map((constant) => constant.hash);
}

/** A document with nothing but the constants. The caller frees it. */
export function blank(kind: Kind): Doc {
  let doc = blanks.get(kind);
  if (doc === undefined) {
    doc = Doc.empty();
    doc.apply(constants(kind).map((constant) => constant.bytes));
    blanks.set(kind, doc);
  }
  return doc.fork();
}
