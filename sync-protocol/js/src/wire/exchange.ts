/**
 * The request of an exchange: push first, pull by cursor, in one round trip.
 *
 * Owns {@link ExchangeRequest} and the proof that renews a token. The answer is in `answer.ts`.
 */
import { concat, utf8 } from "../bytes.js";
import { PublicKey, Signature, type SecretKey } from "../crypto.js";
import { ActorPrefix, Channel, DocumentId, LogId, Position, Salt } from "../ids.js";
import { list, option, optionalList, struct, u32 } from "./cbor.js";
import { Raw } from "./codec.js";
import { Digest } from "./digest.js";
import { SignedLease } from "./lease.js";
import { Parcel } from "./parcel.js";
import { Marks, Return } from "./returning.js";

/** The device's half of a repair: 256 sums, by the first byte of the document id. */
export interface Repair {
  /** Which channel. */
  readonly channel: Channel;
  /** `REPAIR_BUCKETS` sums. */
  readonly buckets: readonly Digest[];
}

export const Repair = struct<Repair>({ channel: Channel, buckets: list(Digest) });

/** Shows that the sender holds the lease's key. */
export interface Renewal {
  /** As the hub gave it. */
  readonly challenge: Salt;
  /** By the lease's key, for proofs. */
  readonly signature: Signature;
}

function renewalMessage(log: LogId, lease: ActorPrefix, challenge: Salt): Uint8Array {
  return concat(utf8("renew"), LogId.toBytes(log), ActorPrefix.toBytes(lease), challenge);
}

export const Renewal = {
  ...struct<Renewal>({ challenge: Salt, signature: Signature }),
  /** Answers a challenge. */
  sign(log: LogId, lease: ActorPrefix, challenge: Salt, key: SecretKey): Renewal {
    return { challenge, signature: key.sign("proof", renewalMessage(log, lease, challenge)) };
  },
  /** Checks the answer to a challenge. Throws `CryptoError` when another key signed, or for another challenge. */
  verify(renewal: Renewal, log: LogId, lease: ActorPrefix, key: PublicKey): void {
    PublicKey.verify(key, "proof", renewalMessage(log, lease, renewal.challenge), renewal.signature);
  },
};

/** `POST /v1/exchange`. */
export interface ExchangeRequest {
  /** Whose request this is: the prefix of the lease. Every parcel must be of this lease. */
  readonly lease: ActorPrefix;
  /** Opens the feed. Pushing needs none. */
  readonly token: Salt | null;
  /** From the last answer, as it was. Null: from the start. */
  readonly cursor: Raw | null;
  /** Work, oldest first. */
  readonly parcels: readonly Parcel[];
  /** Bytes that the answer's feed should not exceed, before compression; 0: no feed wanted. */
  readonly budget: number;
  /** Documents wanted whole, whatever the cursor says; those out of scope are passed over. */
  readonly wants: readonly DocumentId[];
  /** A repair of one channel. */
  readonly repair: Repair | null;
  /** The proof for the last challenge. */
  readonly renewal: Renewal | null;
  /** The version of the configuration that the device has; 0: none. */
  readonly configuration: number;
  /** Up to which position the device knows the decisions on its held work, see `Rest.decidedTo`. */
  readonly decidedTo: Position;
  /** What the device knows of the log: when the hub asked for it, or another log than before seems to answer. */
  readonly marks: Marks | null;
  /** Others' work that the hub had fed and lacks now. */
  readonly returns: readonly Return[];
  /** The lease itself, when the hub said that it does not know it. */
  readonly signedLease: SignedLease | null;
}

export const ExchangeRequest = struct<ExchangeRequest>({
  lease: ActorPrefix,
  token: option(Salt),
  cursor: option(Raw),
  parcels: list(Parcel),
  budget: u32,
  wants: list(DocumentId),
  repair: option(Repair),
  renewal: option(Renewal),
  configuration: u32,
  decidedTo: Position,
  marks: option(Marks),
  returns: optionalList(Return),
  signedLease: option(SignedLease),
});
