/**
 * The courier file: all sealed and unsent work of this device, to be carried on a stick where no signal comes.
 *
 * Owns its form. Lines of ASCII, one empty line, then for each parcel: eight bytes of the lease's prefix, its length
 * (four bytes, big-endian) and its bytes as the sync protocol writes a parcel (CBOR); then zeros up to a multiple of
 * {@link COURIER_STEP_BYTES}. A prefix of zeros ends the list. Nothing in it can be read without the hub's key.
 */
import { COURIER_STEP_BYTES } from "../limits.js";
import { concat, utf8 } from "../vault/bytes.js";
import type { Bytes } from "../vault/bytes.js";

const HEAD = [
  "SEGIN COURIER 1",
  "fr: Travail scelle pour le serveur Segin. Personne d'autre ne peut le lire. Remettez ce fichier au responsable.",
  "en: Work sealed for the Segin hub. Nobody else can read it. Hand this file to the administrator.",
  "form: 8 bytes lease, 4 bytes length (big-endian), the parcel (CBOR); repeated; zeros at the end.",
  "",
  "",
].join("\n");

const PREFIX_BYTES = 8;

/** One parcel and the lease under which it travels. */
export interface CourierParcel {
  /** The lease's prefix in hexadecimal. */
  readonly prefix: string;
  readonly bytes: Uint8Array;
}

/** Writes the file. */
export function writeCourier(parcels: readonly CourierParcel[]): Bytes {
  const parts: Uint8Array[] = [utf8(HEAD)];
  for (const { prefix, bytes } of parcels) {
    const head = new Uint8Array(PREFIX_BYTES + 4);
    for (let at = 0; at < PREFIX_BYTES; at += 1) head[at] = Number.parseInt(prefix.slice(2 * at, 2 * at + 2), 16);
    new DataView(head.buffer).setUint32(PREFIX_BYTES, bytes.length);
    parts.push(head, bytes);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  parts.push(new Uint8Array(COURIER_STEP_BYTES - (length % COURIER_STEP_BYTES)));
  return concat(parts);
}

/** The file's name: a day, nothing of the device or its people. */
export function courierName(now: number): string {
  return `segin-${new Date(now).toISOString().slice(0, 10)}.courier`;
}
