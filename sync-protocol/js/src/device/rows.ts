/**
 * What a device stores: typed keys, CBOR values, in batches that are written whole or not at all.
 *
 * *Hot* rows are read once when the device is opened; *cold* rows are read when they are needed. Owns the byte forms of
 * both; a store need not understand them.
 */
import { Signature } from "../crypto.js";
import { KIND_CODES } from "../documents/types.js";
import type { Kind } from "../documents/types.js";
import { CardToken, ChangeHash, Channel, DocumentId, Hash, Millis, Position } from "../ids.js";
import { bool, list, oneOf, option, pair, struct, text, u32, u64, u8, variants, withDefault } from "../wire/cbor.js";
import { Raw } from "../wire/codec.js";
import { Digest } from "../wire/digest.js";
import { WipeWhen } from "../wire/order.js";
import { Key } from "./keys.js";

export { Key };

/** Rows as they were read; null where there is no such row. */
export type Rows = readonly (readonly [Key, Uint8Array | null])[];

/** One line of a batch. */
export type Write =
  /** Store or replace. */
  | { readonly is: "put"; readonly key: Key; readonly bytes: Uint8Array }
  /** Remove; nothing to do when it is not there. */
  | { readonly is: "delete"; readonly key: Key };

/** A stored row that cannot be read. */
export class RowError extends Error {
  constructor(
    /** Which table; names no document. */
    readonly key: string,
    /** What is wrong. */
    readonly error: Error,
  ) {
    super(`the device's store holds a row that cannot be read (${key}): ${error.message}`);
    this.name = "RowError";
  }
}

/** That a document was shown. */
export interface Read {
  /** When last. */
  readonly at: Millis;
  /** How often, as far as no receipt covers it. */
  readonly times: number;
  /** The parcel that states it and has no receipt yet, and how often it says. */
  readonly packed: readonly [number, number] | null;
}

export const Read = struct<Read>({ at: Millis, times: u32, packed: option(pair(u64, u32)) });

/** The only row of a store that was erased by order. */
export interface Wiped {
  /** By the device's clock. */
  readonly at: Millis;
  /** Whether the hub had ordered it at once; else everything had been receipted. */
  readonly when: WipeWhen;
}

export const Wiped = struct<Wiped>({ at: Millis, when: WipeWhen });

/** Where a document stands: readable here; an annex that is at the hub and no longer readable here; erased by decision. */
export type Standing = "open" | "closed" | "erased";
export const Standing = oneOf<Standing>("open", "closed", "erased");

/** The summary of one document. */
export interface Entry {
  /** The code of its kind. */
  readonly kind: number;
  /** Channels of the user's scope that hold it. */
  readonly channels: readonly Channel[];
  /** The sum over its changes that the hub has. */
  readonly sum: Digest;
  /** Changes of the copy that the hub is not known to have applied. */
  readonly uncounted: readonly ChangeHash[];
  /** The card token, as issued or scanned here. */
  readonly card: CardToken | null;
  /** The human code, as given here. */
  readonly code: string | null;
  readonly standing: Standing;
  /** Of `uncounted`, what a colleague recorded on this device: it is on its way to the hub from there. */
  readonly neighbours: readonly ChangeHash[];
}

export const Entry = struct<Entry>({
  kind: u8,
  channels: list(Channel),
  sum: Digest,
  uncounted: list(ChangeHash),
  card: option(CardToken),
  code: option(text),
  standing: Standing,
  neighbours: withDefault(list(ChangeHash), []),
});

/** The kind of a code that stands on wire and disk; null for one that this version does not know. */
export function kindOf(code: number): Kind | null {
  return KINDS.find((kind) => KIND_CODES[kind] === code) ?? null;
}

const KINDS = ["case", "movement", "household", "annex", "link", "referral"] as const satisfies readonly Kind[];

/** What became of a work so far. */
export type WorkState =
  /** Stored here, not sent. */
  | { readonly is: "local" }
  /** In the parcel of this counter, whose receipt has not come. */
  | { readonly is: "packed"; readonly counter: number }
  /** At the hub, for a person to decide who may: later changes hang on it. */
  | { readonly is: "heldWho"; readonly code: string }
  /** At the hub, for a person to decide what it says: the rest is replayed without it. */
  | { readonly is: "heldWhat"; readonly code: string }
  /** Not accepted. */
  | { readonly is: "refused"; readonly code: string; readonly sentence: string };

export const WorkState = variants<WorkState>({
  local: {},
  packed: { counter: u64 },
  heldWho: { code: text },
  heldWhat: { code: text },
  refused: { code: text, sentence: text },
});

/** One change that is not applied at the hub yet. */
export interface Work {
  readonly document: DocumentId;
  /** The change. */
  readonly hash: ChangeHash;
  /** Its bytes. */
  readonly raw: Raw;
  /** What became of it so far. */
  readonly state: WorkState;
  /** How often its edits were written again. */
  readonly replays: number;
  /** The counter of the sealed parcel that it is in, see the table `sealed`. */
  readonly sealed: number | null;
  /** In how many syncs the hub said that it must wait for what a colleague recorded on this device. */
  readonly waits: number;
}

export const Work = struct<Work>({
  document: DocumentId,
  hash: ChangeHash,
  raw: Raw,
  state: WorkState,
  replays: u8,
  sealed: option(u64),
  waits: withDefault(u8, 0),
});

/** The typed edits of a work. */
export interface EditsRow {
  readonly shown: readonly ChangeHash[];
  /** JSON of the list of edits. */
  readonly edits: Raw;
  readonly at: Millis;
}

export const EditsRow = struct<EditsRow>({ shown: list(ChangeHash), edits: Raw, at: Millis });

/** A parcel that was packed. */
export interface ParcelInfo {
  /** The hash of its manifest. */
  readonly manifest: Hash;
  /** Bytes of the parcel. */
  readonly bytes: number;
  /** Its documents and their changes, in its order. */
  readonly documents: readonly (readonly [DocumentId, readonly ChangeHash[]])[];
  /** Where it stands in the log; none: no receipt yet. */
  readonly position: Position | null;
  /** To be given back to a hub that lost it. */
  readonly again: boolean;
  /** Rows of the table `aside` whose superseding it states. */
  readonly states: readonly number[];
}

export const ParcelInfo = struct<ParcelInfo>({
  manifest: Hash,
  bytes: u32,
  documents: list(pair(DocumentId, list(ChangeHash))),
  position: option(Position),
  again: bool,
  states: list(u64),
});

/** An answer with a feed whose proof is kept. */
export interface FedInfo {
  /** Up to where the log was on disk then. */
  readonly head: Position;
  /** Bytes of its cold rows. */
  readonly bytes: number;
  /** The documents of which it proves something. */
  readonly documents: readonly DocumentId[];
  /** Of a log that the hub's of today does not reach: no second copy covers it. */
  readonly beyond: boolean;
}

export const FedInfo = struct<FedInfo>({ head: Position, bytes: u32, documents: list(DocumentId), beyond: bool });

/** One item of such a feed: its leaf proves these changes. */
export interface FedItem {
  /** Its place in the feed. */
  readonly leaf: number;
  /** The code of its kind. */
  readonly kind: number;
  /** Through which it came. */
  readonly channel: Channel;
  /** Its changes. */
  readonly hashes: readonly ChangeHash[];
}

export const FedItem = struct<FedItem>({ leaf: u32, kind: u8, channel: Channel, hashes: list(ChangeHash) });

/** A change that was not accepted. */
export interface Aside {
  readonly document: DocumentId;
  /** The change. */
  readonly hash: ChangeHash;
  /** Its bytes. */
  readonly raw: Raw;
  /** The stable code. */
  readonly code: string;
  /** What was wrong. */
  readonly sentence: string;
  /** The change in which the same edits were written again; none: they wait for a person. */
  readonly supersededBy: ChangeHash | null;
  /** Whether the hub was told. */
  readonly told: boolean;
}

export const Aside = struct<Aside>({
  document: DocumentId,
  hash: ChangeHash,
  raw: Raw,
  code: text,
  sentence: text,
  supersededBy: option(ChangeHash),
  told: bool,
});

/** A receipt as it is kept: verify it with `verifyReceipt` of `wire/answer.ts`. */
export interface KeptReceipt {
  /** CBOR of the receipt, as signed. */
  readonly receipt: Raw;
  /** The hub's. */
  readonly signature: Signature;
}

export const KeptReceipt = struct<KeptReceipt>({ receipt: Raw, signature: Signature });
