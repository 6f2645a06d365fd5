/**
 * CBOR data items (RFC 8949) as far as messages have them: whole numbers, bytes, texts, arrays, maps, true, false, null;
 * each in its shortest form and of definite length, as the Rust crate writes them. Owns the numbers of the format and
 * writing. Reading, and what a type makes of an item: `cbor.ts`.
 */

export const UNSIGNED = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;
export const FALSE = 0xf4;
export const TRUE = 0xf5;
export const NULL = 0xf6;

/** What is written as one data item. */
export type Plain = number | string | boolean | null | Uint8Array | readonly Plain[] | ReadonlyMap<Plain, Plain>;

/** Bytes of a writer's first piece of memory: most messages and rows fit. */
const FIRST_BYTES = 512;
/** Bytes of the longest head. */
const HEAD_BYTES = 9;
const UTF8 = new TextEncoder();

/** The bytes of a value. Throws `RangeError` for a number that is not whole and exact: a mistake of the caller. */
export function written(value: Plain): Uint8Array {
  const writer = new Writer();
  writer.item(value);
  return writer.bytes();
}

class Writer {
  #bytes = new Uint8Array(FIRST_BYTES);
  #end = 0;

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#end);
  }

  item(value: Plain): void {
    if (typeof value === "number") {
      if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number that can be kept exactly`);
      if (value < 0) this.#head(NEGATIVE, -1 - value);
      else this.#head(UNSIGNED, value);
    } else if (typeof value === "string") {
      const text = UTF8.encode(value);
      this.#head(TEXT, text.length);
      this.#append(text);
    } else if (typeof value === "boolean") {
      this.#append([value ? TRUE : FALSE]);
    } else if (value === null) {
      this.#append([NULL]);
    } else if (value instanceof Uint8Array) {
      this.#head(BYTES, value.length);
      this.#append(value);
    } else if (value instanceof Map) {
      this.#head(MAP, value.size);
      for (const pair of value as ReadonlyMap<Plain, Plain>) for (const part of pair) this.item(part);
    } else {
      const items = value as readonly Plain[];
      this.#head(ARRAY, items.length);
      for (const item of items) this.item(item);
    }
  }

  /** A major type and its argument: in the first byte below 24, else in as few of 1, 2, 4 or 8 bytes behind it as hold it. */
  #head(major: number, argument: number): void {
    this.#room(HEAD_BYTES);
    const bytes = this.#bytes;
    const size = argument < 24 ? 0 : argument < 2 ** 8 ? 1 : argument < 2 ** 16 ? 2 : argument < 2 ** 32 ? 4 : 8;
    bytes[this.#end] = (major << 5) | (size === 0 ? argument : 24 + Math.log2(size));
    for (let at = size, rest = argument; at > 0; at -= 1, rest = Math.floor(rest / 256)) bytes[this.#end + at] = rest % 256;
    this.#end += 1 + size;
  }

  #append(bytes: ArrayLike<number>): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #room(more: number): void {
    const wanted = this.#end + more;
    if (wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
