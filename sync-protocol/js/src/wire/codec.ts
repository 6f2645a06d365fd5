/**
 * The codec: how a message becomes bytes and back.
 *
 * A frame is `"SG"`, a version, a kind with a compression bit, and the body in CBOR (RFC 8949), compressed with raw
 * DEFLATE (RFC 1951) when that is shorter: one stream for each message, inflated only after the header was read and
 * never beyond the announced length. Refuses: other versions and kinds, trailing bytes, lengths beyond
 * {@link MESSAGE_BYTES_MAX}, and what `cbor.ts` refuses. What is signed is signed as the bytes that travel
 * ({@link Raw}), so no canonical form is needed.
 */
import { deflateSync, Inflate } from "fflate";

import { concat, u32Bytes } from "../bytes.js";
import { MESSAGE_BYTES_MAX } from "../limits.js";
import { bytes, fromCbor, toCbor, type Codec } from "./cbor.js";
import { CodecError } from "./error.js";

export { fromCbor, toCbor, type Codec } from "./cbor.js";
export { CodecError, type CodecCode } from "./error.js";

/** The version of the protocol that this package speaks. */
export const VERSION = 1;

const MAGIC = [0x53, 0x47] as const;
const COMPRESSED = 0x80;
const HEADER_BYTES = 4;
const LENGTH_BYTES = 4;
/** Below this many bytes DEFLATE seldom gains anything. */
const COMPRESS_FROM_BYTES = 128;

/** What a frame holds. */
export type Message = "exchangeRequest" | "answer" | "enrolRequest" | "enrolAnswer" | "courier" | "return";

const KINDS: Readonly<Record<Message, number>> = {
  exchangeRequest: 1,
  answer: 2,
  enrolRequest: 3,
  enrolAnswer: 4,
  courier: 5,
  return: 6,
};

/** Bytes that travel as they are: signed, sealed, or opaque to the reader. A CBOR byte string. */
export type Raw = Uint8Array;

export const Raw = {
  ...bytes,
  /** The CBOR of a value, to be signed or sealed as it stands. */
  of: toCbor,
  /** Reads the value that these bytes hold. Throws {@link CodecError}. */
  open<T>(codec: Codec<T>, raw: Raw): T {
    return fromCbor(codec, raw);
  },
};

/** A whole frame of a message. */
export function frame<T>(kind: Message, codec: Codec<T>, message: T): Uint8Array {
  return frameBody(kind, toCbor(codec, message));
}

/** A whole frame of a message that is CBOR already. */
export function frameBody(kind: Message, body: Uint8Array): Uint8Array {
  const header = (flags: number): Uint8Array => Uint8Array.of(...MAGIC, VERSION, KINDS[kind] | flags);
  if (body.length >= COMPRESS_FROM_BYTES) {
    const stream = deflateSync(body, { level: 9 });
    if (LENGTH_BYTES + stream.length < body.length) return concat(header(COMPRESSED), u32Bytes(body.length), stream);
  }
  return concat(header(0), body);
}

/** The body's bytes of a frame of the wanted kind, inflated. Throws every {@link CodecError} but `codec-body`. */
export function unframe(kind: Message, frame: Uint8Array): Uint8Array {
  const [first, second, version = 0, kindAndFlags = 0] = frame;
  if (frame.length < HEADER_BYTES || first !== MAGIC[0] || second !== MAGIC[1]) throw CodecError.header();
  if (version !== VERSION) throw CodecError.version(version);
  const found = kindAndFlags & ~COMPRESSED;
  if (found !== KINDS[kind]) throw CodecError.kind(found, KINDS[kind]);
  const rest = frame.subarray(HEADER_BYTES);
  if ((kindAndFlags & COMPRESSED) === 0) {
    if (rest.length > MESSAGE_BYTES_MAX) throw CodecError.tooLong(MESSAGE_BYTES_MAX);
    return new Uint8Array(rest);
  }
  if (rest.length < LENGTH_BYTES) throw CodecError.compression();
  const length = new DataView(rest.buffer, rest.byteOffset).getUint32(0);
  return inflate(rest.subarray(LENGTH_BYTES), length);
}

/** Reads a message of the wanted kind. Throws {@link CodecError}. */
export function read<T>(kind: Message, codec: Codec<T>, frame: Uint8Array): T {
  return fromCbor(codec, unframe(kind, frame));
}

/** Bytes of the shortest DEFLATE stream: an empty block. */
const STREAM_BYTES_MIN = 2;
/** Bytes inflated at once: DEFLATE makes at most a thousand times as many of them before the length is looked at. */
const PIECE_BYTES = 8 * 1024;

function inflate(stream: Uint8Array, length: number): Uint8Array {
  if (length > MESSAGE_BYTES_MAX) throw CodecError.tooLong(MESSAGE_BYTES_MAX);
  const body = new Uint8Array(length);
  if (inflateInto(body, stream) !== length) throw CodecError.compression();
  // The library says nothing of what follows a stream: a stream that is whole without its last byte is followed by it.
  if (isWhole(stream.subarray(0, -1), length)) throw CodecError.compression();
  return body;
}

function isWhole(stream: Uint8Array, length: number): boolean {
  try {
    inflateInto(new Uint8Array(length), stream);
    return true;
  } catch (error) {
    if (error instanceof CodecError) return false;
    throw error;
  }
}

/** Inflates piece by piece and says how many bytes came, never more than fit. Throws {@link CodecError}. */
function inflateInto(body: Uint8Array, stream: Uint8Array): number {
  if (stream.length < STREAM_BYTES_MIN) throw CodecError.compression();
  let filled = 0;
  const inflate = new Inflate((piece) => {
    if (filled + piece.length > body.length) throw CodecError.tooLong(body.length);
    body.set(piece, filled);
    filled += piece.length;
  });
  try {
    for (let at = 0; at < stream.length; at += PIECE_BYTES) {
      inflate.push(stream.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= stream.length);
    }
  } catch (error) {
    throw error instanceof CodecError ? error : CodecError.compression();
  }
  return filled;
}
