/**
 * Writing: a list of typed edits becomes one change, the same bytes as the Rust crate makes of them.
 *
 * An edit is made at the heads that were on the screen: the document is forked there, edited and merged, so that a value
 * which arrived in between stays as a conflict and is not silently replaced. One call makes exactly one change, or none.
 */
import type { Actor, ChangeHash, Millis } from "../ids.js";
import { CHANGE_BYTES_MAX, CHANGE_OPERATIONS_MAX, EDITS_MAX } from "../limits.js";
import { DocumentError } from "./am.js";
import type { Doc, ObjectId } from "./am.js";
import { EditError } from "./edit.js";
import { fieldOf, groupOf } from "./schema.js";
import type { Group, Shape } from "./schema.js";
import { stateOf } from "./shape.js";
import type { Answer, Edit, Kind } from "./types.js";
import { container, isOfKind } from "./tree.js";
import { checkEdit, common, sortedEntries, valueProblem } from "./validate.js";
import { encode, informs } from "./value.js";

/** The change that edits became. */
export interface Committed {
  /** Its bytes, uncompressed. */
  readonly raw: Uint8Array;
  readonly hash: ChangeHash;
  /** The changes that it depends on. */
  readonly deps: readonly ChangeHash[];
  /** Its number among its actor's changes, from 1. */
  readonly seq: number;
}

/**
 * Writes the edits as one change of this actor, made at the heads that were shown, and merges it into `doc`, which stays
 * the caller's. `at` is when it was entered, in milliseconds since 1970; seconds are kept.
 * @throws EditError; the document is then unchanged
 */
export function apply(
  doc: Doc,
  kind: Kind,
  shown: readonly ChangeHash[],
  actor: Actor,
  at: Millis,
  edits: readonly Edit[],
): Committed & { readonly doc: Doc } {
  if (edits.length === 0) throw new EditError("edit-empty");
  if (edits.length > EDITS_MAX) throw new EditError("edit-too-large");
  for (const edit of edits) {
    const wrong = checkEdit(kind, edit);
    if (wrong !== undefined) throw new EditError("edit-invalid", wrong.path, wrong);
  }
  return edited(() => {
    const fork = forkAt(doc, shown, actor);
    try {
      if (!isOfKind(fork, kind)) throw new EditError("edit-not-of-kind", kind);
      const last = lastChangeOf(doc, actor);
      if (last !== undefined && !fork.has(last)) throw new EditError("edit-actor-not-at-heads");
      for (const edit of edits) write(fork, kind, edit);
      const committed = commit(fork, at);
      doc.apply([committed.raw]);
      return { doc, ...committed };
    } finally {
      // What was written before an error goes with the fork.
      fork.free();
    }
  });
}

function commit(fork: Doc, at: Millis): Committed {
  const hash = fork.commit(Math.floor(at / 1_000));
  const raw = hash === undefined ? undefined : fork.change(hash);
  const meta = hash === undefined ? undefined : fork.meta(hash);
  if (hash === undefined || raw === undefined || meta === undefined) throw new EditError("edit-nothing-changed");
  const operations = meta.maxOp - meta.startOp + 1;
  if (raw.length > CHANGE_BYTES_MAX || operations > CHANGE_OPERATIONS_MAX) throw new EditError("edit-too-large");
  return { raw, hash, deps: meta.deps, seq: meta.seq };
}

function edited<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof DocumentError) throw new EditError("edit-document", error.message);
    throw error;
  }
}

/**
 * Whether this actor may edit at these heads: it has written nothing that is not among their ancestors. Otherwise draw a
 * new actor.
 */
export function actorFits(doc: Doc, shown: readonly ChangeHash[], actor: Actor): boolean {
  const last = lastChangeOf(doc, actor);
  if (last === undefined) return true;
  const metas = new Map(doc.metas().map((meta) => [meta.hash, meta]));
  if (!shown.every((head) => metas.has(head))) return false;
  const next = [...shown];
  const seen = new Set(next);
  for (let hash = next.pop(); hash !== undefined; hash = next.pop()) {
    for (const dep of metas.get(hash)?.deps ?? []) {
      if (!seen.has(dep)) next.push(dep);
      seen.add(dep);
    }
  }
  return seen.has(last);
}

/** The heads of a document, in order of their text. */
export function heads(doc: Doc): ChangeHash[] {
  return doc.heads();
}

function forkAt(doc: Doc, shown: readonly ChangeHash[], actor: Actor): Doc {
  const missing = shown.find((head) => !doc.has(head));
  if (missing !== undefined) throw new EditError("edit-unknown-heads", missing);
  const now = doc.heads();
  // At the present heads a copy does, and keeps the cost from growing with the history.
  const same = now.length === shown.length && [...shown].sort().every((head, at) => head === now[at]);
  return same ? doc.fork(actor) : doc.forkAt(shown, actor);
}

function lastChangeOf(doc: Doc, actor: Actor): ChangeHash | undefined {
  const own = doc.metas().filter((meta) => meta.actor === actor);
  return own.reduce<(typeof own)[number] | undefined>((a, b) => (a !== undefined && a.seq > b.seq ? a : b), undefined)?.hash;
}

function write(doc: Doc, kind: Kind, edit: Edit): void {
  switch (edit.edit) {
    case "set": {
      const { group, map, key } = target(doc, kind, edit.field);
      return put(doc, group, map, edit.field, key, edit.value);
    }
    case "add": {
      const { group, map } = target(doc, kind, edit.group);
      const path = `${edit.group}.${edit.entry}`;
      if (doc.get(map, edit.entry) !== undefined) throw new EditError("edit-entry-exists", path);
      const entry = doc.putMap(map, edit.entry);
      for (const [field, value] of [...sortedEntries(edit.values), ...common(edit)]) {
        put(doc, group, entry, `${path}.${field}`, field, value);
      }
      return;
    }
    case "amend": {
      const { group, map, path } = entryMap(doc, kind, edit);
      return put(doc, group, map, `${path}.${edit.field}`, edit.field, edit.value);
    }
    case "rewrite": {
      const { map } = entryMap(doc, kind, edit);
      return rewrite(doc, map, edit.field, edit.before, edit.after);
    }
    case "void": {
      const { group, map, path } = entryMap(doc, kind, edit);
      put(doc, group, map, path, "void", edit.reason);
      if (edit.to !== undefined) put(doc, group, map, path, "void_to", edit.to);
      return;
    }
    case "decide": {
      const { group, map, path } = entryMap(doc, kind, edit);
      return put(doc, group, map, path, "decided", edit.stands ? "stands" : "voided");
    }
    case "include": {
      const { group, map } = target(doc, kind, edit.set);
      const said = edit.value !== undefined && group.rule.is === "set";
      const scalar = said ? encoded(edit.value, group.rule.value, edit.set) : true;
      const old = doc.get(map, edit.member);
      // Writing the same value again would be no operation at all, and a removal elsewhere would win.
      if (old?.is === "scalar" && old.value === scalar) doc.delete(map, edit.member);
      return doc.put(map, edit.member, scalar);
    }
    case "exclude": {
      const { map } = target(doc, kind, edit.set);
      if (doc.get(map, edit.member) !== undefined) doc.delete(map, edit.member);
    }
  }
}

interface Target {
  readonly group: Group;
  /** Its container. */
  readonly map: ObjectId;
  /** What follows the first dot of the path. */
  readonly key: string;
}

/** Names were checked before. */
function target(doc: Doc, kind: Kind, path: string): Target {
  const dot = path.indexOf(".");
  const [name, key] = dot < 0 ? [path, ""] : [path.slice(0, dot), path.slice(dot + 1)];
  const group = groupOf(kind, name);
  if (group === undefined) throw new EditError("edit-not-of-kind", kind);
  const found = container(doc, name);
  if (found === undefined) throw new EditError("edit-no-group", name);
  return { group, map: found.map, key };
}

function entryMap(
  doc: Doc,
  kind: Kind,
  edit: { readonly group: string; readonly entry: string },
): { readonly group: Group; readonly map: ObjectId; readonly path: string } {
  const { group, map } = target(doc, kind, edit.group);
  const path = `${edit.group}.${edit.entry}`;
  const entry = doc.get(map, edit.entry);
  if (entry?.is !== "map") throw new EditError("edit-no-entry", path);
  return { group, map: entry.id, path };
}

function put(doc: Doc, group: Group, map: ObjectId, path: string, key: string, value: Answer): void {
  const field = fieldOf(group, key);
  if (field === undefined) throw new EditError("edit-document", `${path} is not in the schema`);
  const scalar = encoded(value, field.shape, path);
  if (field.once) {
    const stands = doc.all(map, key).some((old) => {
      if (old.is !== "scalar") return true;
      const state = typeof old.value === "string" ? stateOf(old.value) : undefined;
      // That nobody asked yet is no value.
      const silent = state !== undefined && !informs({ state });
      return old.value !== scalar && !silent;
    });
    if (stands) throw new EditError("edit-once", path);
  }
  if (field.shape.is === "note" && typeof value === "string") doc.putText(map, key, value);
  else doc.put(map, key, scalar);
}

function rewrite(doc: Doc, map: ObjectId, key: string, before: string, after: string): void {
  const text = doc.get(map, key);
  if (text?.is !== "text") doc.putText(map, key, after);
  else if (doc.text(text.id) === before) doc.updateText(text.id, after);
  // Replayed on a text that others have changed: both stand, nothing is lost.
  else doc.appendText(text.id, `\n${after}`);
}

function encoded(value: Answer, shape: Shape, path: string): string | boolean | number {
  const scalar = encode(value, shape);
  if (scalar === undefined) throw new EditError("edit-invalid", path, valueProblem(path, shape));
  return scalar;
}
