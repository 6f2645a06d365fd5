/**
 * Why bytes are not a message. The codes and sentences are those of the Rust crate's `wire::codec::CodecError`.
 */

/** The stable codes. */
export type CodecCode =
  | "codec-header"
  | "codec-version"
  | "codec-kind"
  | "codec-too-long"
  | "codec-compression"
  | "codec-too-many"
  | "codec-body";

/** Bytes that are not the message that belongs here. Nothing of them may be used. */
export class CodecError extends Error {
  override readonly name: string = "CodecError";

  constructor(
    readonly code: CodecCode,
    message: string,
  ) {
    super(message);
  }

  /** Too short for a header, or not ours. */
  static header(): CodecError {
    return new CodecError("codec-header", "the message does not begin with a Segin frame header");
  }

  /** A version this side does not speak. */
  static version(found: number): CodecError {
    return new CodecError("codec-version", `the message is of protocol version ${found}; this side speaks version 1`);
  }

  /** Another kind of message than the one that belongs here. */
  static kind(found: number, expected: number): CodecError {
    return new CodecError("codec-kind", `the message is of kind ${found}, expected ${expected}`);
  }

  /** Longer than allowed, or longer than it announced. */
  static tooLong(max: number): CodecError {
    return new CodecError("codec-too-long", `the message is longer than ${max} bytes`);
  }

  /** The compressed stream is damaged, cut or followed by other bytes. */
  static compression(): CodecError {
    return new CodecError("codec-compression", "the compressed part of the message is damaged");
  }

  /** So many small things that they would take many times the message's size in memory. */
  static tooMany(max: number): CodecError {
    return new CodecError("codec-too-many", `the message holds more than ${max} data items`);
  }

  /** Not the CBOR that belongs here. */
  static body(what: string): CodecError {
    return new CodecError("codec-body", `the message does not have the expected fields: ${what}`);
  }
}

/** A variant of a later version: a reader of a list may pass it over. */
export class UnknownVariant extends CodecError {
  override readonly name = "UnknownVariant";

  constructor(number: number) {
    super("codec-body", `the message does not have the expected fields: unknown variant ${number}`);
  }
}
