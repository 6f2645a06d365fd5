/**
 * Typed CBOR: a {@link Codec} for each kind of value, and how structures are made of them. The bytes are those of the
 * Rust crate's derived codecs: a structure is an array of its fields in order, of which empty ones at the end are not
 * written; a variant is its number and the array of its fields. Fields that a later version added are passed over.
 *
 * Refuses, with {@link CodecError}: what {@link survey} refuses, other types, numbers beyond 2^53 − 1, broken UTF-8. How
 * data items are written: `items.ts`. Frames and messages are in `codec.ts`.
 */
import { MESSAGE_ITEMS_MAX } from "../limits.js";
import { CodecError, UnknownVariant } from "./error.js";
import { ARRAY, BYTES, FALSE, MAP, NEGATIVE, NULL, TAG, TEXT, TRUE, UNSIGNED, written, type Plain } from "./items.js";

export type { Plain } from "./items.js";

/** How one type of value is written and read. */
export interface Codec<T> {
  /** The value as plain data. Throws `RangeError` for a number that the type cannot hold: a mistake of the caller. */
  write(value: T): Plain;
  /** Reads one value. Throws {@link CodecError}. */
  read(reader: Reader): T;
  /** What stands for a field that is not there, as a list of one; without it the field must be there. */
  readonly missing?: readonly [T];
  /** Whether an empty list at the end of a structure is left out, as nothing is. */
  readonly leftOutWhenEmpty?: boolean;
}

/** Encodes into CBOR. */
export function toCbor<T>(codec: Codec<T>, value: T): Uint8Array {
  return written(codec.write(value));
}

/** Decodes from CBOR that must end where the value ends. Throws {@link CodecError}. */
export function fromCbor<T>(codec: Codec<T>, bytes: Uint8Array): T {
  survey(bytes);
  const reader = new Reader(bytes);
  const value = codec.read(reader);
  if (reader.at !== bytes.length) throw CodecError.body(`${bytes.length - reader.at} bytes follow the value`);
  return value;
}

/** The head of a data item: its major type, its argument (inexact beyond 2^53), and where what it announces begins. */
interface Head {
  readonly major: number;
  readonly argument: number;
  readonly end: number;
}

function head(bytes: Uint8Array, at: number): Head {
  const first = bytes[at];
  if (first === undefined) throw CodecError.body("it ends early");
  const major = first >> 5;
  const minor = first & 31;
  if (minor < 24) return { major, argument: minor, end: at + 1 };
  if (minor > 27) throw CodecError.body("an item without a definite length");
  const end = at + 1 + (1 << (minor - 24));
  if (end > bytes.length) throw CodecError.body("it ends early");
  let argument = 0;
  for (let next = at + 1; next < end; next += 1) argument = argument * 256 + (bytes[next] ?? 0);
  return { major, argument, end };
}

/**
 * Walks over the data items of one value from `start` and says where it ends. Called before anything is made of a
 * message: an empty string is one byte on the wire and dozens in memory, so the length of a message does not bound what
 * reading it takes; the number of its items does. Throws {@link CodecError}.
 */
export function survey(bytes: Uint8Array, start = 0): number {
  let at = start;
  let expected = 1;
  for (let items = 1; expected > 0; items += 1) {
    if (items > MESSAGE_ITEMS_MAX) throw CodecError.tooMany(MESSAGE_ITEMS_MAX);
    const { major, argument, end } = head(bytes, at);
    at = end;
    let inside = 0;
    if (major === BYTES || major === TEXT) at += argument;
    else if (major === ARRAY) inside = argument;
    else if (major === MAP) inside = argument * 2;
    else if (major === TAG) inside = 1;
    expected += inside - 1;
    if (at + expected > bytes.length) throw CodecError.body("it ends early");
  }
  return at;
}

/** Reads text as it is: broken UTF-8 is refused, a byte order mark stays. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads data items one after the other, of bytes that {@link survey} has walked over. */
export class Reader {
  /** Where the next data item begins. */
  at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  private expect(wanted: number, name: string): number {
    const { major, argument, end } = head(this.bytes, this.at);
    if (major !== wanted) throw CodecError.body(`expected ${name} at byte ${this.at}`);
    this.at = end;
    return argument;
  }

  /** How many data items the array has that begins here. */
  array(): number {
    return this.expect(ARRAY, "an array");
  }

  /** How many pairs the map has that begins here. */
  map(): number {
    return this.expect(MAP, "a map");
  }

  /** A whole number, if it can be kept exactly. */
  integer(): number {
    const start = this.at;
    const { major, argument, end } = head(this.bytes, start);
    if (major !== UNSIGNED && major !== NEGATIVE) throw CodecError.body(`expected a number at byte ${start}`);
    const value = major === UNSIGNED ? argument : -1 - argument;
    if (!Number.isSafeInteger(value)) throw CodecError.body(`the number at byte ${start} is beyond 2^53 - 1`);
    this.at = end;
    return value;
  }

  /** A byte string, as a copy. */
  byteString(): Uint8Array {
    return new Uint8Array(this.span(BYTES, "bytes"));
  }

  /** A text. */
  text(): string {
    const start = this.at;
    try {
      return UTF8.decode(this.span(TEXT, "text"));
    } catch (error) {
      if (error instanceof CodecError) throw error;
      throw CodecError.body(`the text at byte ${start} is not UTF-8`);
    }
  }

  private span(major: number, name: string): Uint8Array {
    const length = this.expect(major, name);
    const end = this.at + length;
    if (end > this.bytes.length) throw CodecError.body("it ends early");
    const span = this.bytes.subarray(this.at, end);
    this.at = end;
    return span;
  }

  /** True or false. */
  boolean(): boolean {
    const byte = this.bytes[this.at];
    if (byte !== FALSE && byte !== TRUE) throw CodecError.body(`expected true or false at byte ${this.at}`);
    this.at += 1;
    return byte === TRUE;
  }

  /** Whether nothing stands here; passes over it if so. */
  nothing(): boolean {
    const found = this.bytes[this.at] === NULL;
    if (found) this.at += 1;
    return found;
  }

  /** Passes over one value, whatever it is. */
  skip(): void {
    this.at = survey(this.bytes, this.at);
  }
}

function integer(name: string, min: number, max: number): Codec<number> {
  return {
    write(value) {
      if (!Number.isSafeInteger(value) || value < min || value > max) throw new RangeError(`${value} is not a ${name}`);
      return value;
    },
    read(reader) {
      const start = reader.at;
      const value = reader.integer();
      if (value < min || value > max) throw CodecError.body(`the number at byte ${start} is not a ${name}`);
      return value;
    },
  };
}

export const u8 = integer("u8", 0, 0xff);
export const u16 = integer("u16", 0, 0xffff);
export const u32 = integer("u32", 0, 0xffff_ffff);
/** Rust's `u64`, as far as numbers are exact: up to 2^53 − 1. */
export const u64 = integer("u64", 0, Number.MAX_SAFE_INTEGER);
/** Rust's `i64`, as far as numbers are exact. */
export const i64 = integer("i64", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
export const bool: Codec<boolean> = { write: (value) => value, read: (reader) => reader.boolean() };
export const text: Codec<string> = { write: (value) => value, read: (reader) => reader.text() };
export const bytes: Codec<Uint8Array> = { write: (value) => value, read: (reader) => reader.byteString() };

/** Exactly so many bytes. */
export function fixedBytes(length: number): Codec<Uint8Array> {
  return {
    write(value) {
      if (value.length !== length) throw new RangeError(`${value.length} bytes where there must be ${length}`);
      return value;
    },
    read(reader) {
      const value = reader.byteString();
      if (value.length !== length) throw CodecError.body(`${value.length} bytes where there must be ${length}`);
      return value;
    },
  };
}

/** A value that travels as another one. `from` may throw {@link CodecError}. */
export function mapped<T, U>(codec: Codec<U>, to: (value: T) => U, from: (value: U) => T): Codec<T> {
  return { write: (value) => codec.write(to(value)), read: (reader) => from(codec.read(reader)) };
}

/** Rust's `Option`: `null` where nothing is. */
export function option<T>(codec: Codec<T>): Codec<T | null> {
  return {
    write: (value) => (value === null ? null : codec.write(value)),
    read: (reader) => (reader.nothing() ? null : codec.read(reader)),
    missing: [null],
  };
}

/** A field that earlier versions did not write; it is always written. */
export function withDefault<T>(codec: Codec<T>, value: T): Codec<T> {
  return { ...codec, missing: [value] };
}

/** Rust's `Vec`. */
export function list<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    write: (values) => values.map((value) => codec.write(value)),
    read(reader) {
      const values: T[] = [];
      for (let left = reader.array(); left > 0; left -= 1) values.push(codec.read(reader));
      return values;
    },
  };
}

/** Rust's `Vec` that earlier versions did not write: where it is empty nothing may stand for it. */
export function optionalList<T>(codec: Codec<T>): Codec<readonly T[]> {
  const { write, read } = list(codec);
  return { write, read: (reader) => (reader.nothing() ? [] : read(reader)), missing: [[]], leftOutWhenEmpty: true };
}

/** Rust's `BTreeMap`. Pairs are written in the map's own order, so what was read from Rust stays in Rust's. */
export function map<K extends string | number, V>(key: Codec<K>, value: Codec<V>): Codec<ReadonlyMap<K, V>> {
  return {
    write: (values) => new Map([...values].map(([k, v]) => [key.write(k), value.write(v)])),
    read(reader) {
      const values = new Map<K, V>();
      for (let left = reader.map(); left > 0; left -= 1) values.set(key.read(reader), value.read(reader));
      return values;
    },
  };
}

/** Rust's tuple of two. */
export function pair<A, B>(first: Codec<A>, second: Codec<B>): Codec<readonly [A, B]> {
  return {
    write: ([a, b]) => [first.write(a), second.write(b)],
    read(reader) {
      if (reader.array() !== 2) throw CodecError.body("expected an array of two");
      return [first.read(reader), second.read(reader)];
    },
  };
}

/** A codec for each field, in the order of the wire. */
export type Fields<T> = { readonly [K in keyof T]-?: Codec<T[K]> };

/** A structure: an array of its fields in this order. */
export function struct<T extends object>(fields: Fields<T>): Codec<T> {
  const names = fieldNames(fields);
  const leftOut = names.map((name) => fields[name].leftOutWhenEmpty);
  return {
    write(value) {
      const items = names.map((name) => fields[name].write(value[name]));
      const isLeftOut = (item: Plain | undefined, at: number): boolean =>
        item === null || (Array.isArray(item) && item.length === 0 && leftOut[at] === true);
      while (isLeftOut(items.at(-1), items.length - 1)) items.pop();
      return items;
    },
    read(reader) {
      const value: Partial<T> = {};
      const count = reader.array();
      for (let at = 0; at < count; at += 1) {
        const name = names[at];
        if (name === undefined) reader.skip();
        else value[name] = fields[name].read(reader);
      }
      for (const name of names.slice(count)) {
        const { missing } = fields[name];
        if (missing === undefined) throw CodecError.body(`the field ${String(name)} is missing`);
        value[name] = missing[0];
      }
      // Every name of `fields` was set above, and these are all of T's.
      return value as T;
    },
  };
}

function fieldNames<T extends object>(fields: Fields<T>): (keyof T)[] {
  // `Object.keys` says `string[]` since there might be more than the type knows; a literal of fields has no more.
  return Object.keys(fields) as (keyof T)[];
}

/** The fields of the variant `N` of a tagged union, without the tag. */
type VariantFields<T extends { readonly is: string }, N> = Fields<Omit<Extract<T, { readonly is: N }>, "is">>;

/** A Rust enum with data: `{ is: … }` and the variant's fields. The variants in the order of their numbers, from 0. */
export function variants<T extends { readonly is: string }>(all: {
  readonly [N in T["is"]]: VariantFields<T, N>;
}): Codec<T> {
  // Each entry of `all` was checked against its variant above; from here on they are looked up by number or tag.
  const table = Object.entries<Fields<object>>(all).map(([name, fields], number) => {
    return { name, number, empty: Object.keys(fields).length === 0, body: struct<object>(fields) };
  });
  const byName = new Map(table.map((variant) => [variant.name, variant]));
  return {
    write(value) {
      const variant = byName.get(value.is);
      if (variant === undefined) throw new RangeError(`there is no variant ${value.is}`);
      return [variant.number, variant.empty ? [] : variant.body.write(value)];
    },
    read(reader) {
      if (reader.array() !== 2) throw CodecError.body("expected a variant: an array of two");
      const number = reader.integer();
      const variant = table[number];
      if (variant === undefined) throw new UnknownVariant(number);
      if (!variant.empty) return { is: variant.name, ...variant.body.read(reader) } as T;
      reader.skip();
      return { is: variant.name } as T;
    },
  };
}

/** A Rust enum without data that travels as its number: one of these names, in the order of their numbers, from 0. */
export function oneOf<N extends string>(...names: readonly N[]): Codec<N> {
  return {
    write(value) {
      const number = names.indexOf(value);
      if (number < 0) throw new RangeError(`there is no variant ${value}`);
      return number;
    },
    read(reader) {
      const number = reader.integer();
      const name = names[number];
      if (name === undefined) throw new UnknownVariant(number);
      return name;
    },
  };
}
