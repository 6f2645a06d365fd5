/** Bytes as WebCrypto wants them, and the few forms in which the vault and the store write them. */

/** Bytes in memory of their own, not shared with a worker. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The same bytes as WebCrypto takes them; copied only where they must be. */
export function plainBytes(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Uint8Array.from(bytes);
}

/** Fresh random bytes from the browser. */
export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A text as UTF-8. */
export function utf8(text: string): Bytes {
  return plainBytes(new TextEncoder().encode(text));
}

/** UTF-8 as a text; throws when it is none. */
export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/** One after the other. */
export function concat(parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
