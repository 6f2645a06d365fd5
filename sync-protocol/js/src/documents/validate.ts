/**
 * Validation: names every problem of a document, or the first of an edit before it is written, with its path.
 *
 * Refuses nothing by itself: what the schema does not know may come from a newer version and is kept. Messages hold no
 * values.
 */
import { GROUP_ITEMS_MAX, NOTE_CHARACTERS_MAX, OUTCOME_STEPS_MAX, UNKNOWN_KEYS_MAX } from "../limits.js";
import type { Doc } from "./am.js";
import type { Problem } from "./edit.js";
import { META, fieldOf, groupOf, hasEntries } from "./schema.js";
import type { Group, Shape } from "./schema.js";
import { characters, compareText, isEntryId, stateOf, wanted } from "./shape.js";
import { Tree, answerOf, isOfKind, pathOf } from "./tree.js";
import type { EntryNode, GroupNode, Slot } from "./tree.js";
import type { Answer, Edit, Kind } from "./types.js";
import { encode } from "./value.js";

function problem(path: string, code: string, fr: string, en: string): Problem {
  return { path, code, message: { fr, en } };
}

/** The value does not fit the field. */
export function valueProblem(path: string, shape: Shape): Problem {
  const { fr, en } = wanted(shape);
  return problem(path, "value", `il faut ${fr}`, `wanted is ${en}`);
}

function requiredProblem(path: string): Problem {
  return problem(path, "required", "ce champ est obligatoire", "this field is required");
}

function unknown(path: string): Problem {
  return problem(path, "unknown", "ce champ n'existe pas ici", "there is no such field here");
}

function entryIdProblem(path: string): Problem {
  return problem(path, "entry_id", "l'identifiant de l'entrée n'est pas valable", "the entry's id is not a valid one");
}

/** Undefined when the value fits. */
export function checkValue(shape: Shape, path: string, value: Answer): Problem | undefined {
  return encode(value, shape) === undefined ? valueProblem(path, shape) : undefined;
}

function checkField(group: Group, path: string, key: string, value: Answer): Problem | undefined {
  const field = fieldOf(group, key);
  return field === undefined ? unknown(path) : checkValue(field.shape, path, value);
}

/** The first problem of an edit; undefined when it fits the schema. */
export function checkEdit(kind: Kind, edit: Edit): Problem | undefined {
  switch (edit.edit) {
    case "set": {
      const dot = edit.field.indexOf(".");
      if (dot < 0) return unknown(edit.field);
      const [name, key] = [edit.field.slice(0, dot), edit.field.slice(dot + 1)];
      const group = groupOf(kind, name);
      if (group?.rule.is !== "scalars") return unknown(name);
      return checkField(group, edit.field, key, edit.value);
    }
    case "include":
    case "exclude":
      return checkMember(kind, edit);
    default: {
      const group = groupOf(kind, edit.group);
      if (group === undefined || !hasEntries(group)) return unknown(edit.group);
      const path = `${edit.group}.${edit.entry}`;
      if (!isEntryId(edit.entry)) return entryIdProblem(path);
      return checkEntry(group, path, edit);
    }
  }
}

function checkMember(kind: Kind, edit: Extract<Edit, { edit: "include" | "exclude" }>): Problem | undefined {
  const rule = groupOf(kind, edit.set)?.rule;
  if (rule?.is !== "set") return unknown(edit.set);
  const path = `${edit.set}.${edit.member}`;
  const wrong = checkValue(rule.member, path, edit.member);
  if (wrong !== undefined || edit.edit === "exclude" || edit.value === undefined) return wrong;
  return checkValue(rule.value, path, edit.value);
}

function checkEntry(
  group: Group,
  path: string,
  edit: Exclude<Edit, { edit: "set" | "include" | "exclude" }>,
): Problem | undefined {
  switch (edit.edit) {
    case "add":
      return checkAdd(group, path, edit);
    case "amend": {
      const at = `${path}.${edit.field}`;
      const field = group.fields.find((field) => field.key === edit.field);
      if (field === undefined) return unknown(at);
      if (field.late && field.shape.is !== "note") return checkValue(field.shape, at, edit.value);
      return problem(
        at,
        "not_late",
        "ce champ ne change plus : annulez l'entrée et ajoutez-en une autre",
        "this field does not change: void the entry and add another",
      );
    }
    case "rewrite": {
      const at = `${path}.${edit.field}`;
      const field = group.fields.find((field) => field.key === edit.field);
      if (field?.shape.is !== "note") return unknown(at);
      const fits = characters(edit.after) <= NOTE_CHARACTERS_MAX && !/\p{Surrogate}/u.test(edit.after);
      return fits ? undefined : valueProblem(at, field.shape);
    }
    case "void":
      return (
        checkField(group, `${path}.void`, "void", edit.reason) ??
        (edit.to === undefined ? undefined : checkField(group, `${path}.void_to`, "void_to", edit.to))
      );
    case "decide":
      return undefined;
  }
}

function checkAdd(group: Group, path: string, edit: Extract<Edit, { edit: "add" }>): Problem | undefined {
  for (const [key, value] of sortedEntries(edit.values)) {
    // Voids, decisions and the like have edits of their own.
    const field = group.fields.find((field) => field.key === key);
    const wrong = field === undefined ? unknown(`${path}.${key}`) : checkValue(field.shape, `${path}.${key}`, value);
    if (wrong !== undefined) return wrong;
  }
  const missing = group.fields.find((field) => field.required && !Object.hasOwn(edit.values, field.key));
  if (missing !== undefined) return requiredProblem(`${path}.${missing.key}`);
  for (const [key, value] of common(edit)) {
    const wrong = checkField(group, `${path}.${key}`, key, value);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** The values of a new entry in the order in which they are checked and written. */
export function sortedEntries<T>(values: Readonly<Record<string, T>>): (readonly [string, T])[] {
  return Object.entries(values).sort(([a], [b]) => compareText(a, b));
}

/** What a new entry says besides its own fields. */
export function common(edit: Extract<Edit, { edit: "add" }>): (readonly [string, Answer])[] {
  return [
    ...(edit.at === undefined ? [] : [["at", edit.at] as const]),
    ...(edit.from === undefined ? [] : [["from", edit.from] as const]),
  ];
}

/** Every problem of a document. An honest document has none. */
export function validate(kind: Kind, doc: Doc): Problem[] {
  const of = isOfKind(doc, kind)
    ? []
    : [problem(META, "not_of_kind", "ce document n'est pas de ce genre", "this document is not of this kind")];
  return [...of, ...problemsOf(new Tree(kind, doc))];
}

/** The problems of a document that is of its kind. */
export function problemsOf(tree: Tree): Problem[] {
  const problems: Problem[] = [];
  if (tree.version === undefined) {
    problems.push(problem(META, "meta", "la version du schéma manque", "the schema version is missing"));
  }
  for (const node of tree.groups) problems.push(...groupProblems(node));
  if (tree.unknownPaths().length > UNKNOWN_KEYS_MAX) {
    const [fr, en] = [`plus de ${UNKNOWN_KEYS_MAX} champs inconnus`, `more than ${UNKNOWN_KEYS_MAX} unknown fields`];
    problems.push(problem("", "too_many_unknown", fr, en));
  }
  return problems;
}

function groupProblems(node: GroupNode): Problem[] {
  const problems: Problem[] = [];
  const { key: name, rule } = node.group;
  if (!node.whole) {
    const fr = "le groupe manque ou est caché par une autre valeur";
    problems.push(problem(name, "container", fr, "the group is missing or hidden by another value"));
  }
  const most = rule.is === "outcome" ? OUTCOME_STEPS_MAX : GROUP_ITEMS_MAX;
  if (Math.max(node.slots.length, node.entries.length + node.strays.length) > most) {
    problems.push(problem(name, "too_many", `plus de ${most} éléments`, `more than ${most} items`));
  }
  for (const stray of node.strays) {
    const path = pathOf(name, undefined, stray);
    problems.push(problem(path, "entry", "ce n'est pas une entrée", "this is not an entry"));
  }
  for (const slot of node.slots) {
    const path = pathOf(name, undefined, slot.key);
    const wrong = rule.is === "set" ? checkValue(rule.member, path, slot.key) : undefined;
    if (wrong !== undefined) problems.push(wrong);
    problems.push(...slotProblems(slot, path));
  }
  for (const entry of node.entries) problems.push(...entryProblems(node.group, entry));
  node.entries.forEach((entry, at) => {
    if (entry.key !== node.entries[at + 1]?.key) return;
    const fr = "deux entrées ont le même identifiant";
    problems.push(problem(pathOf(name, undefined, entry.key), "entry_twice", fr, "two entries have the same id"));
  });
  return problems;
}

function entryProblems(group: Group, entry: EntryNode): Problem[] {
  const path = (key: string): string => pathOf(group.key, entry.key, key);
  const missing = group.fields.filter((field) => field.required && entry.slot(field.key) === undefined);
  return [
    ...(isEntryId(entry.key) ? [] : [entryIdProblem(pathOf(group.key, undefined, entry.key))]),
    ...missing.map((field) => requiredProblem(path(field.key))),
    ...entry.slots.flatMap((slot) => slotProblems(slot, path(slot.key))),
  ];
}

function slotProblems(slot: Slot, path: string): Problem[] {
  const { field } = slot;
  if (field === undefined) return [];
  const note = field.shape.is === "note";
  return slot.found.flatMap((found) => {
    const text = found.content.is === "text";
    // A note of the right length that others made longer together is still a note.
    if (!(text && note) && answerOf(found, field) === undefined) return [valueProblem(path, field.shape)];
    if (text && !note) {
      const fr = "ce champ veut un texte simple, pas un texte partagé";
      return [problem(path, "text_object", fr, "this field wants a plain text, not a shared one")];
    }
    const plain = found.content.is === "scalar" && typeof found.content.value === "string" ? found.content.value : "";
    // Why there is no note is said plainly.
    if (note && plain !== "" && stateOf(plain) === undefined) {
      return [problem(path, "plain_text", "une note veut un texte partagé", "a note wants a shared text")];
    }
    return [];
  });
}
