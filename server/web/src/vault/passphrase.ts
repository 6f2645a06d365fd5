/**
 * From what a person types to a key: Argon2id (hash-wasm, loaded when it is first needed), then an AES key that
 * WebCrypto does not give out. Owns the parameters, which stand beside each wrapped key so that later versions may
 * choose others. A passphrase is compared in Unicode form NFKC: phones write accents in different ways.
 */
import {
  ARGON_LANES,
  ARGON_MEMORY_KIB,
  ARGON_PASSES,
  PASSPHRASE_CHARACTERS_MAX,
  PASSPHRASE_CHARACTERS_MIN,
  PIN_ARGON_MEMORY_KIB,
  PIN_DIGITS,
  SALT_BYTES,
} from "../limits.js";
import { plainBytes, randomBytes } from "./bytes.js";
import type { Bytes } from "./bytes.js";

/** How a key is derived. */
export interface Derivation {
  readonly salt: Bytes;
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** For a new passphrase. */
export function newDerivation(): Derivation {
  return { salt: randomBytes(SALT_BYTES), memoryKib: ARGON_MEMORY_KIB, passes: ARGON_PASSES, lanes: ARGON_LANES };
}

/** For a PIN, which is never stored. */
export function pinDerivation(): Derivation {
  return { ...newDerivation(), memoryKib: PIN_ARGON_MEMORY_KIB };
}

/** What is wrong with a new passphrase; null: nothing. */
export function passphraseProblem(passphrase: string): "short" | "long" | null {
  const characters = [...passphrase.normalize("NFKC")].length;
  if (characters < PASSPHRASE_CHARACTERS_MIN) return "short";
  return characters > PASSPHRASE_CHARACTERS_MAX ? "long" : null;
}

/** Whether it is a PIN. */
export function isPin(pin: string): boolean {
  return pin.length === PIN_DIGITS && /^\d+$/.test(pin);
}

/** The key that a passphrase or PIN comes to: it wraps and unwraps, and cannot be read. */
export async function deriveKey(secret: string, derivation: Derivation): Promise<CryptoKey> {
  const { argon2id } = await import("hash-wasm");
  const hash = await argon2id({
    password: secret.normalize("NFKC"),
    salt: derivation.salt,
    memorySize: derivation.memoryKib,
    iterations: derivation.passes,
    parallelism: derivation.lanes,
    hashLength: 32,
    outputType: "binary",
  });
  return crypto.subtle.importKey("raw", plainBytes(hash), "AES-KW", false, ["wrapKey", "unwrapKey"]);
}
