/**
 * Enrolment: an invitation becomes a lease and a token.
 *
 * Owns the invitation's typed form (twelve characters, sixty bits, no look-alikes) and the two messages. An invitation
 * works once; the same device may repeat its request, since answers get lost.
 */
import { concat, utf8 } from "../bytes.js";
import { hash, PublicKey, Signature, type SecretKey } from "../crypto.js";
import { InstallationId, LogId, Salt, type Hash, type Id } from "../ids.js";
import { SealingPublic } from "../sealing.js";
import { option, struct, text } from "./cbor.js";
import { Raw } from "./codec.js";
import { ALPHABET, grouped, typed } from "./fingerprint.js";
import { SignedLease } from "./lease.js";

/** Characters of an invitation; five bits each. */
const CHARACTERS = 12;

/** A single-use invitation: sixty random bits, shown as `XXXX-XXXX-XXXX`. It works once, so it is in no log. */
export type Invitation = Id<"Invitation">;

/** A text that is no invitation. */
export class InvitationError extends Error {
  override readonly name = "InvitationError";

  constructor() {
    super(
      "an invitation has twelve letters and digits such as 7K3Q-M2XP-9WTA; spaces, hyphens and case do not matter",
    );
  }
}

const characters = (invitation: Invitation): Uint8Array => utf8(invitation.replaceAll("-", ""));

export const Invitation = {
  /** From twelve random bytes, of which five bits each are used. */
  fromRandom(random: Uint8Array): Invitation {
    return Invitation.parse(Array.from(random, (byte) => ALPHABET.charAt(byte & 31)).join(""));
  },
  /**
   * As typed or scanned: case, spaces and hyphens do not matter; O is read as 0, I and L as 1. Throws
   * {@link InvitationError} for anything else than twelve characters of the alphabet.
   */
  parse(found: string): Invitation {
    const read = typed(found, CHARACTERS);
    if (read === null) throw new InvitationError();
    return grouped(read) as Invitation;
  },
  /** As the hub keeps it. */
  hash: (invitation: Invitation): Hash => hash("invitation", [characters(invitation)]),
};

/** `POST /v1/enrol`. */
export interface EnrolRequest {
  /** The invitation, as typed. */
  readonly invitation: string;
  /** The device's store. */
  readonly installation: InstallationId;
  /** The key that will sign this user's manifests on it. */
  readonly key: PublicKey;
  /** By that key, for proofs. */
  readonly proof: Signature;
}

function enrolMessage(invitation: Invitation, installation: InstallationId, key: PublicKey): Uint8Array {
  return concat(utf8("enrol"), characters(invitation), InstallationId.toBytes(installation), key);
}

export const EnrolRequest = {
  ...struct<EnrolRequest>({ invitation: text, installation: InstallationId, key: PublicKey, proof: Signature }),
  /** Signs a request. */
  sign(invitation: Invitation, installation: InstallationId, key: SecretKey): EnrolRequest {
    const publicKey = key.public();
    const proof = key.sign("proof", enrolMessage(invitation, installation, publicKey));
    return { invitation, installation, key: publicKey, proof };
  },
  /** Checks that the sender holds the key it wants enrolled. Throws `CryptoError`. */
  verify(request: EnrolRequest, invitation: Invitation): void {
    const message = enrolMessage(invitation, request.installation, request.key);
    PublicKey.verify(request.key, "proof", message, request.proof);
  },
};

/** The hub's answer to an enrolment. */
export interface EnrolAnswer {
  /** The lease. */
  readonly lease: SignedLease;
  /** Opens the feed. */
  readonly token: Salt;
  /** Verifies receipts, leases and configuration from now on. */
  readonly hub: PublicKey;
  /** Which log. */
  readonly log: LogId;
  /** The signed configuration. */
  readonly configuration: Raw;
  /**
   * What is recorded is also sealed to this key, so that it can be sent by whoever has the device. Null: a hub that opens
   * nothing sealed.
   */
  readonly sealing: SealingPublic | null;
}

export const EnrolAnswer = struct<EnrolAnswer>({
  lease: SignedLease,
  token: Salt,
  hub: PublicKey,
  log: LogId,
  configuration: Raw,
  sealing: option(SealingPublic),
});

/** A token as the hub keeps it. */
export function tokenHash(token: Salt): Hash {
  return hash("token", [token]);
}
