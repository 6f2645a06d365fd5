/**
 * Answers: what the hub says after its fsync, signed.
 *
 * An answer is a {@link Receipt} (signed; kept by the device as proof) and the {@link Rest} (feed, cursor, orders), whose
 * hash the receipt carries. Owns fates, decisions and the salted leaves of what was fed; orders are in `order.ts`.
 */
import { u32Bytes } from "../bytes.js";
import { CryptoError, hash, hashBytes, PublicKey, Signature, type SecretKey } from "../crypto.js";
import { ActorPrefix, ChangeHash, Channel, DocumentId, Hash, LogId, Millis, Position, Salt } from "../ids.js";
import { bool, list, oneOf, option, optionalList, pair, struct, text, u16, u8, variants } from "./cbor.js";
import { CodecError, Raw } from "./codec.js";
import { Digest } from "./digest.js";
import { SignedLease } from "./lease.js";
import { knownOrders, type Order } from "./order.js";

export { Order, WipeWhen } from "./order.js";

/** What became of one or several changes. */
export type Fate =
  /** In the document. */
  | { readonly is: "applied" }
  /** Was there already. */
  | { readonly is: "duplicate" }
  /** Kept at the hub; a person must decide. With a stable code. */
  | { readonly is: "held"; readonly code: string }
  /** Not kept: these changes must come first. */
  | { readonly is: "waiting"; readonly changes: readonly ChangeHash[] }
  /** The document was erased; contents were not kept. */
  | { readonly is: "erased" }
  /** Not kept: not readable as this user's change. With a stable code and what was wrong, where. */
  | { readonly is: "refused"; readonly code: string; readonly sentence: string };

export const Fate = {
  ...variants<Fate>({
    applied: {},
    duplicate: {},
    held: { code: text },
    waiting: { changes: list(ChangeHash) },
    erased: {},
    refused: { code: text, sentence: text },
  }),
  /** Whether the hub has the change, so that the device need not send it again. */
  isKept: (fate: Fate): boolean => fate.is !== "waiting" && fate.is !== "refused",
};

/** A number of changes in a row with one fate. */
export interface Run {
  /** How many changes, in the order of the parcel. */
  readonly count: number;
  /** What became of them. */
  readonly fate: Fate;
}

export const Run = struct<Run>({ count: u16, fate: Fate });

/** What became of one document of a parcel. */
export interface DocumentFate {
  /** Its changes' fates; the counts add up to the number of changes sent. */
  readonly runs: readonly Run[];
  /** Channels of the user's scope that the document entered by this parcel. */
  readonly entered: readonly Channel[];
}

export const DocumentFate = struct<DocumentFate>({ runs: list(Run), entered: list(Channel) });

/** What became of one parcel. */
export interface ParcelReceipt {
  /** The hash of its manifest. */
  readonly manifest: Hash;
  /**
   * Where it stands in the log, the same each time it is sent again; where nothing of it is new, the log's end at that
   * moment. What was kept is for the fates to say. Null: refused whole, not kept.
   */
  readonly position: Position | null;
  /** One for each document; empty when the parcel was refused whole. */
  readonly documents: readonly DocumentFate[];
  /** Why it was refused whole: a stable code and a sentence. */
  readonly refused: readonly [code: string, sentence: string] | null;
}

export const ParcelReceipt = struct<ParcelReceipt>({
  manifest: Hash,
  position: option(Position),
  documents: list(DocumentFate),
  refused: option(pair(text, text)),
});

/** What the hub signs, for receipts, as CBOR. */
export interface Receipt {
  /** Which log. */
  readonly log: LogId;
  /** Hub time. */
  readonly at: Millis;
  /** Everything up to here was on disk, synced, when this was signed. */
  readonly head: Position;
  /** The chain hash at `head`. */
  readonly chain: Hash;
  /** Everything up to here exists a second time. */
  readonly copiedTo: Position;
  /** The parcels of the request, in its order. */
  readonly parcels: readonly ParcelReceipt[];
  /** {@link leavesHash} over the feed, if there was one. */
  readonly leaves: Hash | null;
  /** SHA-256 over the bytes of the rest. */
  readonly rest: Hash;
  /** Whose request this answers: another device does not believe it. */
  readonly lease: ActorPrefix;
}

export const Receipt = struct<Receipt>({
  log: LogId,
  at: Millis,
  head: Position,
  chain: Hash,
  copiedTo: Position,
  parcels: list(ParcelReceipt),
  leaves: option(Hash),
  rest: Hash,
  lease: ActorPrefix,
});

/** The second receipt: what a person decided on work of this lease that the hub had held. Signed as a part of the rest. */
export interface Decided {
  /** Where the decision stands in the log. */
  readonly position: Position;
  /** The parcel that brought the work. */
  readonly manifest: Hash;
  /** Which document. */
  readonly document: DocumentId;
  /** The fates of `changes`; the counts add up to their number. Rejected: refused with {@link DECIDED_REJECTED}. */
  readonly runs: readonly Run[];
  /** The changes that were decided, in the parcel's order. */
  readonly changes: readonly ChangeHash[];
  /** Channels of the user's scope that the document entered by this decision. */
  readonly entered: readonly Channel[];
}

export const Decided = struct<Decided>({
  position: Position,
  manifest: Hash,
  document: DocumentId,
  runs: list(Run),
  changes: list(ChangeHash),
  entered: list(Channel),
});

/** The code of a fate that a person's rejection is. */
export const DECIDED_REJECTED = "decided-rejected";

/**
 * Why a feed item was sent: new changes of a document that the channel holds; it entered the channel and comes whole;
 * it left the channel and nothing of it follows.
 */
export type FeedWhat = "changes" | "entered" | "left";
export const FeedWhat = oneOf<FeedWhat>("changes", "entered", "left");

/** Changes of one document that the user may see. */
export interface FeedItem {
  /** Which document. */
  readonly document: DocumentId;
  /** The code of its kind. */
  readonly kind: number;
  /** Index into `Rest.channels`: the channel through which it came. */
  readonly channel: number;
  /** What happened. */
  readonly what: FeedWhat;
  /** Whole change chunks, each after those it depends on. */
  readonly changes: readonly Raw[];
}

export const FeedItem = struct<FeedItem>({
  document: DocumentId,
  kind: u8,
  channel: u8,
  what: FeedWhat,
  changes: list(Raw),
});

/** The hub's half of a repair. */
export interface RepairAnswer {
  /** Index into `Rest.channels`. */
  readonly channel: number;
  /** Of the buckets that differ: every document of the channel and its sum. */
  readonly documents: readonly (readonly [DocumentId, Digest])[];
  /** Which buckets differ; bucket = first byte of the document id. */
  readonly buckets: readonly number[];
}

export const RepairAnswer = struct<RepairAnswer>({
  channel: u8,
  documents: list(pair(DocumentId, Digest)),
  buckets: list(u8),
});

/** The second part of an answer. */
export interface Rest {
  /** The channels of the user's scope. Empty: the feed is not open to this request (no token). */
  readonly channels: readonly Channel[];
  /** From which the salts of the leaves come, see {@link leafSalt}. */
  readonly seed: Salt | null;
  /** What the user may see and this request's cursor had not covered. */
  readonly feed: readonly FeedItem[];
  /** To send next time, as it is. */
  readonly cursor: Raw | null;
  /** Whether more follows at once. */
  readonly more: boolean;
  /** When nothing more follows: the digest of each of `channels`, in their order. */
  readonly digests: readonly Digest[];
  /** The leases of the feed's authors. */
  readonly leases: readonly SignedLease[];
  /** What the device is asked to do; orders that this version does not know are passed over. */
  readonly orders: readonly Order[];
  /** A new token, in answer to a renewal. */
  readonly token: Salt | null;
  /** A newer configuration than the request named. */
  readonly configuration: Raw | null;
  /** The position that the cursor stands for in every channel, once nothing more follows. */
  readonly position: Position | null;
  /** What a repair asked for, see `Repair`. */
  readonly repair: RepairAnswer | null;
  /** Decisions on work of this lease after the request's `decidedTo`, by position. */
  readonly decided: readonly Decided[];
  /** Up to which position all such decisions are now told; null: nothing new was looked at. */
  readonly decidedTo: Position | null;
  /** In answer to marks: up to where both know the same log. What was receipted beyond it is not here. */
  readonly shared: Position | null;
  /** What became of the documents that the request returned, in its order. */
  readonly returned: readonly DocumentFate[];
}

const restFields = struct<Rest>({
  channels: list(Channel),
  seed: option(Salt),
  feed: list(FeedItem),
  cursor: option(Raw),
  more: bool,
  digests: list(Digest),
  leases: list(SignedLease),
  orders: knownOrders,
  token: option(Salt),
  configuration: option(Raw),
  position: option(Position),
  repair: option(RepairAnswer),
  decided: list(Decided),
  decidedTo: option(Position),
  shared: option(Position),
  returned: optionalList(DocumentFate),
});

export const Rest = {
  ...restFields,
  /** Rust's `Rest::default()`: nothing of anything. */
  EMPTY: {
    channels: [],
    seed: null,
    feed: [],
    cursor: null,
    more: false,
    digests: [],
    leases: [],
    orders: [],
    token: null,
    configuration: null,
    position: null,
    repair: null,
    decided: [],
    decidedTo: null,
    shared: null,
    returned: [],
  } satisfies Rest,
};

/** An answer as it travels. */
export interface Answer {
  /** CBOR of a {@link Receipt}, as signed. */
  readonly receipt: Raw;
  /** By the hub's key. */
  readonly signature: Signature;
  /** CBOR of a {@link Rest}. */
  readonly rest: Raw;
}

/** Why an answer was not believed. Nothing of it may be used. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";

  constructor(
    readonly code: "signature" | "codec" | "rest",
    message: string,
  ) {
    super(message);
  }
}

export const Answer = {
  ...struct<Answer>({ receipt: Raw, signature: Signature, rest: Raw }),
  /** Signs an answer; sets the receipt's hash over the rest and the feed's leaves. */
  sign(receipt: Receipt, rest: Rest, leaves: Hash | null, hub: SecretKey): Answer {
    const rawRest = Raw.of(Rest, rest);
    const raw = Raw.of(Receipt, { ...receipt, rest: hash("receipt", [rawRest]), leaves });
    return { receipt: raw, signature: hub.sign("receipt", raw), rest: rawRest };
  },
  /** The two parts, if the hub signed them. Throws {@link AnswerError}; nothing of the answer may then be used. */
  open(answer: Answer, hub: PublicKey): { readonly receipt: Receipt; readonly rest: Rest } {
    try {
      const receipt = verifyReceipt(answer.receipt, answer.signature, hub);
      if (hash("receipt", [answer.rest]) !== receipt.rest) {
        throw new AnswerError("rest", "a part of the answer is not the one that the hub signed");
      }
      return { receipt, rest: Raw.open(Rest, answer.rest) };
    } catch (error) {
      if (error instanceof CryptoError) {
        const what = "the answer is not signed by the hub that this device was enrolled at";
        throw new AnswerError("signature", what);
      }
      if (error instanceof CodecError) throw new AnswerError("codec", `the answer cannot be read: ${error.message}`);
      throw error;
    }
  },
};

/**
 * Reads a receipt kept earlier, without the rest of its answer. Throws `CryptoError` when the hub did not sign it,
 * `CodecError` when it cannot be read.
 */
export function verifyReceipt(receipt: Raw, signature: Signature, hub: PublicKey): Receipt {
  PublicKey.verify(hub, "receipt", receipt, signature);
  return Raw.open(Receipt, receipt);
}

/** The salt of the `index`th leaf of an answer. */
export function leafSalt(seed: Salt, index: number): Salt {
  return hashBytes("leaf", [seed, u32Bytes(index)]).slice(0, Salt.LEN);
}

/** The leaf of one fed item: proves, with its salt, that the hub once fed these changes. */
export function leaf(salt: Salt, document: DocumentId, kind: number, changes: readonly ChangeHash[]): Hash {
  const hashes = changes.map((change) => ChangeHash.toBytes(change));
  return hash("leaf", [salt, DocumentId.toBytes(document), Uint8Array.of(kind), ...hashes]);
}

/** All leaves of an answer together, as the receipt carries them. */
export function leavesHash(leaves: readonly Hash[]): Hash {
  return hash("leaves", leaves.map((one) => Hash.toBytes(one)));
}
