/** The names of the rows that a device stores: a table, and what is within it. What stands in them: `rows.ts`. */
import { fromHex, toHex } from "../bytes.js";
import { ActorPrefix, DocumentId } from "../ids.js";

/** Tables from this one on are cold. */
const COLD = 0x80;

/** The name of a row. */
export type Key =
  /** Hot: who this device is. */
  | { readonly is: "identity" }
  /** Hot: counters, cursor and what was last compared. */
  | { readonly is: "progress" }
  /** Hot: the summary of one document. */
  | { readonly is: "entry"; readonly document: DocumentId }
  /** Hot: one change that is not applied at the hub yet. */
  | { readonly is: "work"; readonly number: number }
  /** Hot: one parcel that was packed, by its counter. */
  | { readonly is: "parcel"; readonly number: number }
  /** Hot: one change that was not accepted and is kept aside. */
  | { readonly is: "aside"; readonly number: number }
  /** Hot: that a document was shown, as far as the hub was not told. */
  | { readonly is: "read"; readonly document: DocumentId }
  /** Hot: everything was erased by order. Then this is the only row. */
  | { readonly is: "wiped" }
  /** Hot: an answer with a feed whose proof is kept, by its number. */
  | { readonly is: "fed"; readonly number: number }
  /** Cold: a document in Automerge's saved form, own unsent work included. */
  | { readonly is: "copy"; readonly document: DocumentId }
  /** Cold: the typed edits of a work, to replay them. */
  | { readonly is: "edits"; readonly number: number }
  /** Cold: the bytes of a parcel. */
  | { readonly is: "parcelBytes"; readonly number: number }
  /** Cold: the hub's signed receipt for a parcel. */
  | { readonly is: "receipt"; readonly number: number }
  /** Cold: the signed configuration. */
  | { readonly is: "configuration" }
  /** Cold: the signed lease of an author, by its prefix. */
  | { readonly is: "lease"; readonly prefix: ActorPrefix }
  /** Cold: a row of the shell's own. */
  | { readonly is: "shell"; readonly bytes: Uint8Array }
  /**
   * Cold: CBOR of a parcel that is sealed to the hub, by its counter. Kept outside the user's encryption: whoever has the
   * device can send it, only the hub can read it.
   */
  | { readonly is: "sealed"; readonly number: number }
  /** Cold: the courier files that were made here, see `courier.ts`. */
  | { readonly is: "courier" }
  /** Cold: the hub's last receipt, signed: which log this device knows. */
  | { readonly is: "lastReceipt" }
  /** Cold: what proves the answer of this number. */
  | { readonly is: "fedProof"; readonly number: number }
  /** Cold: what that answer carried of a document. */
  | { readonly is: "fedItems"; readonly number: number; readonly document: DocumentId };

const KEYS = [
  "identity",
  "progress",
  "entry",
  "work",
  "parcel",
  "aside",
  "read",
  "wiped",
  "fed",
  "copy",
  "edits",
  "parcelBytes",
  "receipt",
  "configuration",
  "lease",
  "shell",
  "sealed",
  "courier",
  "lastReceipt",
  "fedProof",
  "fedItems",
] as const;

const TABLES: Readonly<Record<Key["is"], number>> = {
  identity: 0x01,
  progress: 0x02,
  entry: 0x03,
  work: 0x04,
  parcel: 0x05,
  aside: 0x06,
  read: 0x07,
  wiped: 0x08,
  fed: 0x09,
  copy: 0x81,
  edits: 0x82,
  parcelBytes: 0x83,
  receipt: 0x84,
  configuration: 0x85,
  lease: 0x86,
  shell: 0x87,
  sealed: 0x88,
  courier: 0x89,
  lastReceipt: 0x8a,
  fedProof: 0x8b,
  fedItems: 0x8c,
};

const NAMES: ReadonlyMap<number, Key["is"]> = new Map(
  KEYS.map((is) => [TABLES[is], is]),
);

/** What a key is within its table, in hexadecimal. */
function within(key: Key): string {
  const number = "number" in key ? key.number.toString(16).padStart(16, "0") : "";
  if ("document" in key) return number + key.document.replaceAll("-", "");
  if ("number" in key) return number;
  if ("prefix" in key) return key.prefix;
  return "bytes" in key ? toHex(key.bytes) : "";
}

/** A key by its table and what it is within it; null when it is none. */
function keyOf(is: Key["is"], rest: Uint8Array): Key | null {
  switch (is) {
    case "identity":
    case "progress":
    case "wiped":
    case "configuration":
    case "courier":
    case "lastReceipt":
      return rest.length === 0 ? { is } : null;
    case "entry":
    case "read":
    case "copy": {
      const document = DocumentId.fromSlice(rest);
      return document === null ? null : { is, document };
    }
    case "work":
    case "parcel":
    case "aside":
    case "edits":
    case "parcelBytes":
    case "receipt":
    case "sealed":
    case "fed":
    case "fedProof": {
      const number = counter(rest);
      return number === null ? null : { is, number };
    }
    case "fedItems": {
      const number = counter(rest.subarray(0, 8));
      const document = DocumentId.fromSlice(rest.subarray(8));
      return number === null || document === null ? null : { is, number, document };
    }
    case "lease": {
      const prefix = ActorPrefix.fromSlice(rest);
      return prefix === null ? null : { is, prefix };
    }
    case "shell":
      return { is, bytes: rest.slice() };
  }
}

export const Key = {
  /** Its bytes in hexadecimal: text that sorts as the bytes do, and by which a map can find the key. */
  order: (key: Key): string => toHex(Uint8Array.of(TABLES[key.is])) + within(key),
  /** Its bytes: a table and what it is within it. */
  toBytes: (key: Key): Uint8Array => fromHex(Key.order(key)),
  /** Reads its bytes; null when they are no key. */
  fromBytes(bytes: Uint8Array): Key | null {
    const is = NAMES.get(bytes[0] ?? 0);
    return is === undefined ? null : keyOf(is, bytes.subarray(1));
  },
  /** Whether it is read when the device is opened. */
  isHot: (key: Key): boolean => TABLES[key.is] < COLD,
};

/** Eight bytes, big endian; null for others and for counters beyond what a number keeps exactly. */
function counter(bytes: Uint8Array): number | null {
  if (bytes.length !== 8) return null;
  const number = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : null;
}
