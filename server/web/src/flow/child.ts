/**
 * A child who is alone: whom to ring, and who was told, when and how. Stays on top of every screen until that is written.
 *
 * Handing a child to a carer is not here: a caseworker cannot do it alone, and a claimed carer is never shown the record.
 */
import type { Configuration, Edit, Projection } from "@segin/sync-protocol";
import { textOf } from "./answers.js";
import { add, clock } from "./edits.js";
import { entriesOf, membersOf } from "./pending.js";

/** The need that says so, a code of the list `needs`. */
export const CHILD_ALONE = "child_alone";

/** Ways of telling somebody, offered as tiles. */
export const TOLD_HOW: readonly { readonly fr: string; readonly en: string }[] = [
  { fr: "Par téléphone", en: "By phone" },
  { fr: "En personne", en: "In person" },
  { fr: "Par radio", en: "By radio" },
  { fr: "Par message", en: "By message" },
];

/** Whom to ring about a need. */
export interface FocalPoint {
  readonly fr: string;
  readonly en: string;
  /** As it is dialled; null: the configuration has none, the supervisor knows. */
  readonly number: string | null;
}

/** Whom to ring: the list `focal_points` has for each need its numbers as other spellings. */
export function focalPoint(configuration: Configuration | null, need = CHILD_ALONE): FocalPoint | null {
  const item = configuration?.lists.focal_points?.find((one) => one.code === need);
  return item ? { fr: item.fr, en: item.en, number: item.also[0] ?? null } : null;
}

/** Whether the child is alone and nobody has written who was told. */
export function waitsForTelling(pending: readonly Edit[], projection: Projection | undefined): boolean {
  if (!membersOf(pending, projection, "urgent").has(CHILD_ALONE)) return false;
  const told = entriesOf(pending, projection, "told").filter((one) => one.standing !== "voided");
  return !told.some((one) => textOf(one.values.about) === CHILD_ALONE);
}

/** Who was told, how, and when; `now` when nothing else was said. */
export function recordTold(entry: string, told: { readonly who: string; readonly how?: string; readonly now: number; readonly at?: string }): Edit {
  const at = told.at === undefined ? clock(told.now) : { at: told.at, source: "declared" as const };
  return add("told", entry, { about: CHILD_ALONE, who: told.who, how: told.how }, at);
}
