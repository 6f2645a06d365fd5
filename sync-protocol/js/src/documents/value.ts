/**
 * Values of fields: the scalar that stands in a document for what an edit carries, and back.
 *
 * Everything is written whole as one plain scalar, so that concurrent values conflict as wholes. What a text must be
 * like for a field stands in `shape.ts`.
 */
import type { Scalar } from "./am.js";
import { birthText, makeBirth, BirthError } from "./birth.js";
import type { Shape } from "./schema.js";
import { acceptsNumber, readText, stateOf, STATES } from "./shape.js";
import type { Answer, EntryRef, PlaceCode, State, Value, When } from "./types.js";

/** Whether an answer says why there is no value. */
export function isState(answer: Answer): answer is { readonly state: State } {
  return typeof answer === "object" && "state" in answer;
}

/** Whether it says something about the person: that nobody asked never stands against a value. */
export function informs(answer: Answer): boolean {
  return !isState(answer) || answer.state === "does_not_know" || answer.state === "refused";
}

/** The value, where there is one. */
export function valueOf(answer: Answer): Value | undefined {
  return isState(answer) ? undefined : answer;
}

/** The text, where the answer is one. */
export function textOf(answer: Answer | undefined): string | undefined {
  return typeof answer === "string" ? answer : undefined;
}

/** `SCHEME:VINTAGE:CODE` */
export function placeText(place: PlaceCode): string {
  return `${place.scheme}:${place.vintage}:${place.code}`;
}

/** `SOURCE AT` */
export function whenText(when: When): string {
  return `${when.source} ${when.at}`;
}

/** `CASE/GROUP/ENTRY` */
export function entryText(entry: EntryRef): string {
  return `${entry.case}/${entry.group}/${entry.entry}`;
}

type Form = "flag" | "number" | "text" | "birth" | "place" | "when" | "entry" | "entries";

/** Which of the values it is. */
export function formOf(value: Value): Form {
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "flag";
  if (typeof value === "number") return "number";
  if (isList(value)) return "entries";
  if ("precision" in value) return "birth";
  if ("scheme" in value) return "place";
  return "at" in value ? "when" : "entry";
}

/** Whether it is several ids of entries. */
export function isList(answer: Answer | undefined): answer is readonly string[] {
  return Array.isArray(answer);
}

function textForm(value: Exclude<Value, number | boolean>): string | undefined {
  if (typeof value === "string") return value;
  if (isList(value)) return value.join(" ");
  if ("scheme" in value) return placeText(value);
  if ("at" in value) return whenText(value);
  if ("case" in value) return entryText(value);
  try {
    return birthText(makeBirth(value.precision, value.value, value.source, value.as_of));
  } catch (error) {
    if (error instanceof BirthError) return undefined;
    throw error;
  }
}

/** The scalar that stands in a document; undefined when the value is not of this shape. */
export function encode(answer: Answer, shape: Shape): string | boolean | number | undefined {
  if (isState(answer)) return STATES.includes(answer.state) ? `?${answer.state}` : undefined;
  if (typeof answer === "boolean") return shape.is === "flag" ? answer : undefined;
  if (typeof answer === "number") return acceptsNumber(shape, answer) ? answer : undefined;
  const text = textForm(answer);
  const read = text === undefined ? undefined : readText(shape, text);
  // What is read back must be what was meant: a place given for a text field is not a text.
  const meant = read !== undefined && (typeof answer === "string" || formOf(read) === formOf(answer));
  return meant ? text : undefined;
}

/** What a scalar in a document means for a field of this shape; undefined when it means nothing. */
export function decode(shape: Shape, scalar: Scalar): Answer | undefined {
  if (typeof scalar === "string") {
    const state = stateOf(scalar);
    return state === undefined ? readText(shape, scalar) : { state };
  }
  if (typeof scalar === "boolean") return shape.is === "flag" ? scalar : undefined;
  // Numbers are written in several ways in documents; zero has one form here.
  return scalar !== null && acceptsNumber(shape, scalar) ? scalar + 0 : undefined;
}

/** Whether two answers say the same. */
export function sameAnswer(a: Answer, b: Answer): boolean {
  if (a === b) return true;
  if (isState(a) || isState(b)) return isState(a) && isState(b) && a.state === b.state;
  if (typeof a !== "object" || typeof b !== "object") return false;
  return formOf(a) === formOf(b) && textForm(a) === textForm(b);
}
