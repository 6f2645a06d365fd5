/**
 * Human codes: `SITE-YY-DEVICE-COUNTER-C`, e.g. `GOG-24-K7-0042-Y`, made offline, unique, read over a bad line.
 *
 * The check character is ISO 7064 MOD 37-2: every single wrong character and every swap of neighbours is caught.
 * Counters whose check character would be `*` or look like another (0, O, 1, I, L) are skipped. Site, year and device
 * letters come from the lease, which keeps them apart.
 */
import { utf8 } from "../bytes.js";


/** What device letters are made of: no 0 and O, no 1, I and L. */
export const DEVICE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";

/** Largest counter of one device in one year; six digits are what a person still reads out. */
export const COUNTER_MAX = 999_999;

const DEVICE_LETTERS = 2;
/** Digits of the counter at least and at most. */
const COUNTER_DIGITS = [4, 5, 6];
/** Letters of the site. */
const SITE_LETTERS = [2, 3, 4];
/** Longest text that is looked at, in bytes; a code has at most 19. */
const TEXT_BYTES_MAX = 64;
/** Characters of a wrong text that an error repeats. */
const SHORT = 64;

/** A human code; its check character is right. */
export interface Code {
  readonly site: string;
  /** 0 to 99. */
  readonly year: number;
  /** Two letters or digits that tell a site's devices apart. */
  readonly device: string;
  readonly counter: number;
}

export type CodeErrorCode = "code-form" | "code-check" | "code-ambiguous" | "code-device" | "code-year" | "code-counter";

/** Why a text is not a code, or a code cannot be made. Texts are repeated because codes name no person. */
export class CodeError extends Error {
  constructor(
    readonly code: CodeErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const short = (text: string): string => [...text].slice(0, SHORT).join("");

function formError(text: string): CodeError {
  const wanted = "wanted is SITE-YY-DEVICE-COUNTER-C, e.g. GOG-24-K7-0042-Y";
  return new CodeError("code-form", `'${short(text)}' is not built like a code: ${wanted}`);
}

function checkError(text: string): CodeError {
  return new CodeError("code-check", `one character of '${short(text)}' is wrong or two are swapped: ask for it again`);
}

/** Whether a text is a site's code: two to four letters A to Z. */
export function isSiteCode(text: string): boolean {
  return /^[A-Z]{2,4}$/.test(text);
}

function isDevice(text: string): boolean {
  return text.length === DEVICE_LETTERS && [...text].every((letter) => DEVICE_ALPHABET.includes(letter));
}

/** The n-th pair of device letters; undefined after the last (961 pairs). */
export function deviceLetters(n: number): string | undefined {
  const first = DEVICE_ALPHABET[Math.floor(n / DEVICE_ALPHABET.length)];
  const second = DEVICE_ALPHABET[n % DEVICE_ALPHABET.length];
  return first === undefined || second === undefined ? undefined : first + second;
}

/** `0`-`9` and `A`-`Z` as 0 to 35. */
function valueOf(character: string): number {
  return Number.parseInt(character, 36);
}

/** The check character; undefined for MOD 37-2's thirty-seventh, which is written `*`. */
function checkOf({ site, year, device, counter }: Code): string | undefined {
  const body = `${site}${String(year).padStart(2, "0")}${device}${String(counter).padStart(4, "0")}`;
  const sum = [...body].reduce((sum, character) => ((sum + valueOf(character)) * 2) % 37, 0);
  const check = (38 - sum) % 37;
  return check === 36 ? undefined : check.toString(36).toUpperCase();
}

/** No character that is taken for another. */
function isPlain(check: string | undefined): check is string {
  return check !== undefined && DEVICE_ALPHABET.includes(check);
}

function hasCheck(code: Code, found: string): boolean {
  return checkOf(code) === found && isPlain(found);
}

/** As people write it. */
export function codeText(code: Code): string {
  const { site, year, device, counter } = code;
  const [yy, number] = [String(year).padStart(2, "0"), String(counter).padStart(4, "0")];
  return `${site}-${yy}-${device}-${number}-${checkOf(code) ?? "*"}`;
}

function isUsable(code: Code): boolean {
  const { counter } = code;
  return Number.isInteger(counter) && counter >= 1 && counter <= COUNTER_MAX && isPlain(checkOf(code));
}

/** The code of a counter. @throws CodeError `code-form` (site), `code-device`, `code-year`, `code-counter` */
export function makeCode(site: string, year: number, device: string, counter: number): Code {
  if (!isSiteCode(site)) throw formError(site);
  if (!isDevice(device)) {
    const wanted = `two of ${DEVICE_ALPHABET} are wanted`;
    throw new CodeError("code-device", `'${short(device)}' are not device letters: ${wanted}`);
  }
  if (!Number.isInteger(year) || year < 0 || year > 99) {
    throw new CodeError("code-year", `a code has two digits for the year: 0 to 99 is wanted, not ${year}`);
  }
  const code = { site, year, device, counter };
  if (!isUsable(code)) {
    throw new CodeError("code-counter", `counter ${counter} makes no code: take the next one, up to ${COUNTER_MAX}`);
  }
  return code;
}

/**
 * The first code after the counter that was used last (0 before the first).
 * @throws CodeError as `makeCode`; `code-counter` when the counters are used up
 */
export function nextCode(site: string, year: number, device: string, last: number): Code {
  for (let counter = last + 1; counter <= COUNTER_MAX; counter += 1) {
    if (isUsable({ site, year, device, counter })) return makeCode(site, year, device, counter);
  }
  throw new CodeError("code-counter", `counter ${last + 1} makes no code: the counters are used up`);
}

/** What can stand at a place. */
type Class = "letter" | "digit" | "either";
type Lengths = readonly [site: number, year: number, device: number, counter: number];

/** What every split of these lengths wants at a place. */
function commonClass(splits: readonly Lengths[], at: number): Class {
  const classes = splits.map(([site, year, device]): Class => {
    if (at < site) return "letter";
    return at >= site + year && at < site + year + device ? "either" : "digit";
  });
  const first = classes[0] ?? "either";
  return classes.every((found) => found === first) ? first : "either";
}

/** A character that is often taken for another, as what can stand at its place. */
function repaired(character: string, wanted: Class): string {
  if (wanted === "digit") return character === "O" ? "0" : character === "I" || character === "L" ? "1" : character;
  if (wanted === "letter") return character === "0" ? "O" : character === "1" ? "I" : character;
  return character;
}

/** A code of these parts, its check character not looked at. */
function fromParts(site: string, year: string, device: string, counter: string): Code | undefined {
  const number = Number(counter);
  // Five and six digits only where they are needed.
  const digits = /^\d{4,6}$/.test(counter) && String(number).padStart(4, "0") === counter;
  const fits = isSiteCode(site) && /^\d{2}$/.test(year) && isDevice(device) && digits && number >= 1;
  return fits ? { site, year: Number(year), device, counter: number } : undefined;
}

function fromLengths(body: string, [site, year, device]: Lengths): Code | undefined {
  const [second, third, fourth] = [site, site + year, site + year + device];
  return fromParts(body.slice(0, second), body.slice(second, third), body.slice(third, fourth), body.slice(fourth));
}

/**
 * Reads a code as people write it: any case, spaces, hyphens missing, O for 0 and I or L for 1 where only a digit can
 * stand, 0 and 1 for O and I where only a letter can.
 * @throws CodeError `code-form`, `code-check` or `code-ambiguous`
 */
export function parseCode(text: string): Code {
  if (utf8(text).length > TEXT_BYTES_MAX) throw formError(text);
  const upper = text.toUpperCase().replace(/[\u2010-\u2015\u2212]/g, "-").replace(/\p{White_Space}/gu, "");
  const parts = upper.split("-");
  if (!parts.every((part) => /^[A-Z0-9]*$/.test(part))) throw formError(text);
  const [site = "", year = "", device = "", counter = "", check = ""] = parts;
  if (parts.length === 5) {
    const read = (part: string, wanted: Class): string => [...part].map((c) => repaired(c, wanted)).join("");
    const code = fromParts(read(site, "letter"), read(year, "digit"), device, read(counter, "digit"));
    if (code === undefined) throw formError(text);
    if (!hasCheck(code, check)) throw checkError(text);
    return code;
  }
  // Without all its hyphens the places where they belong follow from the length, sometimes in several ways. A character
  // is read as another only where every way wants the same: the check character then covers them all.
  const joined = parts.join("");
  const splits = SITE_LETTERS.flatMap((site) =>
    COUNTER_DIGITS.map((digits): Lengths => [site, 2, DEVICE_LETTERS, digits]),
  ).filter((lengths) => lengths.reduce((sum, length) => sum + length, 1) === joined.length);
  const body = [...joined.slice(0, -1)].map((c, at) => repaired(c, commonClass(splits, at))).join("");
  const built = splits.flatMap((lengths) => fromLengths(body, lengths) ?? []);
  if (built.length === 0) throw formError(text);
  const [found, ...others] = built.filter((code) => hasCheck(code, joined.slice(-1)));
  if (found === undefined) throw checkError(text);
  if (others.length > 0) {
    throw new CodeError("code-ambiguous", `'${short(text)}' can be read in two ways: write it with its hyphens`);
  }
  return found;
}

/** Whether a text is a code exactly as it is written, hyphens and all. */
export function isCodeText(text: string): boolean {
  try {
    return codeText(parseCode(text)) === text;
  } catch (error) {
    if (error instanceof CodeError) return false;
    throw error;
  }
}
