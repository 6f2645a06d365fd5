/**
 * Projection: a document as plain data, for screens. The same as the Rust crate's, byte for byte of meaning.
 *
 * A group of scalars is an object of fields, a set an object of members, a group of entries a list, oldest first. Equal
 * changes give an equal projection, in whatever order they came. What cannot be read is left out here and named by
 * `validate`.
 */
import type { Doc } from "./am.js";
import { conflictsOf } from "./conflict.js";
import { derivedOf, isEntries, stepsOf } from "./derived.js";
import type { Derived } from "./derived.js";
import { dateOfMillis, dateText } from "./date.js";
import type { Problem } from "./edit.js";
import { NO_ACTOR } from "./history.js";
import { standing } from "./rules.js";
import { COMMON, hasEntries } from "./schema.js";
import { compareText } from "./shape.js";
import { Tree, isOfKind, pathOf } from "./tree.js";
import type { EntryNode, Slot } from "./tree.js";
import type { Answer, Conflict, EntryRef, EntryView, FieldView, Flag, GroupView, Kind, Projection, Value, When } from "./types.js";
import { problemsOf } from "./validate.js";
import { isList, textOf, valueOf } from "./value.js";

/** A projection that was made here, with what the merge rules made of its groups. */
export interface Projected extends Projection {
  readonly derived: Derived;
}

/** The constants of this kind are not in the document. */
export class ProjectError extends Error {
  readonly code = "project-not-of-kind";
  constructor(readonly kind: Kind) {
    super(`the document is not a ${kind}: its first change is missing`);
  }
}

function treeOf(kind: Kind, doc: Doc): Tree {
  if (!isOfKind(doc, kind)) throw new ProjectError(kind);
  return new Tree(kind, doc);
}

/** Reads a document. @throws ProjectError when it does not start with the constants of the kind */
export function project(kind: Kind, doc: Doc): Projected {
  return projectTree(kind, treeOf(kind, doc));
}

/** A document as plain data, its conflicts, its problems. */
export interface Reading {
  readonly projection: Projected;
  readonly conflicts: readonly Conflict[];
  readonly problems: readonly Problem[];
}

/** Reads a document in every way at once: a third of the work of the three one by one. @throws ProjectError */
export function read(kind: Kind, doc: Doc): Reading {
  const tree = treeOf(kind, doc);
  return { projection: projectTree(kind, tree), conflicts: conflictsOf(tree), problems: problemsOf(tree) };
}

function projectTree(kind: Kind, tree: Tree): Projected {
  const viewer = new Viewer(tree);
  const groups: Record<string, GroupView> = {};
  const flags: Flag[] = [];
  for (const node of tree.groups) {
    const { key } = node.group;
    if (hasEntries(node.group)) {
      const entries = node.entries.map((entry) => viewer.entry(entry));
      entries.sort((a, b) => a.at - b.at || compareText(a.entry, b.entry));
      flags.push(...entries.filter((entry) => entry.standing === "disputed").map((entry) => disputed(key, entry.entry)));
      if (entries.length > 0) groups[key] = entries;
    } else {
      const fields = viewer.fields(node.slots);
      if (Object.keys(fields).length > 0) groups[key] = fields;
    }
  }
  const derived = derivedOf(kind, tree, groups);
  const [group, steps] = stepsOf(derived) ?? [];
  if (group !== undefined) flags.push(...(steps?.side_by_side ?? []).map((entry) => besideAStop(group, entry)));
  return { kind, version: tree.version ?? 0, groups, derived, flags, unknown: tree.unknownPaths() };
}

function disputed(group: string, entry: string): Flag {
  return {
    path: pathOf(group, undefined, entry),
    code: "disputed_void",
    message: {
      fr: "annulée pendant que quelqu'un d'autre y travaillait : compte jusqu'à décision",
      en: "voided while somebody else worked on it: counts until decided",
    },
  };
}

function besideAStop(group: string, entry: string): Flag {
  return {
    path: pathOf(group, undefined, entry),
    code: "beside_a_stop",
    message: {
      fr: "étape notée sans savoir que le suivi était arrêté",
      en: "a step recorded without knowing that follow-up had stopped",
    },
  };
}

class Viewer {
  /** The entry of `sources` that a change wrote, by the change. */
  private readonly sources: ReadonlyMap<number, string>;

  constructor(private readonly tree: Tree) {
    this.sources = new Map(tree.group("sources")?.entries.map((entry) => [entry.made, entry.key]));
  }

  private source(change: number): { readonly source?: string } {
    const source = this.sources.get(change);
    return source === undefined ? {} : { source };
  }

  private field(slot: Slot): FieldView | undefined {
    const chosen = slot.chosen();
    const origin = chosen && this.tree.history.get(chosen.change);
    if (chosen === undefined || origin === undefined) return undefined;
    const conflict = chosen.conflict ? ({ conflict: true } as const) : {};
    return { value: chosen.answer, at: origin.at, by: origin.actor, ...conflict, ...this.source(chosen.change) };
  }

  fields(slots: readonly Slot[]): Record<string, FieldView> {
    const views = slots.map((slot) => [slot.key, this.field(slot)] as const);
    return Object.fromEntries(views.flatMap(([key, view]) => (view === undefined ? [] : [[key, view]])));
  }

  entry(node: EntryNode): EntryView {
    const all = this.fields(node.slots);
    const own = Object.entries(all).filter(([key]) => !COMMON.some((field) => field.key === key));
    const happened = whenOf(all["at"]?.value);
    const [to, from] = [referenceOf(all["void_to"]?.value), referenceOf(all["from"]?.value)];
    const origin = this.tree.history.get(node.made);
    return {
      entry: node.key,
      standing: standing(this.tree.history, node),
      ...(happened === undefined ? {} : { happened }),
      at: origin?.at ?? 0,
      by: origin?.actor ?? NO_ACTOR,
      ...this.source(node.made),
      fields: Object.fromEntries(own),
      ...(all["void"] === undefined ? {} : { void: all["void"] }),
      ...(to === undefined ? {} : { copied_to: to }),
      ...(from === undefined ? {} : { copied_from: from }),
    };
  }
}

function whenOf(answer: Answer | undefined): When | undefined {
  return typeof answer === "object" && !isList(answer) && "at" in answer ? answer : undefined;
}

function referenceOf(answer: Answer | undefined): EntryRef | undefined {
  return typeof answer === "object" && "case" in answer ? answer : undefined;
}

/** A field of a group of scalars, by `group.field`. */
export function fieldView(projection: Projection, path: string): FieldView | undefined {
  const dot = path.indexOf(".");
  return dot < 0 ? undefined : fieldsOf(projection, path.slice(0, dot))[path.slice(dot + 1)];
}

/** The value of a field, by `group.field`. */
export function valueAt(projection: Projection, path: string): Value | undefined {
  const view = fieldView(projection, path);
  return view && valueOf(view.value);
}

/** The text of a field, by `group.field`. */
export function textAt(projection: Projection, path: string): string | undefined {
  return textOf(fieldView(projection, path)?.value);
}

/** The fields of a group of scalars, or the members of a set. */
export function fieldsOf(projection: Projection, group: string): Readonly<Record<string, FieldView>> {
  const view = projection.groups[group];
  return view === undefined || isEntries(view) ? {} : view;
}

/** The entries of a group, oldest first. */
export function entriesOf(projection: Projection, group: string): readonly EntryView[] {
  const view = projection.groups[group];
  return isEntries(view) ? view : [];
}

/** Whether an entry counts: it stands, or nobody has decided yet. */
export function counts(entry: EntryView): boolean {
  return entry.standing !== "voided";
}

/** When it happened: as said, else the clock's date when it was entered. */
export function whenHappened(entry: EntryView): When {
  if (entry.happened !== undefined) return entry.happened;
  const minutes = Math.floor(entry.at / 60_000);
  const ofDay = ((minutes % 1_440) + 1_440) % 1_440;
  const two = (n: number): string => String(n).padStart(2, "0");
  const at = `${dateText(dateOfMillis(entry.at))}T${two(Math.floor(ofDay / 60))}:${two(ofDay % 60)}`;
  return { at, source: "clock" };
}
