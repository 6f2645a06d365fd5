/** The maps that constants made, and whether a document has them. */
import { ROOT } from "./am.js";
import type { Doc, ObjectId } from "./am.js";
import { CONSTANT_ACTOR, constantHashes } from "./constant.js";
import type { Kind } from "./types.js";

/** A map that a constant made, found whatever else was put under its key. `whole`: nothing else hides it. */
export function container(doc: Doc, key: string): { readonly map: ObjectId; readonly whole: boolean } | undefined {
  const all = doc.all(ROOT, key);
  const at = all.findIndex((item) => item.is === "map" && item.id.endsWith(`@${CONSTANT_ACTOR}`));
  const found = all[at];
  return found === undefined ? undefined : { map: found.id, whole: at === all.length - 1 };
}

/** Whether a document starts with the constants of the kind. */
export function isOfKind(doc: Doc, kind: Kind): boolean {
  const [first] = constantHashes(kind);
  return first !== undefined && doc.has(first);
}
