/**
 * Checking an edit against the schema before it is written, without a document. The first part of the Rust crate's
 * `validate.rs`; the problems of whole documents stand in `validate.ts`.
 */
import { NOTE_CHARACTERS_MAX } from "../limits.js";
import type { Problem } from "./edit.js";
import { fieldOf, groupOf, hasEntries } from "./schema.js";
import type { Group, Shape } from "./schema.js";
import { characters, isEntryId, wanted } from "./shape.js";
import type { Answer, Edit, Kind } from "./types.js";
import { encode } from "./value.js";

export function problem(path: string, code: string, fr: string, en: string): Problem {
  return { path, code, message: { fr, en } };
}

/** The value does not fit the field. */
export function valueProblem(path: string, shape: Shape): Problem {
  const { fr, en } = wanted(shape);
  return problem(path, "value", `il faut ${fr}`, `wanted is ${en}`);
}

export function requiredProblem(path: string): Problem {
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

/** Compares texts as the Rust crate does: by code point, which is by byte of UTF-8. */
export function compareText(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
