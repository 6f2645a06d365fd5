/**
 * CBOR as sections 3.1 and 3.2 of the page have it: items of definite length, no tags, no floating-point numbers; and
 * the frame around one item. An integer is a number where that is exact, else a bigint.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";

/** Bytes of a body before compression, at most. */
const MESSAGE_BYTES_MAX = 8_388_608;
/** Data items of one message, at most. */
const MESSAGE_ITEMS_MAX = 1_048_576;
/** From here on a compressed body is usually the shorter one. */
const COMPRESS_FROM_BYTES = 128;

/** @typedef {null | boolean | number | bigint | string | Uint8Array | Item[] | Map<Item, Item>} Item */

/** @param {number} major @param {number | bigint} size */
function head(major, size) {
  const n = BigInt(size);
  const first = major << 5;
  if (n < 24n) return Buffer.from([first | Number(n)]);
  const [mark, width] = n < 0x100n ? [24, 1] : n < 0x10000n ? [25, 2] : n < 0x100000000n ? [26, 4] : [27, 8];
  const bytes = Buffer.alloc(9);
  bytes.writeBigUInt64BE(n, 1);
  return Buffer.concat([Buffer.from([first | mark]), bytes.subarray(9 - width)]);
}

/** @param {Item} item @returns {Buffer} */
export function encode(item) {
  if (item === null) return Buffer.from([0xf6]);
  if (typeof item === "boolean") return Buffer.from([item ? 0xf5 : 0xf4]);
  if (typeof item === "number" || typeof item === "bigint") {
    const n = BigInt(item);
    return n < 0n ? head(1, -1n - n) : head(0, n);
  }
  if (typeof item === "string") {
    const text = Buffer.from(item, "utf8");
    return Buffer.concat([head(3, text.length), text]);
  }
  if (item instanceof Uint8Array) return Buffer.concat([head(2, item.length), item]);
  if (Array.isArray(item)) return Buffer.concat([head(4, item.length), ...item.map(encode)]);
  return Buffer.concat([head(5, item.size), ...[...item].flat().map(encode)]);
}

/** The one item that these bytes are. @param {Uint8Array} input @returns {Item} */
export function decode(input) {
  const bytes = Buffer.from(input);
  let at = 0;
  let items = 0;
  /** @param {number} length */
  const take = (length) => {
    if (length > bytes.length - at) throw new Error("CBOR: cut");
    at += length;
    return bytes.subarray(at - length, at);
  };
  /** @param {number} info */
  const size = (info) => {
    if (info < 24) return info;
    if (info > 27) throw new Error("CBOR: a length that is not definite");
    const width = 1 << (info - 24);
    if (width < 8) return take(width).readUIntBE(0, width);
    const n = take(8).readBigUInt64BE();
    return n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n;
  };
  /** @returns {Item} */
  const next = () => {
    items += 1;
    if (items > MESSAGE_ITEMS_MAX) throw new Error("CBOR: too many items");
    const [first] = take(1);
    if (first >= 0xf4 && first <= 0xf6) return first === 0xf6 ? null : first === 0xf5;
    const major = first >> 5;
    const n = size(first & 31);
    if (major === 0) return n;
    if (major === 1) return typeof n === "bigint" ? -1n - n : -1 - n;
    const length = Number(n);
    if (major === 2) return new Uint8Array(take(length));
    if (major === 3) return new TextDecoder("utf-8", { fatal: true }).decode(take(length));
    if (length > bytes.length - at) throw new Error("CBOR: cut");
    if (major === 4) return Array.from({ length }, next);
    if (major === 5) return new Map(Array.from({ length }, () => [next(), next()]));
    throw new Error("CBOR: tags and floating-point numbers are not used");
  };
  const item = next();
  if (at !== bytes.length) throw new Error("CBOR: something follows the item");
  return item;
}

/** @param {number} kind @param {Item} item */
export function frame(kind, item) {
  const body = encode(item);
  const packed = body.length < COMPRESS_FROM_BYTES ? body : deflateRawSync(body);
  if (packed.length >= body.length) return Buffer.concat([Buffer.from([0x53, 0x47, 1, kind]), body]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([Buffer.from([0x53, 0x47, 1, kind | 0x80]), length, packed]);
}

/** The item in a frame of this kind. @param {number} kind @param {Uint8Array} input */
export function unframe(kind, input) {
  const bytes = Buffer.from(input);
  if (bytes.toString("latin1", 0, 2) !== "SG" || bytes[2] !== 1) throw new Error("frame: not of this version");
  if ((bytes[3] & 0x7f) !== kind) throw new Error(`frame: kind ${bytes[3]} where ${kind} was expected`);
  if (bytes[3] < 0x80) return decode(bytes.subarray(4));
  const length = bytes.readUInt32BE(4);
  if (length > MESSAGE_BYTES_MAX) throw new Error("frame: too long");
  const packed = bytes.subarray(8);
  const { buffer, engine } = inflateRawSync(packed, { maxOutputLength: length + 1, info: true });
  if (buffer.length !== length || engine.bytesWritten !== packed.length) throw new Error("frame: another length");
  return decode(buffer);
}
