/**
 * Consent at the gate: spoken, witnessed, for each purpose; also withdrawn.
 *
 * Owns which entries a decision makes. A decision names the entries that it replaces, so that a later grant counts and
 * of two decisions made side by side the more restrictive stands (the protocol's rule).
 */
import type { Answer, Edit } from "@segin/sync-protocol";
import type { Editing } from "../engine/contract.js";
import { textOf } from "./answers.js";
import { add, voided } from "./edits.js";
import { entriesOf, type Shown } from "./pending.js";

/** What is asked at the gate, together in one tap; the others when they come up. */
export const GATE_PURPOSES = ["registration", "assistance", "statistics"] as const;

export const DECISIONS = ["granted", "refused", "withdrawn"] as const;
export const CONSENT_BY = ["self", "parent", "carer", "nobody"] as const;
export const CONSENT_METHODS = ["spoken", "signed", "thumb"] as const;
export type Decision = (typeof DECISIONS)[number];
export type ConsentBy = (typeof CONSENT_BY)[number];

/** How a decision was given; the same for a whole family. */
export interface ConsentWay {
  readonly by: ConsentBy;
  readonly method: (typeof CONSENT_METHODS)[number];
  readonly lang?: string;
  /** Who heard it. */
  readonly witness?: string;
  /** Of a child that is asked as well. */
  readonly assent?: boolean;
}

type At = Pick<Editing, "pending" | "opened" | "entry">;

function standing(editing: At, purpose: string, to?: string): Shown[] {
  const all = entriesOf(editing.pending, editing.opened?.projection, "consent").filter((one) => one.standing !== "voided");
  const over = new Set(all.flatMap((one) => named(one.values.over)));
  return all.filter((one) => one.values.purpose === purpose && textOf(one.values.to) === to && !over.has(one.entry));
}

function named(over: Answer | undefined): readonly string[] {
  return Array.isArray(over) ? over.filter((id): id is string => typeof id === "string") : [];
}

/** The decision that stands for a purpose, as this screen knows it; of several the most restrictive. */
export function decided(editing: At, purpose: string, to?: string): Decision | null {
  const found = standing(editing, purpose, to).map((one) => one.values.decision);
  for (const decision of ["withdrawn", "refused", "granted"] as const) if (found.includes(decision)) return decision;
  return null;
}

/** The edits for a decision about some purposes. Deciding as before makes none; a draft is made again when its way changed. */
export function decide(editing: At, purposes: readonly string[], decision: Decision, way: ConsentWay, to?: string): Edit[] {
  return purposes.flatMap((purpose): Edit[] => {
    const before = standing(editing, purpose, to);
    const [same] = before;
    const { by, method, lang, witness, assent } = way;
    if (before.length === 1 && same?.values.decision === decision) {
      const said = { by, method, lang, witness, assent };
      const unchanged = Object.entries(said).every(([key, value]) => same.values[key] === (value === "" ? undefined : value));
      if (same.at !== null || unchanged) return [];
    }
    const mistaken = before.filter((one) => one.at === null).map((one) => voided("consent", one.entry, "Saisi par erreur"));
    const over = before.filter((one) => one.at !== null).map((one) => one.entry);
    const entry = add("consent", editing.entry(), {
      purpose, to, decision, by, method, lang, witness, assent, over: over.length > 0 ? over : undefined,
    });
    return [...mistaken, entry];
  });
}
