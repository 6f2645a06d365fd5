/** Reading answers: a value, or why there is none. Owns nothing but these few questions about an `Answer`. */
import type { Answer, Birth, PlaceCode, State } from "@segin/sync-protocol";

/** Why there is no value, in the order in which they are offered. */
export const STATES: readonly State[] = ["does_not_know", "refused", "ask_later", "not_asked"];

/** Why there is no value; undefined: there is one, or nobody has answered. */
export function stateOf(answer: Answer | undefined): State | undefined {
  return typeof answer === "object" && "state" in answer ? answer.state : undefined;
}

/** A text, code, date or id; undefined for anything else. */
export function textOf(answer: Answer | undefined): string | undefined {
  return typeof answer === "string" ? answer : undefined;
}

export function numberOf(answer: Answer | undefined): number | undefined {
  return typeof answer === "number" ? answer : undefined;
}

export function birthOf(answer: Answer | undefined): Birth | undefined {
  return typeof answer === "object" && "precision" in answer ? answer : undefined;
}

export function placeOf(answer: Answer | undefined): PlaceCode | undefined {
  return typeof answer === "object" && "vintage" in answer ? answer : undefined;
}

/** Several ids of entries. */
export function entriesIn(answer: Answer | undefined): readonly string[] {
  return Array.isArray(answer) ? answer.filter((id): id is string => typeof id === "string") : [];
}

/** Whether two answers say the same. */
export function sameAnswer(a: Answer | undefined, b: Answer | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
