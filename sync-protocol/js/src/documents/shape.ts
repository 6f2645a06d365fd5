/**
 * What each shape of field accepts, and the words that say what would have been right.
 */
import { FIELD_CHARACTERS_MAX, LIST_ITEMS_MAX, NOTE_CHARACTERS_MAX } from "../limits.js";
import { BirthError, parseBirth } from "./birth.js";
import { isCodeText, isSiteCode } from "./code.js";
import { parseDate } from "./date.js";
import type { Shape } from "./schema.js";
import type { EntryRef, Label, PlaceCode, State, Value, When } from "./types.js";

const CODE = /^[A-Za-z0-9_.-]{1,40}$/;
const PARTNER = /^[A-Z][A-Z0-9]{1,7}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Eight bytes in base64url: of the last character two bits are not used and zero. */
const ENTRY_ID = /^[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]$/;
const CONTROL = /[^\P{Cc}\n\t]/u;
const NOT_SPACE = /\P{White_Space}/u;
/** Half of a character outside the basic plane: no text for anybody else. */
const BROKEN = /\p{Surrogate}/u;

/** Where the time of a fact comes from. */
export const WHEN_SOURCES: readonly When["source"][] = ["clock", "declared", "paper"];

/** Whether a text is an entry's id: eight bytes as 11 characters of base64url. */
export function isEntryId(text: string): boolean {
  return ENTRY_ID.test(text);
}

/** How many characters a text has. */
export function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Compares texts as the Rust crate does: by code point, which is by byte of UTF-8. */
export function compareText(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function isPlainText(text: string): boolean {
  const fits = NOT_SPACE.test(text) && characters(text) <= FIELD_CHARACTERS_MAX;
  return fits && !CONTROL.test(text) && stateOf(text) === undefined;
}

function parsePlace(text: string): PlaceCode | undefined {
  const [scheme = "", year = "", code = "", ...rest] = text.split(":");
  const fits = rest.length === 0 && CODE.test(scheme) && /^(19|2\d)\d\d$/.test(year) && CODE.test(code);
  return fits ? { code, scheme, vintage: Number(year) } : undefined;
}

function parseWhen(text: string): When | undefined {
  const space = text.indexOf(" ");
  const source = WHEN_SOURCES.find((name) => space >= 0 && name === text.slice(0, space));
  const at = text.slice(space + 1);
  const [day = "", time, ...rest] = at.split("T");
  const date = parseDate(day);
  if (source === undefined || date === undefined || rest.length > 0) return undefined;
  const timed = time === undefined || (date.day > 0 && /^([01]\d|2[0-3]):[0-5]\d$/.test(time));
  return timed ? { at, source } : undefined;
}

function parseEntryRef(text: string): EntryRef | undefined {
  const [found = "", group = "", entry = "", ...rest] = text.split("/");
  const fits = rest.length === 0 && UUID.test(found) && CODE.test(group) && isEntryId(entry);
  return fits ? { case: found, group, entry } : undefined;
}

function parseEntries(text: string): readonly string[] | undefined {
  const ids = text.split(" ");
  return ids.length <= LIST_ITEMS_MAX && ids.every(isEntryId) ? ids : undefined;
}

/** Why there is no value. */
export const STATES: readonly State[] = ["does_not_know", "refused", "not_asked", "ask_later"];

/** The state that a text in a document stands for; no text value may be one of these. */
export function stateOf(text: string): State | undefined {
  return text.startsWith("?") ? STATES.find((state) => state === text.slice(1)) : undefined;
}

/** Reads the text form of a value of this shape; undefined when it is not one. */
export function readText(shape: Shape, text: string): Value | undefined {
  if (BROKEN.test(text)) return undefined;
  const asIs = (fits: boolean): string | undefined => (fits ? text : undefined);
  switch (shape.is) {
    case "text":
      return asIs(isPlainText(text));
    case "note":
      return asIs(text !== "" && characters(text) <= NOTE_CHARACTERS_MAX);
    case "code":
      return asIs(CODE.test(text));
    case "choice":
      return asIs(shape.choices.includes(text));
    case "date":
      return asIs(parseDate(text) !== undefined);
    case "document":
      return asIs(UUID.test(text));
    case "site":
      return asIs(isSiteCode(text));
    case "partner":
      return asIs(PARTNER.test(text));
    case "humanCode":
      return asIs(isCodeText(text));
    case "birth":
      try {
        return parseBirth(text);
      } catch (error) {
        if (error instanceof BirthError) return undefined;
        throw error;
      }
    case "place":
      return parsePlace(text);
    case "when":
      return parseWhen(text);
    case "entry":
      return parseEntryRef(text);
    case "entries":
      return parseEntries(text);
    case "number":
    case "flag":
      return undefined;
  }
}

/** Whether the shape is a number and this is within its bounds. */
export function acceptsNumber(shape: Shape, number: number): boolean {
  return shape.is === "number" && Number.isSafeInteger(number) && shape.least <= number && number <= shape.most;
}

/** What would have been right, without any value. */
export function wanted(shape: Shape): Label {
  const of = (fr: string, en: string): Label => ({ fr, en });
  switch (shape.is) {
    case "text":
      return of(`un texte de 1 à ${FIELD_CHARACTERS_MAX} caractères`, `a text of 1 to ${FIELD_CHARACTERS_MAX} characters`);
    case "note":
      return of(`une note de 1 à ${NOTE_CHARACTERS_MAX} caractères`, `a note of 1 to ${NOTE_CHARACTERS_MAX} characters`);
    case "code":
      return of(`un code de la liste « ${shape.list} »`, `a code of list '${shape.list}'`);
    case "choice":
      return of(`un de : ${shape.choices.join(", ")}`, `one of: ${shape.choices.join(", ")}`);
    case "number":
      return of(`un nombre entier de ${shape.least} à ${shape.most}`, `a whole number from ${shape.least} to ${shape.most}`);
    case "flag":
      return of("oui ou non", "yes or no");
    case "date":
      return of("une date : AAAA, AAAA-MM ou AAAA-MM-JJ", "a date: YYYY, YYYY-MM or YYYY-MM-DD");
    case "when":
      return of(
        "une source (clock, declared, paper) et une date, avec ou sans heure",
        "a source (clock, declared, paper) and a date, with or without a time",
      );
    case "birth":
      return of(
        "une naissance : précision, valeur, source, et le jour pour un âge",
        "a birth: precision, value, source, and the day for an age",
      );
    case "place":
      return of("un lieu : code, liste et année", "a place: code, scheme and vintage");
    case "document":
      return of("l'identifiant d'un dossier (UUID)", "a document id (UUID)");
    case "site":
      return of("un code de site : deux à quatre lettres", "a site code: two to four letters");
    case "partner":
      return of("un code de partenaire : deux à huit majuscules ou chiffres", "a partner code: two to eight capitals or digits");
    case "humanCode":
      return of("un code tel que GOG-24-K7-0042-Y", "a code such as GOG-24-K7-0042-Y");
    case "entry":
      return of("une entrée d'un dossier", "an entry of a case");
    case "entries":
      return of("une liste d'entrées", "a list of entries");
  }
}
