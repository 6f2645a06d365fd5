/**
 * What stands in the QR of a card: `SEGIN1:GOG-24-K7-0042-T:UUID:TOKEN`, and nothing about the person.
 *
 * The one place that writes and reads this text. Capital letters, digits, `-` and `:` only, which a QR holds in its
 * small alphabet: the picture stays coarse enough for a worn card. UUID without hyphens, token in hexadecimal.
 */

const MARK = "SEGIN1";
const TEXT = /^SEGIN1:([A-Z0-9]{2,4}-\d{2}-[A-Z0-9]{2}-\d{4,6}-[A-Z0-9]):([0-9A-F]{32}):([0-9A-F]{24})$/;

export interface Card {
  /** The human code as printed. */
  readonly code: string;
  /** The case, a UUID in small letters. */
  readonly document: string;
  /** 96 random bits in lower-case hexadecimal: who shows them may work on that case. Never into a log. */
  readonly token: string;
}

export function writeCard(card: Card): string {
  return `${MARK}:${card.code}:${card.document.replaceAll("-", "")}:${card.token}`.toUpperCase();
}

/** The card that a scanned text is; null: it is none of ours. Whether the code's check character fits is not looked at. */
export function readCard(text: string): Card | null {
  const found = TEXT.exec(text.trim().toUpperCase());
  const [, code, id, token] = found ?? [];
  if (code === undefined || id === undefined || token === undefined) return null;
  const hex = id.toLowerCase();
  const document = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  return { code, document, token: token.toLowerCase() };
}
