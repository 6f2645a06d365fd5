/**
 * Documents of the fixture: plain projections in memory and the simplest way of applying edits to them. For developing
 * screens only: no merging, no merge rules, no vetting; the truth about those is `@segin/sync-protocol`.
 */
import type { Answer, Conflict, Edit, EntryView, FieldView, GroupView, Kind, Projection } from "@segin/sync-protocol";
import type { Past, Step } from "./contract.js";

/** A document that can be changed. */
export interface Paper {
  readonly document: string;
  readonly kind: Kind;
  groups: Record<string, GroupView>;
  conflicts: readonly Conflict[];
  history: readonly Past[];
  step: Step;
  heads: number;
  firstAt: number;
  lastAt: number;
}

/** Who writes. */
export interface Writer {
  readonly prefix: string;
  readonly name: string;
  readonly site: string;
}

/** An empty document. */
export function blank(document: string, kind: Kind, at: number): Paper {
  return { document, kind, groups: {}, conflicts: [], history: [], step: "phone", heads: 0, firstAt: at, lastAt: at };
}

/** Applies edits as one change. */
export function apply(paper: Paper, edits: readonly Edit[], writer: Writer, at: number): void {
  for (const edit of edits) applyOne(paper, edit, writer, at);
  paper.heads += 1;
  paper.lastAt = at;
  paper.step = "phone";
  const paths = edits.map(pathOf);
  const past = { change: `${paper.document}-${paper.heads}`, at, who: writer.name, site: writer.site, mine: true, paths };
  paper.history = [...paper.history, past];
}

function pathOf(edit: Edit): string {
  if (edit.edit === "set") return edit.field;
  if (edit.edit === "include" || edit.edit === "exclude") return `${edit.set}.${edit.member}`;
  return `${edit.group}.${edit.entry}`;
}

function view(value: Answer, writer: Writer, at: number): FieldView {
  return { value, at, by: `${writer.prefix}0000000000000000` };
}

function isEntries(group: GroupView | undefined): group is readonly EntryView[] {
  return Array.isArray(group);
}

/** The entries of a group, oldest first. */
export function entriesOf(paper: Paper, group: string): readonly EntryView[] {
  const found = paper.groups[group];
  return isEntries(found) ? found : [];
}

/** The fields or members of a group. */
export function fieldsOf(paper: Paper, group: string): Readonly<Record<string, FieldView>> {
  const found = paper.groups[group];
  return found === undefined || isEntries(found) ? {} : found;
}

function applyOne(paper: Paper, edit: Edit, writer: Writer, at: number): void {
  switch (edit.edit) {
    case "set": {
      const [group = "", field = ""] = edit.field.split(".");
      paper.groups[group] = { ...fieldsOf(paper, group), [field]: view(edit.value, writer, at) };
      paper.conflicts = paper.conflicts.filter((conflict) => conflict.path !== edit.field);
      break;
    }
    case "include":
      paper.groups[edit.set] = { ...fieldsOf(paper, edit.set), [edit.member]: view(edit.value ?? true, writer, at) };
      break;
    case "exclude":
      paper.groups[edit.set] = Object.fromEntries(Object.entries(fieldsOf(paper, edit.set)).filter(([member]) => member !== edit.member));
      break;
    case "add": {
      const fields = Object.fromEntries(Object.entries(edit.values).map(([key, value]) => [key, view(value, writer, at)]));
      const by = `${writer.prefix}0000000000000000`;
      const entry: EntryView = {
        entry: edit.entry, standing: "stands", at, by, fields,
        ...(edit.at ? { happened: edit.at } : {}), ...(edit.from ? { copied_from: edit.from } : {}),
      };
      paper.groups[edit.group] = [...entriesOf(paper, edit.group), entry];
      break;
    }
    case "amend":
      change(paper, edit.group, edit.entry, (entry) => ({ ...entry, fields: { ...entry.fields, [edit.field]: view(edit.value, writer, at) } }));
      break;
    case "rewrite":
      change(paper, edit.group, edit.entry, (entry) => ({ ...entry, fields: { ...entry.fields, [edit.field]: view(edit.after, writer, at) } }));
      break;
    case "void":
      change(paper, edit.group, edit.entry, (entry) => ({
        ...entry, standing: "voided", void: view(edit.reason, writer, at), ...(edit.to ? { copied_to: edit.to } : {}),
      }));
      break;
    case "decide":
      change(paper, edit.group, edit.entry, (entry) => ({ ...entry, standing: edit.stands ? "stands" : "voided" }));
      break;
  }
}

function change(paper: Paper, group: string, entry: string, how: (entry: EntryView) => EntryView): void {
  paper.groups[group] = entriesOf(paper, group).map((candidate) => (candidate.entry === entry ? how(candidate) : candidate));
}

/** A value in a group of fields. */
export function answerOf(paper: Paper, path: string): Answer | undefined {
  const [group = "", field = ""] = path.split(".");
  return fieldsOf(paper, group)[field]?.value;
}

/** A text in a group of fields; empty when there is none. */
export function textOf(paper: Paper, path: string): string {
  const found = answerOf(paper, path);
  return typeof found === "string" ? found : "";
}

/** The document as screens get it. */
export function projectionOf(paper: Paper): Projection {
  return { kind: paper.kind, version: 1, groups: { ...paper.groups }, derived: derivedOf(paper), flags: [], unknown: [] };
}

function derivedOf(paper: Paper): Readonly<Record<string, unknown>> {
  if (paper.kind !== "movement") return {};
  const counted: Record<string, number> = { men: 0, women: 0, boys: 0, girls: 0, others: 0 };
  for (const entry of entriesOf(paper, "counted")) {
    for (const [key, field] of Object.entries(entry.fields)) {
      if (typeof field.value === "number") counted[key] = (counted[key] ?? 0) + field.value;
    }
  }
  const expected = Object.keys(fieldsOf(paper, "expected"));
  const arrived = Object.keys(fieldsOf(paper, "arrived"));
  return {
    counted,
    absent: expected.filter((document) => !arrived.includes(document)),
    unlisted: arrived.filter((document) => !expected.includes(document)),
    not_arrived: Object.keys(fieldsOf(paper, "boarded")).filter((document) => !arrived.includes(document)),
  };
}
