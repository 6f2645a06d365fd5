/**
 * Sealing of single values: AES-256-GCM under a key that WebCrypto keeps, a fresh random nonce each time, and the
 * value's name as associated data, so that a value cannot be put in another's place. Owns the byte form
 * (`form ‖ nonce ‖ ciphertext and tag`); refuses anything that was not sealed under the same key and name.
 */
import { concat, plainBytes, randomBytes, utf8 } from "./bytes.js";
import type { Bytes } from "./bytes.js";

const FORM = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A value that cannot be opened: damaged, or sealed under another key or name. Says nothing of its content. */
export class SealedValueError extends Error {
  constructor(readonly reason: "form" | "key") {
    super(reason === "form" ? "a sealed value is cut off or of an unknown form" : "a sealed value does not open");
    this.name = "SealedValueError";
  }
}

/** Seals a value under its name. */
export async function sealValue(key: CryptoKey, name: string, plain: Uint8Array): Promise<Bytes> {
  const iv = randomBytes(NONCE_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: utf8(name) };
  const sealed = await crypto.subtle.encrypt(algorithm, key, plainBytes(plain));
  return concat([Uint8Array.of(FORM), iv, new Uint8Array(sealed)]);
}

/** Opens a value; throws {@link SealedValueError}. */
export async function openValue(key: CryptoKey, name: string, sealed: Uint8Array): Promise<Bytes> {
  if (sealed[0] !== FORM || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) throw new SealedValueError("form");
  const bytes = plainBytes(sealed);
  const iv = bytes.subarray(1, 1 + NONCE_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: utf8(name) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, bytes.subarray(1 + NONCE_BYTES)));
  } catch {
    throw new SealedValueError("key");
  }
}
