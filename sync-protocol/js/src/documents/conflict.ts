/**
 * Conflicts: every concurrent value of one field, with who wrote it and when, until a person chooses.
 *
 * Two people who wrote the same do not conflict; that nobody asked never stands against a value. Choosing is an ordinary
 * edit at the heads that were shown. What merge rules flag besides (a disputed void, concurrent steps) stands in the
 * projection.
 */
import type { Doc } from "./am.js";
import { Tree, pathOf } from "./tree.js";
import type { Slot } from "./tree.js";
import type { Conflict, Kind } from "./types.js";
import { informs } from "./value.js";

/** Every conflict of a document, by path. */
export function conflicts(kind: Kind, doc: Doc): Conflict[] {
  return conflictsOf(new Tree(kind, doc));
}

export function conflictsOf(tree: Tree): Conflict[] {
  return [...tree.slots()].flatMap(({ node, entry, slot }) => {
    const values = valuesOf(tree, slot);
    const label = node.group.rule.is === "set" ? node.group.label : (slot.field ?? node.group).label;
    return values === undefined ? [] : [{ path: pathOf(node.group.key, entry, slot.key), label, values }];
  });
}

function valuesOf(tree: Tree, slot: Slot): Conflict["values"] | undefined {
  const chosen = slot.chosen();
  if (chosen?.conflict !== true) return undefined;
  return slot.answers().flatMap(({ answer, change }) => {
    const origin = tree.history.get(change);
    if (origin === undefined || !informs(answer)) return [];
    const { hash, actor, at } = origin;
    return [{ value: answer, change: hash, actor, at, winner: change === chosen.change }];
  });
}
