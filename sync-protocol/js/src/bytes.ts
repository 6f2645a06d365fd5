/**
 * Bytes: hexadecimal and back, joining, comparing. What bytes mean is said in `ids.ts`, `crypto.ts` and `wire/`.
 */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

/** Reads hexadecimal, two digits for each byte. Throws for anything else. */
export function fromHex(text: string): Uint8Array {
  return hexToBytes(text);
}

/** All parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Whether both have the same bytes. For what is public; it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** A number below 2^32 as four bytes, the highest first. */
export function u32Bytes(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

/** A number below 2^16 as two bytes, the highest first. */
export function u16Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

const UTF8 = new TextEncoder();

/** The text's bytes in UTF-8. */
export function utf8(text: string): Uint8Array {
  return UTF8.encode(text);
}
