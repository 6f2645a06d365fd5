/**
 * Choosing between values that stand side by side: an edit at the heads that were on the screen, so that a third value
 * which arrived meanwhile stays a conflict.
 */
import type { Answer, Conflict, Edit, Kind } from "@segin/sync-protocol";
import { amend, include, set } from "./edits.js";

/** Sets of the schema: a path in one of them names a member. */
const SETS: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  case: ["skills", "languages", "urgent"],
  movement: ["expected", "boarded", "arrived"],
  household: ["members"],
};

/** The edit that settles a conflict with a value, one of those shown or another. Null: this path takes no such choice. */
export function choose(kind: Kind, conflict: Conflict, value: Answer): Edit | null {
  const [group = "", second = "", third] = conflict.path.split(".");
  if (group === "" || second === "") return null;
  if (third !== undefined) {
    if (third === "void" || third === "decided") return null;
    return amend(group, second, third, value);
  }
  return SETS[kind]?.includes(group) ? include(group, second, value === true ? undefined : value) : set(conflict.path, value);
}

/** An entry voided while somebody else worked on it: whether it counts. */
export function decideEntry(group: string, entry: string, stands: boolean): Edit {
  return { edit: "decide", group, entry, stands };
}
