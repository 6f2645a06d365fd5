/**
 * Giving back: how a device shows a hub which log it knows, and returns what that hub has lost.
 *
 * A hub may come back from an older copy of its folder, or exist twice. Its log then lacks entries for which devices
 * hold receipts. {@link Marks} show how much of the log both sides share; {@link Return} carries work of others that the
 * device was once fed, with the {@link FeedProof} that the hub itself had given it. What the device wrote itself goes
 * back as parcels. All of it is signed by the hub's key: what is not proves nothing. Checking is the hub's.
 */
import { Signature } from "../crypto.js";
import { ChainTag, ChangeHash, Channel, DocumentId, Hash, LogId, Position, Salt } from "../ids.js";
import { list, struct, u32, u8 } from "./cbor.js";
import { Raw } from "./codec.js";
import { SignedLease } from "./lease.js";

/** A point of a log: two logs with the same mark are the same up to there. */
export interface Mark {
  /** Which entry. */
  readonly position: Position;
  /** The first bytes of the chain hash there. */
  readonly tag: ChainTag;
}

export const Mark = struct<Mark>({ position: Position, tag: ChainTag });

/** What a device knows of the log, in answer to the order `showMarks`. */
export interface Marks {
  /** The log of which the earlier marks are; the receipt says its own. */
  readonly log: LogId;
  /** CBOR of the last `Receipt`, as signed. */
  readonly receipt: Raw;
  /** By the hub's key. */
  readonly signature: Signature;
  /** Marks of earlier receipts, the latest first, further and further apart: at most `MARKS_MAX`. */
  readonly earlier: readonly Mark[];
}

export const Marks = struct<Marks>({ log: LogId, receipt: Raw, signature: Signature, earlier: list(Mark) });

/** Shows that the hub once fed something: the receipt of that answer, and what makes its leaves again. */
export interface FeedProof {
  /** CBOR of the `Receipt`, as signed; it names the hash of the leaves. */
  readonly receipt: Raw;
  /** By the hub's key. */
  readonly signature: Signature;
  /** From which the salts of the leaves come: `Rest.seed` of that answer. */
  readonly seed: Salt;
  /** All leaves of that answer, in the order of its feed. */
  readonly leaves: readonly Hash[];
}

export const FeedProof = struct<FeedProof>({ receipt: Raw, signature: Signature, seed: Salt, leaves: list(Hash) });

/** One document of a {@link Return}. */
export interface Returned {
  /** Which leaf of the proof: the place of the item in that answer's feed. */
  readonly leaf: number;
  /** Which document. */
  readonly document: DocumentId;
  /** The code of its kind. */
  readonly kind: number;
  /** A channel through which the device had it. */
  readonly channel: Channel;
  /** Every change that the item carried, in its order: with them the leaf is made again. */
  readonly hashes: readonly ChangeHash[];
  /** Those that go back: whole change chunks, each after those it depends on. */
  readonly changes: readonly Raw[];
}

export const Returned = struct<Returned>({
  leaf: u32,
  document: DocumentId,
  kind: u8,
  channel: Channel,
  hashes: list(ChangeHash),
  changes: list(Raw),
});

/** What one answer once fed and the hub lacks now. */
export interface Return {
  /** That it was fed. */
  readonly proof: FeedProof;
  /** The documents that go back, at most `RETURN_DOCUMENTS_MAX` in a request. */
  readonly documents: readonly Returned[];
  /** The leases of those who wrote it, as the hub once sent them. */
  readonly authors: readonly SignedLease[];
}

export const Return = struct<Return>({ proof: FeedProof, documents: list(Returned), authors: list(SignedLease) });
