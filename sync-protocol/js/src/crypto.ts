/**
 * Hashes and signatures: SHA-256 with a named purpose, ECDSA over P-256.
 *
 * Owns the purposes (no signature or hash made for one thing can be taken for another) and the key types. Draws no
 * random bytes: a secret key comes in as 32 bytes, and signing is deterministic (RFC 6979). A signature is never used as
 * an identifier, since its high-S twin verifies too. Sealing is in `sealing.ts`.
 */
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { utf8 } from "./bytes.js";
import { Hash } from "./ids.js";
import { fixedBytes } from "./wire/cbor.js";

/** What a hash or a signature is for; see the Rust crate's `crypto::Purpose` for each. */
export const PURPOSES = [
  "manifest",
  "commitment",
  "statement",
  "chain",
  "receipt",
  "leaf",
  "leaves",
  "lease",
  "configuration",
  "proof",
  "card",
  "token",
  "invitation",
  "draw",
  "digest",
  "fingerprint",
  "sealing",
  "courier",
] as const;

export type Purpose = (typeof PURPOSES)[number];

/** The text in front of what is hashed; ends with a zero byte so that none is the start of another. */
export function purposePrefix(purpose: Purpose): Uint8Array {
  return utf8(`segin/1 ${purpose}\0`);
}

/** SHA-256 over the purpose and the parts, as bytes. The parts must have fixed lengths or be last. */
export function hashBytes(purpose: Purpose, parts: readonly Uint8Array[]): Uint8Array {
  const hasher = sha256.create().update(purposePrefix(purpose));
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

/** SHA-256 over the purpose and the parts, one after the other. The parts must have fixed lengths or be last. */
export function hash(purpose: Purpose, parts: readonly Uint8Array[]): Hash {
  return Hash.fromBytes(hashBytes(purpose, parts));
}

/** Why a key or a signature was not accepted. */
export class CryptoError extends Error {
  override readonly name = "CryptoError";

  constructor(readonly code: "key" | "signature") {
    super(
      code === "key"
        ? "the key is not a P-256 key: 33 bytes in compressed SEC1 form are wanted"
        : "the signature does not fit: the message was changed or signed with another key",
    );
  }
}

/** A public key: 33 bytes, compressed SEC1. Checked to be on the curve when it is used. */
export type PublicKey = Uint8Array;

export const PublicKey = {
  LEN: 33,
  ...fixedBytes(33),
  /** Checks that the bytes are a key at all. Throws {@link CryptoError}. */
  check(key: PublicKey): void {
    if (key.length !== PublicKey.LEN || !p256.utils.isValidPublicKey(key, true)) throw new CryptoError("key");
  },
  /** Checks that this key signed the message for this purpose. Throws {@link CryptoError}. */
  verify(key: PublicKey, purpose: Purpose, message: Uint8Array, signature: Signature): void {
    PublicKey.check(key);
    let fits = false;
    try {
      fits = p256.verify(signature, hashBytes(purpose, [message]), key, { prehash: false, lowS: false });
    } catch {
      // Not two numbers of the field: as wrong as two other numbers.
    }
    if (!fits) throw new CryptoError("signature");
  },
};

/** An ECDSA signature: 64 bytes, r and s. */
export type Signature = Uint8Array;
export const Signature = { LEN: 64, ...fixedBytes(64) };

/** A secret key. Not printable: its bytes are in no property. */
export class SecretKey {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** From 32 random bytes. Throws {@link CryptoError} for zero or a number beyond the curve's order: draw again. */
  static fromBytes(bytes: Uint8Array): SecretKey {
    if (!p256.utils.isValidSecretKey(bytes)) throw new CryptoError("key");
    return new SecretKey(new Uint8Array(bytes));
  }

  /** Its 32 bytes, for sealed storage only. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** The public key that belongs to it. */
  public(): PublicKey {
    return p256.getPublicKey(this.#bytes, true);
  }

  /** Signs the message for the purpose; the same input always gives the same signature. */
  sign(purpose: Purpose, message: Uint8Array): Signature {
    return p256.sign(hashBytes(purpose, [message]), this.#bytes, { prehash: false, lowS: false });
  }
}
