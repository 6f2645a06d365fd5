/** An `Editing` without engine: keeps edits in memory, commits them into a list. Entry ids are counted, not random. */
import type { Edit, EntryView, FieldView, GroupView, Kind, Projection } from "@segin/sync-protocol";
import type { Editing, Opened } from "../../src/engine/contract.js";
import { answerOf, entriesOf, isFields, withEdit } from "../../src/flow/pending.js";

export const ME = "0102030405060708";
export const NOW = Date.UTC(2024, 3, 30, 2, 10);
export const TODAY = "2024-04-30";

const BY = `${ME}aaaaaaaaaaaaaaaa`;
const SETS = new Set(["urgent", "skills", "languages", "members", "expected", "arrived", "boarded"]);

export class FakeEditing implements Editing {
  pending: readonly Edit[] = [];
  opened: Opened | null = null;
  isNew = true;
  /** What each `leave` committed. */
  readonly committed: Edit[][] = [];
  private next = 1;

  constructor(
    readonly document: string,
    readonly kind: Kind = "case",
  ) {}

  answer(path: string) {
    return answerOf(this.pending, this.opened?.projection, path);
  }

  edit(edit: Edit): Promise<void> {
    this.pending = withEdit(this.pending, edit);
    return Promise.resolve();
  }

  entry(): string {
    this.next += 1;
    return `${String(this.next).padStart(10, "A")}A`;
  }

  leave() {
    this.committed.push([...this.pending]);
    const projection = committed(this.opened?.projection, this.pending, this.kind);
    this.pending = [];
    this.opened = {
      document: this.document, kind: this.kind, heads: [`${this.committed.length}`], projection, conflicts: [], history: [], step: "phone", why: null,
      code: this.kind === "case" ? "GOG-24-K7-0042-T" : null, card: null,
    };
    const code = this.isNew ? this.opened.code : null;
    this.isNew = false;
    return Promise.resolve({ code });
  }

  drop(): Promise<void> {
    this.pending = [];
    return Promise.resolve();
  }
}

/** The projection with these edits, as far as the flows look at it. */
function committed(before: Projection | undefined, edits: readonly Edit[], kind: Kind): Projection {
  const groups: Record<string, GroupView> = { ...before?.groups };
  const field = (value: FieldView["value"]): FieldView => ({ value, at: NOW, by: BY });
  for (const edit of edits) {
    if (edit.edit === "set") {
      const [group = "", key = ""] = edit.field.split(".");
      const view = groups[group];
      groups[group] = { ...(view && isFields(view) ? view : {}), [key]: field(edit.value) };
    } else if (edit.edit === "include") {
      const view = groups[edit.set];
      groups[edit.set] = { ...(view && isFields(view) ? view : {}), [edit.member]: field(edit.value ?? true) };
    } else if (edit.edit === "exclude") {
      const view = groups[edit.set];
      groups[edit.set] = Object.fromEntries(Object.entries(view && isFields(view) ? view : {}).filter(([key]) => key !== edit.member));
    } else {
      const shown = entriesOf(edits, before, edit.group);
      if (SETS.has(edit.group)) throw new Error(`${edit.group} is a set`);
      groups[edit.group] = shown.map((one): EntryView => ({
        entry: one.entry, standing: one.standing, at: NOW, by: BY,
        fields: Object.fromEntries(Object.entries(one.values).map(([key, value]) => [key, field(value)])),
        ...(one.reason === undefined ? {} : { void: field(one.reason) }),
      }));
    }
  }
  return { kind, version: 1, groups, derived: {}, flags: [], unknown: [] };
}
