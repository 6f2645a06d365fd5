/** Dated steps of an outcome: present, moved, left again … Some stop follow-ups and calls at once. */
import type { Edit, When } from "@segin/sync-protocol";
import { add } from "./edits.js";

/** Codes of the schema, in the order in which they are offered, with whether they stop follow-ups and calls. */
export const OUTCOMES: readonly { readonly code: string; readonly fr: string; readonly en: string; readonly stops: boolean }[] = [
  { code: "present", fr: "Présent(e)", en: "Present", stops: false },
  { code: "moved", fr: "Parti(e) vers un autre lieu", en: "Moved on", stops: false },
  { code: "left_again", fr: "Reparti(e) en migration", en: "Left again", stops: true },
  { code: "missing", fr: "Disparu(e)", en: "Missing", stops: true },
  { code: "died", fr: "Décédé(e)", en: "Died", stops: true },
  { code: "born_here", fr: "Né(e) ici", en: "Born here", stops: false },
  { code: "follow_up", fr: "Suivi", en: "Follow-up", stops: false },
  { code: "closed", fr: "Dossier clos", en: "Closed", stops: true },
  { code: "reopened", fr: "Dossier rouvert", en: "Reopened", stops: false },
  { code: "expected", fr: "Attendu(e)", en: "Expected", stops: false },
];

export interface OutcomeStep {
  readonly step: string;
  readonly to?: string;
  readonly reason?: string;
  /** Of a death. */
  readonly burial?: string;
  readonly told_by?: string;
}

export function outcomeStep(entry: string, step: OutcomeStep, at?: When): Edit {
  return add("outcome", entry, { ...step }, at);
}
