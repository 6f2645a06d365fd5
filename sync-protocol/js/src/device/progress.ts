/** Who a device is and how far it has come: the two rows that there is one of. */
import { PublicKey } from "../crypto.js";
import { Channel, DocumentId, Hash, InstallationId, LogId, Millis, Position, Salt, SiteCode } from "../ids.js";
import { SealingPublic } from "../sealing.js";
import { bool, fixedBytes, list, oneOf, option, optionalList, pair, struct, u32, u64, withDefault } from "../wire/cbor.js";
import { Raw } from "../wire/codec.js";
import { Digest } from "../wire/digest.js";
import { SignedLease } from "../wire/lease.js";
import { Mark } from "../wire/returning.js";

export interface Enrolled {
  readonly lease: SignedLease;
  token: Salt | null;
  readonly hub: PublicKey;
  log: LogId;
  /** What is recorded is sealed to it as well; none: a hub that opens nothing sealed. */
  readonly sealing: SealingPublic | null;
}

export const Enrolled = struct<Enrolled>({
  lease: SignedLease,
  token: option(Salt),
  hub: PublicKey,
  log: LogId,
  sealing: option(SealingPublic),
});

/** Who this device is. */
export interface Identity {
  readonly installation: InstallationId;
  /** The secret key's 32 bytes; the store seals them. */
  readonly secret: Uint8Array;
  /** Set once the hub has answered. */
  enrolled: Enrolled | null;
}

export const Identity = struct<Identity>({
  installation: InstallationId,
  secret: fixedBytes(32),
  enrolled: option(Enrolled),
});

/**
 * How the lease stands at the hub, as far as this device was told. Pending (waits to be confirmed) and revoked: work is
 * sent and held for a person, nothing is read.
 */
export type LeaseStanding = "active" | "pending" | "revoked";
export const LeaseStanding = oneOf<LeaseStanding>("active", "pending", "revoked");

/** A key that the user vouches for. */
export interface Vouch {
  readonly key: PublicKey;
  /** The parcel that states it and has no receipt yet. */
  readonly parcel: number | null;
}

export const Vouch = struct<Vouch>({ key: PublicKey, parcel: option(u64) });

/** An order to erase everything once it is receipted. */
export interface PendingWipe {
  /** The parcel that says so. */
  readonly parcel: number | null;
  /** Whether the hub has it. */
  readonly told: boolean;
}

export const PendingWipe = struct<PendingWipe>({ parcel: option(u64), told: bool });

/** What moves with every edit or exchange. */
export interface Progress {
  /** The counter of the last manifest; moves before anything is sent. */
  counter: number;
  previous: Hash | null;
  /** The last number given to a work. */
  sequence: number;
  /** The last counter of a human code. */
  code: number;
  cursor: Raw | null;
  /** The highest head that a receipt named. */
  head: Position;
  /** Up to where the last complete feed had been read. */
  readTo: Position;
  /** What the device then held of each channel. */
  held: readonly (readonly [Channel, Digest])[];
  /** To be proved in the next request. */
  challenge: Salt | null;
  /** Documents to ask for whole. */
  wants: readonly DocumentId[];
  /** The version of the configuration that is stored. */
  configuration: number;
  /** Hub time of the last answer. */
  syncedAt: Millis | null;
  /** Up to where the hub said that a second copy exists. */
  copiedTo: Position;
  /** Up to which position the decisions on held work are known. */
  decidedTo: Position;
  /** How the lease stands, as the last answer said. */
  standing: LeaseStanding;
  /** Keys to vouch for that the hub was not told of. */
  vouches: readonly Vouch[];
  /** Set while everything is to be erased once it is receipted. */
  wipe: PendingWipe | null;
  /** Where new documents begin, once the user no longer works at the lease's site. */
  site: SiteCode | null;
  /** Receipts of parcels with a lower counter are no longer kept. */
  receiptsFrom: number;
  /** Points of the log that receipts named, oldest first, further and further apart: at most `MARKS_MAX`. */
  marks: readonly Mark[];
  /** Documents of which the hub lacks something, to be looked at what of it goes back. */
  returns: readonly DocumentId[];
}

export const Progress = struct<Progress>({
  counter: u64,
  previous: option(Hash),
  sequence: u64,
  code: u32,
  cursor: option(Raw),
  head: Position,
  readTo: Position,
  held: list(pair(Channel, Digest)),
  challenge: option(Salt),
  wants: list(DocumentId),
  configuration: u32,
  syncedAt: option(Millis),
  copiedTo: Position,
  decidedTo: withDefault(Position, 0),
  standing: withDefault(LeaseStanding, "active"),
  vouches: withDefault(list(Vouch), []),
  wipe: option(PendingWipe),
  site: option(SiteCode),
  receiptsFrom: withDefault(u64, 0),
  marks: optionalList(Mark),
  returns: optionalList(DocumentId),
});

/** A new device's progress. */
export function noProgress(): Progress {
  return {
    counter: 0,
    previous: null,
    sequence: 0,
    code: 0,
    cursor: null,
    head: 0,
    readTo: 0,
    held: [],
    challenge: null,
    wants: [],
    configuration: 0,
    syncedAt: null,
    copiedTo: 0,
    decidedTo: 0,
    standing: "active",
    vouches: [],
    wipe: null,
    site: null,
    receiptsFrom: 0,
    marks: [],
    returns: [],
  };
}
