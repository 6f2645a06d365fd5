/** Reading what is typed for one field of an entry, as its shape wants it. Null: not a value of this field. */
import type { Answer, Shape } from "@segin/sync-protocol";
import { birthFromDate } from "../../flow/age.js";

/** Years ahead that a date may lie: a paper's expiry. */
const AHEAD_YEARS = 30;

/** A date as exact as typed: `1991`, `4/1991`, `30/4/1991`. */
export function dateFrom(text: string, today: string): string | null {
  const latest = `${Number(today.slice(0, 4)) + AHEAD_YEARS}${today.slice(4)}`;
  return birthFromDate(text, latest, "document")?.value ?? null;
}

export function answerFrom(shape: Shape, text: string, today: string): Answer | null {
  const plain = text.trim();
  switch (shape.is) {
    case "number":
      return /^\d{1,15}$/.test(plain) && Number(plain) >= shape.least && Number(plain) <= shape.most ? Number(plain) : null;
    case "flag":
      return plain === "yes" ? true : plain === "no" ? false : null;
    case "date":
      return dateFrom(plain, today);
    default:
      return plain === "" ? null : plain;
  }
}
