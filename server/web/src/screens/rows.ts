/** Lines of lists in words, and where they lead: shared by home, find and "sent and not sent". Owns no order but "lately". */
import type { Kind } from "@segin/sync-protocol";
import { writeRoute } from "../app/route.svelte.js";
import type { Row } from "../engine/contract.js";
import { t } from "../words/index.svelte.js";

/** Years from which a person is called a woman or a man. */
const ADULT_YEARS = 18;

/** The name as shown, or that there is none. */
export function rowTitle(row: Row): string {
  if (row.name !== "") return row.name;
  return row.kind === "case" ? t().home.nameless : t().home.kind[row.kind];
}

/** Kind or sex and age, and whether values disagree. */
export function rowDetails(row: Row): string {
  const words = t();
  const parts = row.kind === "case" ? [] : [words.home.kind[row.kind]];
  if (row.sex) parts.push((row.age !== null && row.age < ADULT_YEARS ? words.common.sexOfChild : words.common.sex)[row.sex]);
  if (row.age !== null) parts.push(words.common.years(row.age));
  if (row.conflicts > 0) parts.push(words.home.conflicts(row.conflicts));
  return parts.join(", ");
}

/** Where a document is shown; `draft`: where its recording goes on. */
export function routeOf(kind: Kind, document: string, draft = false): string {
  if (kind === "movement") return writeRoute("arrival", document);
  return writeRoute(draft ? "intake" : "case", document);
}

/** Unaccompanied children of whom nobody has recorded who was told, oldest first. */
export function childrenAlone(rows: readonly Row[]): readonly Row[] {
  return rows.filter((row) => row.childAlone).toSorted((a, b) => a.firstAt - b.firstAt);
}

/** People and arrivals written last, newest first. */
export function lately(rows: readonly Row[], count: number): readonly Row[] {
  // One pass that keeps the few newest: the list may hold thousands.
  const newest: Row[] = [];
  for (const row of rows) {
    if (row.kind !== "case" && row.kind !== "movement") continue;
    const last = newest.at(-1);
    if (newest.length === count && last && row.lastAt <= last.lastAt) continue;
    const at = newest.findIndex((other) => other.lastAt < row.lastAt);
    newest.splice(at < 0 ? newest.length : at, 0, row);
    if (newest.length > count) newest.pop();
  }
  return newest;
}
