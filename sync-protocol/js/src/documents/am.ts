/**
 * One Automerge document in wasm memory: the only file that knows Automerge's interface for browsers.
 *
 * Owns: loading, saving, forking, changes and their hashes, reading and writing of single values. Plain strings are
 * scalars here, never shared texts. Refuses what the wasm refuses, as a typed error; after one the document must be freed.
 * Wasm memory is not collected in time: whoever makes a document frees it. What is written is decided in `write.ts`.
 */
import * as A from "@automerge/automerge/slim";
import { sha256 } from "@noble/hashes/sha2.js";
import { ChangeHash } from "../ids.js";
import type { Actor } from "../ids.js";

type Handle = ReturnType<typeof A.getBackend>;

/** An object in a document: `/` for its top map, else the operation that made it. */
export type ObjectId = string;

/** The top map of every document. */
export const ROOT: ObjectId = "/";

/** What can stand in a field: null for what means nothing to us (bytes, counters, timestamps, null). */
export type Scalar = string | boolean | number | null;

/** One of the values of a key, with the operation that wrote it: `COUNTER@ACTOR`. */
export type Stored =
  | { readonly is: "scalar"; readonly value: Scalar; readonly id: ObjectId }
  | { readonly is: "map" | "list" | "text" | "table"; readonly id: ObjectId };

/** A change as far as its header tells. */
export interface ChangeMeta {
  readonly hash: ChangeHash;
  /** In hexadecimal; ours have 16 bytes. */
  readonly actor: string;
  /** Its number among its actor's changes, from 1. */
  readonly seq: number;
  readonly deps: readonly ChangeHash[];
  /** Seconds since 1970. */
  readonly time: number;
  /** Counters of its first and its last operation. */
  readonly startOp: number;
  readonly maxOp: number;
}

/** Automerge refused, or broke; codes `document-load`, `document-change`, `document-merge`, `document-edit`. */
export class DocumentError extends Error {
  constructor(
    readonly code: "document-load" | "document-change" | "document-merge" | "document-edit",
    message: string,
  ) {
    super(message);
  }
}

function guarded<T>(code: DocumentError["code"], step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw error instanceof DocumentError ? error : new DocumentError(code, String(error));
  }
}

const MAGIC = [0x85, 0x6f, 0x4a, 0x83];
/** Where a chunk's hash begins: behind the magic number and the checksum. */
const HASHED_FROM = 8;
/** The chunk that is one change, not compressed. */
const CHANGE_CHUNK = 1;

/** Where the chunk that begins at `from` ends; undefined when it is none or is cut. */
function chunkEnd(bytes: Uint8Array, from: number): number | undefined {
  if (!MAGIC.every((byte, at) => bytes[from + at] === byte)) return undefined;
  let length = 0;
  for (let at = from + HASHED_FROM + 1, factor = 1; factor < 2 ** 35; at += 1, factor *= 128) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return at + 1 + length <= bytes.length ? at + 1 + length : undefined;
  }
  return undefined;
}

/**
 * The hash of an uncompressed change's bytes, its checksum and length compared.
 * @throws DocumentError `document-change`
 */
export function hashOfChange(raw: Uint8Array): ChangeHash {
  if (chunkEnd(raw, 0) !== raw.length || raw[HASHED_FROM] !== CHANGE_CHUNK) {
    throw new DocumentError("document-change", "these bytes are not one uncompressed change");
  }
  const hash = sha256(raw.subarray(HASHED_FROM));
  if (!hash.subarray(0, 4).every((byte, at) => byte === raw[MAGIC.length + at])) {
    throw new DocumentError("document-change", "the change's checksum does not fit its bytes");
  }
  return ChangeHash.fromBytes(hash);
}

type Meta = Omit<ChangeMeta, "hash" | "deps"> & { readonly hash: string; readonly deps: readonly string[] };

function metaOf({ hash, actor, seq, deps, time, startOp, maxOp }: Meta): ChangeMeta {
  return { hash: ChangeHash.parse(hash), actor, seq, deps: deps.map(ChangeHash.parse), time, startOp, maxOp };
}

/** The actor of documents in which nobody writes; forks are given their own. */
const NOBODY = "00";

let blank: Handle | undefined;

function empty(): Handle {
  // Forks of one empty document: the library's own way to a new one also builds a JavaScript object that nobody reads.
  blank ??= A.getBackend(A.init({ actor: NOBODY }));
  return blank.fork(NOBODY);
}

/** A document. Every method throws a `DocumentError` where Automerge refuses. */
export class Doc {
  private constructor(private readonly handle: Handle) {}

  /** A document without any change; start from `blank` of `constant.ts` instead. */
  static empty(): Doc {
    return new Doc(empty());
  }

  /** A saved one. Refused when cut, changed or followed by anything. */
  static load(bytes: Uint8Array): Doc {
    let at = 0;
    while (at < bytes.length) {
      const end = chunkEnd(bytes, at);
      if (end === undefined) throw new DocumentError("document-load", "the stored document is cut or is none");
      at = end;
    }
    if (at === 0) throw new DocumentError("document-load", "the stored document is empty");
    const doc = Doc.empty();
    try {
      // On a document that is not empty this would pass over damage; on an empty one it checks everything.
      guarded("document-load", () => doc.handle.loadIncremental(bytes));
      return doc;
    } catch (error) {
      doc.free();
      throw error;
    }
  }

  save(): Uint8Array {
    return guarded("document-merge", () => this.handle.save());
  }

  /** A copy, at its present heads. The caller frees it. */
  fork(actor?: Actor): Doc {
    return new Doc(guarded("document-merge", () => this.handle.fork(actor ?? NOBODY)));
  }

  /** A copy as it was at these heads, of which it must have every one. The caller frees it. */
  forkAt(heads: readonly ChangeHash[], actor?: Actor): Doc {
    return new Doc(guarded("document-merge", () => this.handle.fork(actor ?? NOBODY, [...heads])));
  }

  /** Gives its memory back; nothing may be asked of it afterwards. */
  free(): void {
    try {
      this.handle.free();
    } catch {
      // Something broke inside it before: its memory is lost until the page is left, and that is all.
    }
  }

  /** Its heads, in order of their text. */
  heads(): ChangeHash[] {
    return guarded("document-merge", () => this.handle.getHeads().map(ChangeHash.parse).sort());
  }

  /** Every change, each after what it depends on. */
  metas(): ChangeMeta[] {
    return guarded("document-merge", () => this.handle.getChangesMeta([]).map(metaOf));
  }

  meta(hash: ChangeHash): ChangeMeta | undefined {
    const found = guarded("document-merge", () => this.handle.getChangeMetaByHash(hash));
    return found === null ? undefined : metaOf(found);
  }

  has(hash: ChangeHash): boolean {
    return this.meta(hash) !== undefined;
  }

  /** The uncompressed bytes of one change. */
  change(hash: ChangeHash): Uint8Array | undefined {
    return guarded("document-merge", () => this.handle.getChangeByHash(hash)) ?? undefined;
  }

  /** The uncompressed bytes of every change, each after what it depends on. */
  changes(): Uint8Array[] {
    return guarded("document-merge", () => this.handle.getChanges([]));
  }

  /** Takes changes in. Those whose dependencies are missing wait inside: ask `has` for each afterwards. */
  apply(changes: readonly Uint8Array[]): void {
    guarded("document-merge", () => this.handle.applyChanges([...changes]));
  }

  keys(object: ObjectId): string[] {
    return guarded("document-merge", () => this.handle.keys(object));
  }

  /** Every concurrent value of a key, Automerge's winner last. */
  all(object: ObjectId, key: string): Stored[] {
    return guarded("document-merge", () => this.handle.getAll(object, key)).map((found) => {
      switch (found[0]) {
        case "map":
        case "list":
        case "text":
        case "table":
          return { is: found[0], id: found[1] };
        case "str":
        case "boolean":
          return { is: "scalar", value: found[1], id: found[2] };
        case "int":
        case "uint":
        case "f64":
          // Large ones come as a bigint, whatever the types say. What is inexact is beyond every bound of ours.
          return { is: "scalar", value: Number(found[1]), id: found[2] };
        default:
          return { is: "scalar", value: null, id: found[2] };
      }
    });
  }

  /** The value of a key that wins. */
  get(object: ObjectId, key: string): Stored | undefined {
    return this.all(object, key).at(-1);
  }

  text(object: ObjectId): string {
    return guarded("document-merge", () => this.handle.text(object));
  }

  put(object: ObjectId, key: string, value: string | boolean | number): void {
    const type = typeof value === "string" ? "str" : typeof value === "boolean" ? "boolean" : "int";
    guarded("document-edit", () => this.handle.put(object, key, value, type));
  }

  putMap(object: ObjectId, key: string): ObjectId {
    return guarded("document-edit", () => this.handle.putObject(object, key, {}));
  }

  /** Puts a text that merges letter by letter. */
  putText(object: ObjectId, key: string, text: string): void {
    guarded("document-edit", () => this.handle.putObject(object, key, text));
  }

  /** Changes a text to another, leaving the letters that both have. */
  updateText(object: ObjectId, text: string): void {
    guarded("document-edit", () => this.handle.updateText(object, text));
  }

  appendText(object: ObjectId, text: string): void {
    guarded("document-edit", () => this.handle.splice(object, this.handle.length(object), 0, text));
  }

  delete(object: ObjectId, key: string): void {
    guarded("document-edit", () => this.handle.delete(object, key));
  }

  /** Makes what was written one change, at `time` in seconds since 1970; undefined when nothing was. */
  commit(time: number): ChangeHash | undefined {
    const hash = guarded("document-edit", () => this.handle.commit(null, time));
    return hash === null ? undefined : ChangeHash.parse(hash);
  }
}
