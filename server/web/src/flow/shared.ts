/**
 * What a family shares, copied from one member to the next in one tap: from, to, movement, category, country, language,
 * and how consent was given and witnessed. Never a decision about consent, and nothing about the person.
 */
import type { Answer, Edit } from "@segin/sync-protocol";
import type { Editing } from "../engine/contract.js";
import { textOf } from "./answers.js";
import { add, set } from "./edits.js";
import { entriesOf } from "./pending.js";

/** Fields that a family shares. */
export const SHARED_FIELDS = [
  "origin.region", "origin.cercle", "origin.village", "origin.place",
  "destination.region", "destination.cercle", "destination.village", "destination.place", "destination.with", "destination.host",
  "journey.last_country", "journey.last_stay", "birth.nationality", "profile.language", "profile.interpreter",
] as const;

/** Of an arrival; the day and the movement with it. */
const ARRIVAL_FIELDS = ["movement", "point", "category", "country", "on"] as const;

export interface Shared {
  readonly fields: Readonly<Record<string, Answer>>;
  readonly arrival: Readonly<Record<string, Answer>> | null;
  /** Language and witness of the consent, where it was given. */
  readonly witness?: string;
  readonly lang?: string;
}

/** What can be copied from a case that is being recorded. */
export function sharedOf(editing: Pick<Editing, "answer" | "pending" | "opened">): Shared {
  const fields: Record<string, Answer> = {};
  for (const path of SHARED_FIELDS) {
    const answer = editing.answer(path);
    if (answer !== undefined) fields[path] = answer;
  }
  const last = (group: string) => entriesOf(editing.pending, editing.opened?.projection, group).findLast((one) => one.standing !== "voided");
  const arrival = last("arrivals");
  const consent = last("consent");
  const witness = textOf(consent?.values.witness);
  const lang = textOf(consent?.values.lang) ?? textOf(fields["profile.language"]);
  const kept = Object.fromEntries(ARRIVAL_FIELDS.flatMap((key) => {
    const value = arrival?.values[key];
    return value === undefined ? [] : [[key, value] as const];
  }));
  return { fields, arrival: arrival ? kept : null, ...(witness === undefined ? {} : { witness }), ...(lang === undefined ? {} : { lang }) };
}

/** The edits that copy it. What was answered already stays. */
export function copyShared(shared: Shared, to: Pick<Editing, "answer" | "pending" | "opened" | "entry">): Edit[] {
  const fields = Object.entries(shared.fields).filter(([path]) => to.answer(path) === undefined);
  const arrived = entriesOf(to.pending, to.opened?.projection, "arrivals").some((one) => one.standing !== "voided");
  const arrival = shared.arrival && !arrived ? [add("arrivals", to.entry(), shared.arrival)] : [];
  return [...fields.map(([path, value]) => set(path, value)), ...arrival];
}
