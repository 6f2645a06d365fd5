/**
 * Fingerprints: how two people make sure that they mean the same key, by voice or by eye.
 *
 * Forty bits of a hash over the public key, as eight letters and digits without look-alikes. Enough to tell devices apart
 * that stand before an administrator; a key is never found by it alone.
 */
import { hashBytes, type PublicKey } from "../crypto.js";
import type { Id } from "../ids.js";

/** Crockford's base 32: no I, L, O, U. <https://www.crockford.com/base32.html> */
export const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** Characters of a fingerprint; five bits each. */
const CHARACTERS = 8;

/** The fingerprint of a public key, shown as `XXXX-XXXX`. */
export type Fingerprint = Id<"Fingerprint">;

/** A text that is no fingerprint. */
export class FingerprintError extends Error {
  override readonly name = "FingerprintError";

  constructor() {
    super("a fingerprint has eight letters and digits such as 7K3Q-M2XP; spaces, hyphens and case do not matter");
  }
}

/** The characters in groups of four. */
export function grouped(characters: string): string {
  return characters.match(/.{1,4}/g)?.join("-") ?? "";
}

/**
 * Characters as people type them: case, spaces and hyphens do not matter; O is read as 0, I and L as 1. `null` for
 * anything else than exactly `count` characters of the alphabet.
 */
export function typed(text: string, count: number): string | null {
  let out = "";
  for (const found of text.replace(/[\s-]/gu, "")) {
    const upper = found >= "a" && found <= "z" ? found.toUpperCase() : found;
    const character = upper === "O" ? "0" : upper === "I" || upper === "L" ? "1" : upper;
    if (!ALPHABET.includes(character) || out.length === count) return null;
    out += character;
  }
  return out.length === count ? out : null;
}

export const Fingerprint = {
  /** As typed or read aloud. Throws {@link FingerprintError} for anything else than eight characters of the alphabet. */
  parse(text: string): Fingerprint {
    const characters = typed(text, CHARACTERS);
    if (characters === null) throw new FingerprintError();
    return grouped(characters) as Fingerprint;
  },
};

/** The fingerprint of a key: the first forty bits of SHA-256 over it. */
export function fingerprint(key: PublicKey): Fingerprint {
  let bits = 0;
  for (const byte of hashBytes("fingerprint", [key]).subarray(0, 5)) bits = bits * 256 + byte;
  let characters = "";
  for (let at = CHARACTERS - 1; at >= 0; at -= 1) characters += ALPHABET.charAt(Math.floor(bits / 32 ** at) % 32);
  return Fingerprint.parse(characters);
}
