/**
 * Leases: the hub's certificate that a user works on an installation, under which key and which actor prefix.
 *
 * Owns the lease and its signature. Who may have one is the hub's business.
 */
import { PublicKey, Signature, type SecretKey } from "../crypto.js";
import { ActorPrefix, InstallationId, Millis, SiteCode, UserId } from "../ids.js";
import { struct, text, u8 } from "./cbor.js";
import { Raw } from "./codec.js";

/** What the hub certifies. Every device that sees this user's work gets it, to say who wrote what. */
export interface Lease {
  /** The device's store. */
  readonly installation: InstallationId;
  /** The person. */
  readonly user: UserId;
  /** The key that signs this person's manifests on this device. */
  readonly key: PublicKey;
  /** Every actor of this lease begins with it. */
  readonly prefix: ActorPrefix;
  /** The device's letters on human codes, e.g. `K7`. */
  readonly letters: string;
  /** The year on human codes, two digits. */
  readonly year: number;
  /** The user's home site. */
  readonly site: SiteCode;
  /** The name under which colleagues know the person. */
  readonly name: string;
  /** Hub time of issue. */
  readonly issued: Millis;
}

export const Lease = struct<Lease>({
  installation: InstallationId,
  user: UserId,
  key: PublicKey,
  prefix: ActorPrefix,
  letters: text,
  year: u8,
  site: SiteCode,
  name: text,
  issued: Millis,
});

/** A lease and the hub's signature over its bytes. */
export interface SignedLease {
  /** CBOR of a {@link Lease}. */
  readonly lease: Raw;
  /** By the hub's key, for leases. */
  readonly signature: Signature;
}

export const SignedLease = {
  ...struct<SignedLease>({ lease: Raw, signature: Signature }),
  /** Signs a lease with the hub's key. */
  sign(lease: Lease, hub: SecretKey): SignedLease {
    const raw = Raw.of(Lease, lease);
    return { lease: raw, signature: hub.sign("lease", raw) };
  },
  /** The lease, if the hub signed it. Throws `CryptoError` when it did not, `CodecError` when it cannot be read. */
  verify(signed: SignedLease, hub: PublicKey): Lease {
    PublicKey.verify(hub, "lease", signed.lease, signed.signature);
    return Raw.open(Lease, signed.lease);
  },
};
