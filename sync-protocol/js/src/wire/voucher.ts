/**
 * Vouchers: how a new device shows its key to a site lead's without a network.
 *
 * Owns the text of the QR code. That somebody vouched travels as a statement, see `manifest.ts`.
 */
import { fromHex } from "../bytes.js";
import { CryptoError, PublicKey } from "../crypto.js";

/** What stands before the key in the QR code. */
const SCHEME = "segin:vouch?key=";

/** A text that shows no key. */
export class VoucherError extends Error {
  override readonly name = "VoucherError";

  constructor() {
    super("this is no device's key: scan the code that the new device shows, or type what stands under it");
  }
}

/** 33 bytes are 44 characters of base64 without padding, and no bit is left over. */
const BASE64URL = /^[A-Za-z0-9_-]{44}$/;
const HEX = /^[0-9a-fA-F]{66}$/;

/** The text of the QR code of a device's key. */
export function voucher(key: PublicKey): string {
  const base64 = btoa(String.fromCharCode(...key));
  return SCHEME + base64.replaceAll("+", "-").replaceAll("/", "_");
}

/**
 * Reads a key as scanned or typed: the whole text, or the key alone in base64url or hexadecimal. Throws
 * {@link VoucherError}.
 */
export function readVoucher(text: string): PublicKey {
  const trimmed = text.trim();
  const shown = trimmed.startsWith(SCHEME) ? trimmed.slice(SCHEME.length) : trimmed;
  const key = bytesOf(shown);
  if (key === null) throw new VoucherError();
  try {
    PublicKey.check(key);
  } catch (error) {
    throw error instanceof CryptoError ? new VoucherError() : error;
  }
  return key;
}

function bytesOf(shown: string): Uint8Array | null {
  if (HEX.test(shown)) return fromHex(shown.toLowerCase());
  if (!BASE64URL.test(shown)) return null;
  const binary = atob(shown.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
