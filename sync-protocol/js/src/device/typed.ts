/**
 * Typed edits as a device keeps them beside a work, to write them again: JSON, the same bytes as the Rust crate's.
 *
 * Owns the order of the parts, which does not depend on how a screen put an edit together. Whether an edit fits the
 * schema is asked when it is written (`documents/write.ts`).
 */
import { utf8 } from "../bytes.js";
import type { Answer, Edit, EntryRef, When } from "../documents/types.js";
import type { Raw } from "../wire/codec.js";

/** The edits as they are stored. */
export function editsToJson(edits: readonly Edit[]): Raw {
  return utf8(JSON.stringify(edits.map(ordered)));
}

/** The edits that were stored; null when they cannot be read. */
export function editsFromJson(raw: Raw): Edit[] | null {
  try {
    const found: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
    return Array.isArray(found) && found.every(isEdit) ? found : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

function ordered(edit: Edit): Edit {
  switch (edit.edit) {
    case "set":
      return { edit: "set", field: edit.field, value: answer(edit.value) };
    case "add": {
      const values = Object.entries(edit.values).sort(([a], [b]) => (a < b ? -1 : 1));
      return {
        edit: "add",
        group: edit.group,
        entry: edit.entry,
        values: Object.fromEntries(values.map(([field, value]) => [field, answer(value)])),
        ...(edit.at === undefined ? {} : { at: when(edit.at) }),
        ...(edit.from === undefined ? {} : { from: entryRef(edit.from) }),
      };
    }
    case "amend": {
      const { group, entry, field } = edit;
      return { edit: "amend", group, entry, field, value: answer(edit.value) };
    }
    case "rewrite": {
      const { group, entry, field, before, after } = edit;
      return { edit: "rewrite", group, entry, field, before, after };
    }
    case "void": {
      const { group, entry, reason, to } = edit;
      return { edit: "void", group, entry, reason, ...(to === undefined ? {} : { to: entryRef(to) }) };
    }
    case "decide":
      return { edit: "decide", group: edit.group, entry: edit.entry, stands: edit.stands };
    case "include": {
      const { set, member, value } = edit;
      return { edit: "include", set, member, ...(value === undefined ? {} : { value: answer(value) }) };
    }
    case "exclude":
      return { edit: "exclude", set: edit.set, member: edit.member };
  }
}

function answer(said: Answer): Answer {
  if (typeof said !== "object") return said;
  if ("state" in said) return { state: said.state };
  if ("precision" in said) {
    const { precision, value, source, as_of } = said;
    return { precision, value, source, ...(as_of === undefined ? {} : { as_of }) };
  }
  if ("scheme" in said) return { code: said.code, scheme: said.scheme, vintage: said.vintage };
  if ("entry" in said) return entryRef(said);
  return "source" in said ? when(said) : said;
}

function when({ at, source }: When): When {
  return { at, source };
}

function entryRef(to: EntryRef): EntryRef {
  return { case: to.case, group: to.group, entry: to.entry };
}

/** The parts of each edit that must be there, and of what type. What else it has is judged when it is written. */
const PARTS: Readonly<Record<Edit["edit"], Readonly<Record<string, "string" | "boolean" | "object" | "any">>>> = {
  set: { field: "string", value: "any" },
  add: { group: "string", entry: "string", values: "object" },
  amend: { group: "string", entry: "string", field: "string", value: "any" },
  rewrite: { group: "string", entry: "string", field: "string", before: "string", after: "string" },
  void: { group: "string", entry: "string", reason: "string" },
  decide: { group: "string", entry: "string", stands: "boolean" },
  include: { set: "string", member: "string" },
  exclude: { set: "string", member: "string" },
};

function isEdit(found: unknown): found is Edit {
  if (typeof found !== "object" || found === null || !("edit" in found)) return false;
  const all = new Map<string, unknown>(Object.entries(found));
  const parts = Object.entries(PARTS).find(([edit]) => edit === all.get("edit"))?.[1];
  if (parts === undefined) return false;
  return Object.entries(parts).every(([part, type]) => {
    const value = all.get(part);
    return value !== undefined && value !== null && (type === "any" || typeof value === type);
  });
}
