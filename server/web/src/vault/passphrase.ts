/**
 * From what a person types to a key: Argon2id (`argon2.ts`), then an AES key that WebCrypto does not give out. Owns the
 * parameters, which stand beside each wrapped key so that later versions may choose others. A passphrase is compared in Unicode form NFKC: phones write accents in different ways.
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
import { argon2 } from "./argon2.js";
import type { Derivation } from "./argon2.js";
import { plainBytes, randomBytes, utf8 } from "./bytes.js";

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
  const key = await argon2(utf8(secret.normalize("NFKC")), derivation);
  return crypto.subtle.importKey("raw", plainBytes(key), "AES-KW", false, ["wrapKey", "unwrapKey"]);
}
