/**
 * Manifests: what a user's key signs when work leaves a device.
 *
 * A manifest names documents and commits to their changes without revealing them: after an erasure nothing of the
 * content can be guessed from it, and it still verifies. Counters are per (installation, user) and may have gaps.
 */
import { hash, PublicKey } from "../crypto.js";
import {
  CardToken,
  ChangeHash,
  Channel,
  DocumentId,
  Hash,
  InstallationId,
  LogId,
  Millis,
  Position,
  Salt,
  SiteCode,
  UserId,
} from "../ids.js";
import { list, option, struct, u32, u64, u8, variants } from "./cbor.js";
import { Raw } from "./codec.js";
import { Digest } from "./digest.js";

/** One document of a manifest. */
export interface Named {
  /** Which document. */
  readonly document: DocumentId;
  /** The code of its kind, see `KIND_CODES`. */
  readonly kind: number;
  /** {@link commitment} to its changes. */
  readonly commitment: Hash;
}

export const Named = struct<Named>({ document: DocumentId, kind: u8, commitment: Hash });

/** What is signed, for manifests, as CBOR. */
export interface Manifest {
  /** The device's store. */
  readonly installation: InstallationId;
  /** The person who did the work. */
  readonly user: UserId;
  /** Grows with every manifest of this user on this installation; gaps are allowed. */
  readonly counter: number;
  /** The hash of the manifest before, if any: the same counter twice shows a clone. */
  readonly previous: Hash | null;
  /** The device's clock; decides nothing. */
  readonly created: Millis;
  /** The site at which new documents of this parcel begin; one of the user's. */
  readonly site: SiteCode;
  /** The documents, in the order of the parcel's contents. */
  readonly documents: readonly Named[];
  /** Commitments to the statements, in their order. */
  readonly statements: readonly Hash[];
}

export const Manifest = struct<Manifest>({
  installation: InstallationId,
  user: UserId,
  counter: u64,
  previous: option(Hash),
  created: Millis,
  site: SiteCode,
  documents: list(Named),
  statements: list(Hash),
});

/** Hash over salt, document, kind, the hashes of the changes and, if there is one, the card token. */
export function commitment(
  salt: Salt,
  document: DocumentId,
  kind: number,
  changes: readonly ChangeHash[],
  card: CardToken | null,
): Hash {
  // Hashes have 32 bytes, a token 12: which it is shows in the length.
  const hashes = changes.map((change) => ChangeHash.toBytes(change));
  const parts = [salt, DocumentId.toBytes(document), Uint8Array.of(kind), ...hashes];
  return hash("commitment", card === null ? parts : [...parts, card]);
}

/** The identity of a manifest: the hash over its signed bytes. */
export function manifestHash(manifest: Raw): Hash {
  return hash("manifest", [manifest]);
}

/** What a device states beside its work. */
export type Statement =
  /** What the device holds of a channel, from the hub or receipted by it, once it had read up to a position. */
  | {
      readonly is: "held";
      /** Whose positions these are. */
      readonly log: LogId;
      /** Read up to here. */
      readonly position: Position;
      /** Which channel. */
      readonly channel: Channel;
      /** The sum over its documents' changes. */
      readonly digest: Digest;
    }
  /** This change's edits were written again as another change; the old one can no longer be approved. */
  | { readonly is: "superseded"; readonly document: DocumentId; readonly change: ChangeHash }
  /** A document was shown on the device: when last by its clock, how often since it was last stated. */
  | { readonly is: "read"; readonly document: DocumentId; readonly at: Millis; readonly times: number }
  /** The writer has this key's device before their eyes and vouches for it. */
  | { readonly is: "vouched"; readonly key: PublicKey }
  /** The device is about to erase everything that it stores: the last that is heard of it. */
  | { readonly is: "wipeDone"; readonly at: Millis };

export const Statement = variants<Statement>({
  held: { log: LogId, position: Position, channel: Channel, digest: Digest },
  superseded: { document: DocumentId, change: ChangeHash },
  read: { document: DocumentId, at: Millis, times: u32 },
  vouched: { key: PublicKey },
  wipeDone: { at: Millis },
});

/** A statement as it travels beside its manifest. */
export interface Stated {
  /** Keeps the commitment from being guessed. */
  readonly salt: Salt;
  /** CBOR of a {@link Statement}; kinds that are not known yet are kept unread. */
  readonly statement: Raw;
}

export const Stated = {
  ...struct<Stated>({ salt: Salt, statement: Raw }),
  /** The commitment that the manifest carries for it. */
  commitment: (stated: Stated): Hash => hash("statement", [stated.salt, stated.statement]),
};
