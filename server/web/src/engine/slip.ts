/**
 * The slip at the end of a shift: counts, the last code and a checksum, to be read out or texted. Owns the checksum:
 * four characters without look-alikes over everything on the slip, so that a figure heard wrongly is noticed.
 */
import { utf8 } from "../vault/bytes.js";
import type { Ladder } from "./contract.js";
import type { Session } from "./session.js";

/** Crockford's base 32: no I, L, O, U. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS = 4;

/** What the checksum is over: each count in the order in which it is read out, then the code without its hyphens. */
export function slipText(counts: Ladder, lastCode: string | null): string {
  const { onPhone, atHub, inTwo, held, refused } = counts;
  return [onPhone, atHub, inTwo, held, refused, (lastCode ?? "").replaceAll("-", "").toUpperCase()].join(" ");
}

/** The checksum of a slip. */
export async function slipChecksum(counts: Ladder, lastCode: string | null): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(slipText(counts, lastCode))));
  // A multiple of 32, so that each character is as likely as any other.
  return Array.from(hash.subarray(0, CHARACTERS), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join("");
}

/** The slip of the user at work, once everything recorded is stored. */
export async function slipOf(session: Session): Promise<{
  readonly counts: Ladder;
  readonly lastCode: string | null;
  readonly checksum: string;
}> {
  const counts = session.lines.ladder(session.proofs());
  const lastCode = session.lastCode();
  return { counts, lastCode, checksum: await slipChecksum(counts, lastCode) };
}
