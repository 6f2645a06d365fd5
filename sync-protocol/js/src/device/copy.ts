/**
 * All that touches Automerge on the device: loading, merging what was fed, saving.
 *
 * What comes down is signed by the hub, which tried it before; still, a document that cannot be read or merged must not
 * stop the others, so whatever breaks is an error of that one document. Wasm memory is not collected in time: whoever
 * makes a copy frees it, best with {@link withCopy}.
 */
import { Doc, DocumentError, hashOfChange } from "../documents/am.js";
import { conflicts } from "../documents/conflict.js";
import { blank, constantHashes, constants } from "../documents/constant.js";
import type { Kind } from "../documents/types.js";
import { fromHex } from "../bytes.js";
import { ActorPrefix } from "../ids.js";
import type { ChangeHash } from "../ids.js";
import type { Raw } from "../wire/codec.js";

const SENTENCES = {
  load: "the stored copy cannot be read",
  change: "a change cannot be read",
  merge: "the changes cannot be merged",
} as const;

/** A document that could not be read or merged. The caller still has what it had. */
export class CopyError extends Error {
  override readonly name = "CopyError";

  constructor(readonly code: keyof typeof SENTENCES) {
    super(SENTENCES[code]);
  }

  /** Whether an error is about one document, so that the others go on. */
  static isAbout(error: unknown): error is Error {
    return error instanceof CopyError || error instanceof DocumentError;
  }

  /** What the step makes; null when it throws what is about this one document. */
  static nullFor<T>(step: () => T): T | null {
    try {
      return step();
    } catch (error) {
      if (CopyError.isAbout(error)) return null;
      throw error;
    }
  }
}

function guarded<T>(code: CopyError["code"], step: () => T): T {
  try {
    return step();
  } catch (error) {
    // Whatever the library throws, a trap of the wasm too, is about this one document.
    if (error instanceof DocumentError) throw new CopyError(code);
    throw error;
  }
}

/** Does the step with a copy, which is freed afterwards. */
export function withCopy<T>(copy: Copy, step: (copy: Copy) => T): T {
  try {
    return step(copy);
  } finally {
    copy.free();
  }
}

/** A document in memory, for the time of one step. */
export class Copy {
  private constructor(
    readonly kind: Kind,
    readonly doc: Doc,
  ) {}

  /** An empty document of the kind. */
  static blank(kind: Kind): Copy {
    return new Copy(kind, blank(kind));
  }

  /** A stored one, with the constants of this version. Throws {@link CopyError}. */
  static load(kind: Kind, bytes: Uint8Array): Copy {
    const copy = new Copy(kind, guarded("load", () => Doc.load(bytes)));
    try {
      guarded("load", () => {
        const newest = constantHashes(kind).at(-1);
        if (newest !== undefined && !copy.doc.has(newest)) copy.doc.apply(constants(kind).map((one) => one.bytes));
      });
      return copy;
    } catch (error) {
      copy.free();
      throw error;
    }
  }

  /** Gives its memory back; nothing may be asked of it afterwards. */
  free(): void {
    this.doc.free();
  }

  /** The same document once more. The caller frees it. */
  clone(): Copy {
    return new Copy(this.kind, guarded("merge", () => this.doc.fork()));
  }

  /** Its saved form. */
  save(): Uint8Array {
    return this.doc.save();
  }

  /** Its heads, in the order of their bytes. */
  heads(): ChangeHash[] {
    return this.doc.heads();
  }

  /** Whether it has this change. */
  has(change: ChangeHash): boolean {
    return this.doc.has(change);
  }

  /** Every change of it but the constants. */
  hashes(): ChangeHash[] {
    const constants = constantHashes(this.kind);
    return this.doc
      .metas()
      .map((meta) => meta.hash)
      .filter((hash) => !constants.includes(hash));
  }

  /** The changes that a change of this document depends on. */
  deps(change: ChangeHash): readonly ChangeHash[] {
    return this.doc.meta(change)?.deps ?? [];
  }

  /** Whose change it is, of those that this document has. */
  author(change: ChangeHash): ActorPrefix | null {
    const actor = this.doc.meta(change)?.actor;
    return actor === undefined ? null : ActorPrefix.fromSlice(fromHex(actor).subarray(0, ActorPrefix.LEN));
  }

  /** Merges changes. Throws {@link CopyError}; this copy must then be dropped. */
  merge(raw: readonly Raw[]): void {
    const hashes = raw.map(hashOf);
    guarded("merge", () => this.doc.apply(raw));
    // What waits for something that did not come is not part of the document.
    if (!hashes.every((hash) => guarded("merge", () => this.doc.has(hash)))) throw new CopyError("merge");
  }

  /** This copy with the changes if they fit, else as it was; frees the one that is given up. */
  mergedIfFitting(raw: readonly Raw[]): Copy {
    const merged = this.clone();
    try {
      merged.merge(raw);
    } catch (error) {
      merged.free();
      if (CopyError.isAbout(error)) return this;
      throw error;
    }
    this.free();
    return merged;
  }

  /** A document with those changes of this one that are named, and what they need. Throws {@link CopyError}. */
  only(keep: ReadonlySet<ChangeHash>): Copy {
    const copy = Copy.blank(this.kind);
    try {
      guarded("merge", () => copy.doc.apply(this.raw(keep)));
      return copy;
    } catch (error) {
      copy.free();
      throw error;
    }
  }

  /** The bytes of those of its changes that are named. */
  raw(wanted: ReadonlySet<ChangeHash>): Raw[] {
    return this.doc.changes().filter((raw) => wanted.has(hashOfChange(raw)));
  }

  /** How many fields have more than one value; looked at only where branches meet. */
  conflicts(): number {
    if (this.doc.heads().length < 2) return 0;
    return CopyError.nullFor(() => guarded("merge", () => conflicts(this.kind, this.doc).length)) ?? 0;
  }
}

/** The hash of a change's bytes. Throws {@link CopyError}. */
export function hashOf(raw: Raw): ChangeHash {
  return guarded("change", () => hashOfChange(raw));
}
