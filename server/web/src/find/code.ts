/**
 * Finding by code, also partial and badly typed: `gog 24 k7 42`, `0042`, `G0G24K70O42`.
 *
 * Owns how a typed piece is compared with a whole code (`SITE-YY-DEVICE-COUNTER-C`). Whether a whole code is right is
 * not its matter: its check character is read by `documents/code` of the protocol package.
 */
import { distance } from "./distance.js";

/** Letters and digits that are taken for one another, as one of them. */
const LOOKS_LIKE: Readonly<Record<string, string>> = { O: "0", Q: "0", I: "1", L: "1", S: "5", B: "8", Z: "2" };

/** Shortest text that is worth comparing with codes. */
const CODE_LETTERS_MIN = 2;
/** Letters from which on one slip, and two, are forgiven. */
const ONE_SLIP_FROM = 6;
const TWO_SLIPS_FROM = 11;

/** Large letters and digits alone. */
function bare(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9]/g, "");
}

function alike(text: string): string {
  return bare(text).replace(/[OQILSBZ]/g, (letter) => LOOKS_LIKE[letter] ?? letter);
}

/** Whether a text may be a piece of a code: it has a digit, and no word that is plainly a name. */
export function looksLikeCode(text: string): boolean {
  const parts = text.trim().split(/[\s\-‐-―−]+/);
  return /\d/.test(text) && bare(text).length >= CODE_LETTERS_MIN && parts.every((part) => /\d/.test(part) || part.length <= 4);
}

function parts(text: string): string[] {
  return text.split(/[^A-Za-z0-9]+/).filter((part) => part !== "");
}

/** Whether each typed part is one of the code's, in order; a counter without its zeros is the counter. */
function inOrder(typed: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const part of typed) {
    const wanted = alike(part);
    const found = whole.findIndex((candidate, index) => {
      if (index < at) return false;
      const have = alike(candidate);
      return have === wanted || (index === 3 && have.replace(/^0+/, "") === wanted.replace(/^0+/, "") && wanted !== "");
    });
    if (found < 0) return false;
    at = found + 1;
  }
  return true;
}

/** How well a typed text fits a code, 0 to 1; 0: not at all. */
export function codeScore(typed: string, code: string): number {
  const wanted = alike(typed);
  if (wanted.length < CODE_LETTERS_MIN) return 0;
  if (bare(typed) === bare(code)) return 1;
  const have = alike(code);
  if (wanted === have) return 0.99;
  const pieces = parts(typed);
  if (pieces.length > 1 && inOrder(pieces, code.split("-"))) return 0.9 + 0.05 * (wanted.length / have.length);
  if (pieces.length === 1 && /^\d+$/.test(typed.trim()) && inOrder(pieces, code.split("-"))) return 0.9;
  if (wanted.length >= 3 && have.includes(wanted)) return 0.7 + 0.2 * (wanted.length / have.length);
  const slips = wanted.length >= TWO_SLIPS_FROM ? 2 : wanted.length >= ONE_SLIP_FROM ? 1 : 0;
  if (slips === 0) return 0;
  // A code typed to a point is compared with as much of the code.
  const found = Math.min(distance(wanted, have, slips), distance(wanted, have.slice(0, wanted.length), slips));
  return found <= slips ? 0.75 - 0.1 * found : 0;
}
