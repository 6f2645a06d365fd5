/**
 * Parcels: a manifest and its contents, the unit of custody; the same over HTTPS and in a courier file.
 *
 * Owns packing, signing and checking that a parcel is one piece: the signature fits the lease's key, the counts and
 * commitments fit the contents. Whether its changes are sound is the hub's gate's question, whether its writer may write
 * there is the hub's.
 */
import { CryptoError, PublicKey, Signature, type SecretKey } from "../crypto.js";
import { CardToken, Salt, type ChangeHash, type Hash } from "../ids.js";
import { DOCUMENT_CHANGES_MAX, MANIFEST_DOCUMENTS_MAX, MANIFEST_STATEMENTS_MAX } from "../limits.js";
import { SealingError, SealingPublic, type SealingKey } from "../sealing.js";
import { list, option, struct, variants } from "./cbor.js";
import { CodecError, Raw } from "./codec.js";
import type { Lease } from "./lease.js";
import { commitment, Manifest, manifestHash, Stated } from "./manifest.js";

/** The changes of one document, beside its line in the manifest. */
export interface Content {
  /** Keeps the commitment from being guessed. */
  readonly salt: Salt;
  /** Whole Automerge change chunks, each after those it depends on. */
  readonly changes: readonly Raw[];
  /** The token of this case's card: issued with a new case, shown for one outside the writer's scope. */
  readonly card: CardToken | null;
}

export const Content = struct<Content>({ salt: Salt, changes: list(Raw), card: option(CardToken) });

/** What travels beside a manifest. */
export type Contents =
  /** Readable by whoever reads the message: one for each document of the manifest, one for each statement. */
  | { readonly is: "plain"; readonly documents: readonly Content[]; readonly statements: readonly Stated[] }
  /** A {@link SealedContents}, sealed to the hub's public key, see `sealing.ts`: whoever carries it cannot read it. */
  | { readonly is: "sealed"; readonly sealed: Raw };

export const Contents = variants<Contents>({
  plain: { documents: list(Content), statements: list(Stated) },
  sealed: { sealed: Raw },
});

/** What is sealed, as CBOR: the two lists of plain contents. */
export interface SealedContents {
  /** One for each document of the manifest. */
  readonly documents: readonly Content[];
  /** One for each statement. */
  readonly statements: readonly Stated[];
}

export const SealedContents = struct<SealedContents>({ documents: list(Content), statements: list(Stated) });

/** A parcel. */
export interface Parcel {
  /** CBOR of a {@link Manifest}, as signed. */
  readonly manifest: Raw;
  /** By the lease's key, for manifests. */
  readonly signature: Signature;
  /** Documents and statements. */
  readonly contents: Contents;
}

/** The stable codes of a parcel that is not one piece. */
export type ParcelCode =
  | "parcel-manifest"
  | "parcel-signature"
  | "parcel-lease"
  | "parcel-shape"
  | "parcel-statement"
  | "parcel-contents"
  | "parcel-sealed"
  | "parcel-sealed-opening"
  | "parcel-sealed-inside";

/** Why a parcel is not one piece of this lease's work. The whole parcel is refused; nothing was changed. */
export class ParcelError extends Error {
  override readonly name = "ParcelError";

  constructor(
    readonly code: ParcelCode,
    message: string,
  ) {
    super(message);
  }
}

/**
 * A parcel whose signature, counts and statements fit. Commitments to changes are checked with
 * `OpenedParcel.commitsTo`, once the changes' hashes are known.
 */
export interface OpenedParcel {
  /** The identity of the parcel. */
  readonly hash: Hash;
  /** The manifest. */
  readonly manifest: Manifest;
  /** One for each of the manifest's documents. */
  readonly documents: readonly Content[];
  /** One for each of the manifest's statements. */
  readonly statements: readonly Stated[];
}

export const OpenedParcel = {
  /** Whether the manifest commits to these changes of its `index`th document. */
  commitsTo(opened: OpenedParcel, index: number, changes: readonly ChangeHash[]): boolean {
    const named = opened.manifest.documents[index];
    const content = opened.documents[index];
    if (named === undefined || content === undefined) return false;
    return commitment(content.salt, named.document, named.kind, changes, content.card) === named.commitment;
  },
};

export const Parcel = {
  ...struct<Parcel>({ manifest: Raw, signature: Signature, contents: Contents }),
  /** Signs a manifest and puts its contents beside it. */
  sign(
    manifest: Manifest,
    documents: readonly Content[],
    statements: readonly Stated[],
    key: SecretKey,
  ): Parcel {
    const raw = Raw.of(Manifest, manifest);
    return { manifest: raw, signature: key.sign("manifest", raw), contents: { is: "plain", documents, statements } };
  },
  /**
   * Signs a manifest and seals its contents to the hub. `draw`: 32 fresh random bytes, used for nothing else. Throws
   * {@link CryptoError} when the hub's key is none.
   */
  async seal(
    manifest: Manifest,
    contents: SealedContents,
    key: SecretKey,
    hub: SealingPublic,
    draw: Uint8Array,
  ): Promise<Parcel> {
    const raw = Raw.of(Manifest, manifest);
    const sealed = await SealingPublic.seal(hub, Raw.of(SealedContents, contents), manifestHash(raw), draw);
    return { manifest: raw, signature: key.sign("manifest", raw), contents: { is: "sealed", sealed } };
  },
  /** The identity of this parcel: the hash of its manifest. */
  hash: (parcel: Parcel): Hash => manifestHash(parcel.manifest),
  /**
   * Checks that this is one piece of the lease's work, of contents that are not sealed. Throws {@link ParcelError}; the
   * whole parcel is then refused.
   */
  open(parcel: Parcel, lease: Lease): OpenedParcel {
    const manifest = signedManifest(parcel, lease);
    if (parcel.contents.is === "sealed") {
      const what = "sealed parcels are not accepted here; send it unsealed from the unlocked device";
      throw new ParcelError("parcel-sealed", what);
    }
    return opened(parcel, manifest, parcel.contents);
  },
  /** The same at a hub, which has the key for sealed contents. */
  async openSealed(parcel: Parcel, lease: Lease, sealing: SealingKey): Promise<OpenedParcel> {
    const manifest = signedManifest(parcel, lease);
    const { contents } = parcel;
    return opened(parcel, manifest, contents.is === "sealed" ? await unsealed(parcel, contents.sealed, sealing) : contents);
  },
};

async function unsealed(parcel: Parcel, sealed: Raw, sealing: SealingKey): Promise<SealedContents> {
  const otherwise = "send the work from the unlocked device";
  try {
    return Raw.open(SealedContents, await sealing.open(sealed, Parcel.hash(parcel)));
  } catch (error) {
    if (error instanceof SealingError) {
      const what = `the sealed contents cannot be opened: ${error.message}; ${otherwise}`;
      throw new ParcelError("parcel-sealed-opening", what);
    }
    if (error instanceof CodecError) {
      const what = `the sealed contents were opened and cannot be read: ${error.message}; ${otherwise}`;
      throw new ParcelError("parcel-sealed-inside", what);
    }
    throw error;
  }
}

function signedManifest(parcel: Parcel, lease: Lease): Manifest {
  let manifest: Manifest;
  try {
    PublicKey.verify(lease.key, "manifest", parcel.manifest, parcel.signature);
    manifest = Raw.open(Manifest, parcel.manifest);
  } catch (error) {
    if (error instanceof CryptoError) {
      const what = `the manifest was not signed by this lease's key: ${error.message}`;
      throw new ParcelError("parcel-signature", what);
    }
    if (error instanceof CodecError) {
      throw new ParcelError("parcel-manifest", `the manifest cannot be read: ${error.message}`);
    }
    throw error;
  }
  if (manifest.installation !== lease.installation || manifest.user !== lease.user) {
    const what = "the manifest names another installation or user than the lease it came with";
    throw new ParcelError("parcel-lease", what);
  }
  return manifest;
}

/** Checks the counts, and the statements against their commitments. Throws {@link ParcelError}. */
function opened(parcel: Parcel, manifest: Manifest, { documents, statements }: SealedContents): OpenedParcel {
  const wrong = (what: string): never => {
    throw new ParcelError("parcel-shape", `the manifest and its contents do not fit: ${what}`);
  };
  if (documents.length !== manifest.documents.length) wrong("another number of documents than the manifest names");
  if (statements.length !== manifest.statements.length) wrong("another number of statements than the manifest names");
  if (documents.length > MANIFEST_DOCUMENTS_MAX) wrong("more documents than one manifest may name");
  if (statements.length > MANIFEST_STATEMENTS_MAX) wrong("more statements than one manifest may carry");
  if (documents.some((content) => content.changes.length > DOCUMENT_CHANGES_MAX)) {
    wrong("more changes of one document than one parcel may carry");
  }
  if (new Set(manifest.documents.map((named) => named.document)).size !== documents.length) {
    wrong("a document is named twice");
  }
  const other = statements.findIndex((stated, index) => Stated.commitment(stated) !== manifest.statements[index]);
  if (other >= 0) {
    throw new ParcelError("parcel-statement", `statement ${other} is not the one that the manifest commits to`);
  }
  return { hash: Parcel.hash(parcel), manifest, documents, statements };
}
