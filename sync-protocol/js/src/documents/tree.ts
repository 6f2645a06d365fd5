/**
 * The one reader of Automerge documents: sorts what a document holds into groups, entries and slots by the schema.
 *
 * What does not fit stands in the tree as it is, for validation to name. Projection, conflicts and validation are plain
 * functions over the tree.
 */
import { GROUP_ITEMS_MAX } from "../limits.js";
import { ROOT } from "./am.js";
import type { Doc, ObjectId, Scalar, Stored } from "./am.js";
import { CONSTANT_ACTOR, constantHashes } from "./constant.js";
import { History } from "./history.js";
import { META, fieldOf, groupOf, groups, memberField } from "./schema.js";
import type { Field, Group } from "./schema.js";
import type { Answer, Kind } from "./types.js";
import { decode, informs, sameAnswer, textOf } from "./value.js";

export interface GroupNode {
  readonly group: Group;
  /** Whether the container of the constant change is there and can be seen by everybody. */
  readonly whole: boolean;
  /** Fields of scalars; members of sets. */
  readonly slots: readonly Slot[];
  readonly entries: readonly EntryNode[];
  /** What stands where an entry should and is none. */
  readonly strays: readonly string[];
}

/** One value of a key, and the change that wrote it. */
export interface Found {
  readonly content: Content;
  readonly change: number;
}

export type Content =
  | { readonly is: "scalar"; readonly value: Scalar }
  /** A text object, read out. */
  | { readonly is: "text"; readonly text: string }
  /** A member of a set about which nothing more is said. */
  | { readonly is: "member" }
  /** A map, list or the like where none belongs. */
  | { readonly is: "other" };

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

/** `group.field`, or `group.entry.field`. */
export function pathOf(group: string, entry: string | undefined, key: string): string {
  return entry === undefined ? `${group}.${key}` : `${group}.${entry}.${key}`;
}

/** One key of a map, with all its concurrent values; Automerge's winner is the last. */
export class Slot {
  constructor(
    readonly key: string,
    /** Undefined for a key that the schema does not know. */
    readonly field: Field | undefined,
    readonly found: readonly Found[],
  ) {}

  /** The values that mean something, Automerge's winner last. */
  answers(): { readonly answer: Answer; readonly change: number }[] {
    return this.found.flatMap((found) => {
      const answer = this.field === undefined ? undefined : answerOf(found, this.field);
      return answer === undefined ? [] : [{ answer, change: found.change }];
    });
  }

  /**
   * The value that is shown first, the change that wrote it, and whether another stands against it. That nobody asked
   * never stands against a value.
   */
  chosen(): { readonly answer: Answer; readonly change: number; readonly conflict: boolean } | undefined {
    const answers = this.answers();
    const informing = answers.filter(({ answer }) => informs(answer));
    const first = informing.at(-1) ?? answers.at(-1);
    return first && { ...first, conflict: informing.some(({ answer }) => !sameAnswer(answer, first.answer)) };
  }
}

/** What it means for this field. A text object where a plain text belongs is read (browsers make these by mistake). */
export function answerOf({ content }: Found, field: Field): Answer | undefined {
  switch (content.is) {
    case "scalar":
      return decode(field.shape, content.value);
    case "text":
      // A note may have grown too long by two people's work together: it is shown all the same.
      return field.shape.is === "note" ? content.text : decode(field.shape, content.text);
    case "member":
      return true;
    case "other":
      return undefined;
  }
}

/** One entry of a group. */
export class EntryNode {
  constructor(
    readonly key: string,
    /** The change that made it. */
    readonly made: number,
    readonly slots: readonly Slot[],
  ) {}

  slot(key: string): Slot | undefined {
    return this.slots.find((slot) => slot.key === key);
  }

  /** The text of a field, where it has one. */
  text(key: string): string | undefined {
    return textOf(this.slot(key)?.chosen()?.answer);
  }

  /** Every change that wrote into it, voids and decisions apart. */
  writtenBy(): Set<number> {
    const facts = this.slots.filter((slot) => !["void", "void_to", "decided"].includes(slot.key));
    return new Set([this.made, ...facts.flatMap((slot) => slot.found.map((found) => found.change))]);
  }
}

/** What a document holds. */
export class Tree {
  readonly groups: readonly GroupNode[];
  /** Keys of the top map that this schema does not know. */
  readonly unknown: readonly string[];
  /** The schema version that the document was made with, if it says so. */
  readonly version: number | undefined;
  readonly history: History;

  constructor(
    kind: Kind,
    private readonly doc: Doc,
  ) {
    this.history = new History(doc);
    this.groups = groups(kind).map((group) => this.read(group));
    this.unknown = doc.keys(ROOT).filter((key) => key !== META && groupOf(kind, key) === undefined);
    const meta = container(doc, META);
    const version = meta && doc.get(meta.map, "version");
    const known = version?.is === "scalar" && typeof version.value === "number" && version.value >= 0;
    this.version = known ? version.value : undefined;
  }

  group(key: string): GroupNode | undefined {
    return this.groups.find((node) => node.group.key === key);
  }

  /** Keys that the schema does not know, as paths. */
  unknownPaths(): string[] {
    const paths = [...this.unknown];
    for (const { node, entry, slot } of this.slots()) {
      if (slot.field === undefined) paths.push(pathOf(node.group.key, entry, slot.key));
    }
    return paths;
  }

  /** Every slot with where it stands, group after group. */
  *slots(): Generator<{ readonly node: GroupNode; readonly entry: string | undefined; readonly slot: Slot }> {
    for (const node of this.groups) {
      for (const slot of node.slots) yield { node, entry: undefined, slot };
      for (const entry of node.entries) for (const slot of entry.slots) yield { node, entry: entry.key, slot };
    }
  }

  private read(group: Group): GroupNode {
    const found = container(this.doc, group.key);
    const none = { group, whole: false, slots: [], entries: [], strays: [] };
    if (found === undefined) return none;
    const { map, whole } = found;
    const { rule } = group;
    if (rule.is === "scalars") return { ...none, whole, slots: this.slotsOf(map, (key) => fieldOf(group, key)) };
    if (rule.is !== "set") return { ...none, whole, ...this.entries(map, group) };
    const member = memberField(rule.value);
    const slots = this.slotsOf(map, () => member).map(({ key, found }) => new Slot(key, member, found.map(asMember)));
    return { ...none, whole, slots };
  }

  private entries(map: ObjectId, group: Group): Pick<GroupNode, "entries" | "strays"> {
    const entries: EntryNode[] = [];
    const strays: string[] = [];
    // One more than allowed is enough for validation to say so, and bounds the work of the merge rules.
    for (const key of this.doc.keys(map).slice(0, GROUP_ITEMS_MAX + 1)) {
      let found = false;
      for (const item of this.doc.all(map, key)) {
        const made = this.history.ofOperation(item.id);
        if (item.is !== "map" || made === undefined) continue;
        found = true;
        entries.push(new EntryNode(key, made, this.slotsOf(item.id, (field) => fieldOf(group, field))));
      }
      if (!found) strays.push(key);
    }
    return { entries, strays };
  }

  private slotsOf(map: ObjectId, field: (key: string) => Field | undefined): Slot[] {
    return this.doc.keys(map).map((key) => {
      const found = this.doc.all(map, key).flatMap((item) => this.found(item) ?? []);
      return new Slot(key, field(key), found);
    });
  }

  private found(item: Stored): Found | undefined {
    const change = this.history.ofOperation(item.id);
    return change === undefined ? undefined : { content: this.content(item), change };
  }

  private content(item: Stored): Content {
    if (item.is === "scalar") return { is: "scalar", value: item.value };
    return item.is === "text" ? { is: "text", text: this.doc.text(item.id) } : { is: "other" };
  }
}

function asMember(found: Found): Found {
  const bare = found.content.is === "scalar" && found.content.value === true;
  return bare ? { ...found, content: { is: "member" } } : found;
}
