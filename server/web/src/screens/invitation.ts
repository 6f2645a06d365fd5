/** Invitations as people carry them: in a link's fragment, in a QR code, typed. Reads them; what they open is the engine's. */

/** Characters of an invitation, without the dashes. */
export const INVITATION_CHARACTERS = 12;

/** Characters between two dashes. */
export const INVITATION_GROUP = 4;

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** What was typed, as far as it can stand in an invitation: capitals, without separators; O is read as 0, I and L as 1. */
export function cleaned(typed: string): string {
  const read = typed.toUpperCase().replaceAll("O", "0").replace(/[IL]/g, "1");
  return [...read].filter((character) => ALPHABET.includes(character)).join("").slice(0, INVITATION_CHARACTERS);
}

/** `7K3Q-M2XP-9WTA`: in groups of four, also while it is being typed. */
export function grouped(typed: string): string {
  return (cleaned(typed).match(/.{1,4}/g) ?? []).join("-");
}

/** Whether all twelve characters are there. */
export function isComplete(typed: string): boolean {
  return cleaned(typed).length === INVITATION_CHARACTERS;
}

/** The invitation of a link's fragment (`#i=…`); null when there is none. */
export function invitationIn(fragment: string): string | null {
  const found = /^#i=(.+)$/.exec(fragment)?.[1];
  return found === undefined ? null : exact(found);
}

/**
 * The invitation in a QR code: the app's link, what the hub's administrators show (`segin:enrol?…&invitation=…`), or the twelve
 * characters alone; null when it is something else.
 */
export function invitationOf(scanned: string): string | null {
  const at = scanned.indexOf("#i=");
  if (at >= 0) return invitationIn(scanned.slice(at));
  const named = /^segin:enrol\?(?:.*&)?invitation=([^&]+)/.exec(scanned)?.[1];
  return exact(named ?? scanned);
}

/** Twelve characters with dashes or spaces between, and nothing else. */
function exact(text: string): string | null {
  const bare = text.trim().replace(/[-\s]/g, "");
  return bare.length === INVITATION_CHARACTERS && isComplete(bare) ? grouped(bare) : null;
}
