/** Which records are not proved to be at the hub yet, those that need a person first. */
import type { Row, Step } from "../engine/contract.js";

const URGENCY: Readonly<Record<Step, number | null>> = { refused: 0, held: 1, draft: 2, phone: 3, sending: 4, hub: null, two: null };

/** Refused, held, drafts, on this phone, on their way; newest first among equals. */
export function unsettled(rows: readonly Row[]): readonly Row[] {
  const urgency = (row: Row) => URGENCY[row.step];
  return rows
    .filter((row) => urgency(row) !== null)
    .toSorted((a, b) => (urgency(a) ?? 0) - (urgency(b) ?? 0) || b.lastAt - a.lastAt);
}
