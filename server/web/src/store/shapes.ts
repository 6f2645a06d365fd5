/** Reading values of unknown origin: small checks instead of casts. Each answers null for what is not of the form. */
import { plainBytes } from "../vault/bytes.js";
import type { Bytes } from "../vault/bytes.js";

/** An object's members, by name. */
export function members(value: unknown): ReadonlyMap<string, unknown> | null {
  return typeof value === "object" && value !== null ? new Map<string, unknown>(Object.entries(value)) : null;
}

/** A text. */
export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** A finite number. */
export function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Bytes. */
export function bytes(value: unknown): Bytes | null {
  // Not `instanceof`: values of another realm are no less bytes.
  return ArrayBuffer.isView(value) ? plainBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) : null;
}
