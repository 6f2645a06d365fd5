/**
 * The form of a file that people carry: it says in words what it is, shows whether it is whole, and little of its size.
 *
 * Two lines for people (French, English), always the same bytes; the length of the frame that follows (four bytes,
 * big-endian); the frame (see `codec.ts`); zeros up to a multiple of {@link CARRIED_STEP_BYTES}; then the SHA-256 over
 * everything before. Refuses: anything cut, doubled, changed or hidden in the zeros. What the frame holds is in
 * `courier.ts`.
 */
import { sha256 } from "@noble/hashes/sha2.js";

import { concat, equalBytes, u32Bytes, utf8 } from "../bytes.js";
import { Hash } from "../ids.js";
import { CARRIED_BYTES_MAX, CARRIED_STEP_BYTES } from "../limits.js";
import { CodecError, frame, read, type Codec } from "./codec.js";

/** Which of the two files. */
export type Carried = "courier" | "return";

/** What stands at the start. */
export const CARRIED_HEADS: Readonly<Record<Carried, string>> = {
  courier:
    "SEGIN. Travail scellé : seul le serveur peut le lire. Remettez ce fichier au responsable du serveur.\n" +
    "SEGIN. Sealed work that only the hub can read. Hand this file to whoever looks after the hub.\n",
  return:
    "SEGIN. Réponse scellée du serveur. Rapportez ce fichier à l'appareil dont l'envoi est venu.\n" +
    "SEGIN. The hub's sealed answer. Take this file back to the device that the work came from.\n",
};

const NAMES: Readonly<Record<Carried, string>> = { courier: "a courier file", return: "a return file" };
const LENGTH_BYTES = 4;

/** Why bytes are not a file of this form, or not one that may be used here. Nothing of it may be used. */
export class CourierError extends Error {
  override readonly name = "CourierError";

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  /** It begins otherwise. */
  static head(kind: Carried): CourierError {
    const what = `this is not the file that is wanted here: it does not begin with the words of ${NAMES[kind]}`;
    return new CourierError("courier-head", what);
  }

  /** Longer than any file of ours. */
  static tooLong(): CourierError {
    return new CourierError("courier-too-long", `the file is longer than ${CARRIED_BYTES_MAX} bytes: it is none of ours`);
  }

  /** Cut, doubled or changed on its way. */
  static damaged(): CourierError {
    const what = "the file was cut or changed on its way: copy it again from where it was made";
    return new CourierError("courier-damaged", what);
  }
}

/** A message as the file that carries it. */
export function toFile<T>(kind: Carried, codec: Codec<T>, message: T): Uint8Array {
  const framed = frame(kind, codec, message);
  const before = concat(utf8(CARRIED_HEADS[kind]), u32Bytes(framed.length), framed);
  const padded = new Uint8Array(Math.ceil(before.length / CARRIED_STEP_BYTES) * CARRIED_STEP_BYTES);
  padded.set(before);
  return concat(padded, sha256(padded));
}

/** The message that a file carries, and the file's own hash. Throws {@link CourierError}. */
export function fromFile<T>(kind: Carried, codec: Codec<T>, file: Uint8Array): { readonly message: T; readonly hash: Hash } {
  const head = utf8(CARRIED_HEADS[kind]);
  if (!equalBytes(file.subarray(0, head.length), head)) throw CourierError.head(kind);
  if (file.length > CARRIED_BYTES_MAX) throw CourierError.tooLong();
  const end = file.length - Hash.LEN;
  const before = file.subarray(0, end);
  const hash = file.subarray(end);
  if (end % CARRIED_STEP_BYTES !== 0 || !equalBytes(sha256(before), hash)) throw CourierError.damaged();
  const from = head.length + LENGTH_BYTES;
  if (from > end) throw CourierError.damaged();
  const length = new DataView(file.buffer, file.byteOffset + head.length).getUint32(0);
  const zeros = before.subarray(from + length);
  if (from + length > end || zeros.length >= CARRIED_STEP_BYTES || zeros.some((byte) => byte !== 0)) throw CourierError.damaged();
  try {
    return { message: read(kind, codec, before.subarray(from, from + length)), hash: Hash.fromBytes(hash) };
  } catch (error) {
    if (error instanceof CodecError) throw new CourierError(error.code, `the file cannot be read: ${error.message}`);
    throw error;
  }
}
