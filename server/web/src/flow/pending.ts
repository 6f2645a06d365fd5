/**
 * Edits that are not committed yet: which one replaces which, and what a document shows with them.
 *
 * Plain functions for the engine (to keep a draft short) and for screens (to show it). Never loses an edit that says
 * something: only what a later edit of the same draft takes back or replaces goes.
 */
import type { Answer, Edit, EntryView, GroupView, Projection, When } from "@segin/sync-protocol";

type Add = Extract<Edit, { edit: "add" }>;

function sameMember(a: Edit, b: Edit): boolean {
  const inSet = (edit: Edit) => (edit.edit === "include" || edit.edit === "exclude" ? `${edit.set}\n${edit.member}` : null);
  const member = inSet(a);
  return member !== null && member === inSet(b);
}

/** What an edit replaces in a draft, besides being added itself. */
function replaces(later: Edit, earlier: Edit): boolean {
  if (later.edit === "set") return earlier.edit === "set" && earlier.field === later.field;
  if (later.edit === "amend") {
    return earlier.edit === "amend" && earlier.group === later.group && earlier.entry === later.entry && earlier.field === later.field;
  }
  if (later.edit === "decide") return earlier.edit === "decide" && earlier.group === later.group && earlier.entry === later.entry;
  if (later.edit === "add") return earlier.edit === "add" && earlier.group === later.group && earlier.entry === later.entry;
  return sameMember(later, earlier);
}

/** The draft with one more edit. */
export function withEdit(pending: readonly Edit[], edit: Edit): Edit[] {
  if (edit.edit === "void" || edit.edit === "amend") {
    const added = pending.find((one): one is Add => one.edit === "add" && one.group === edit.group && one.entry === edit.entry);
    if (added && edit.edit === "void") {
      const of = (one: Edit) => "entry" in one && one.group === edit.group && one.entry === edit.entry;
      return pending.filter((one) => !of(one));
    }
    if (added && edit.edit === "amend") {
      const amended = { ...added, values: { ...added.values, [edit.field]: edit.value } };
      return pending.map((one) => (one === added ? amended : one));
    }
  }
  return [...pending.filter((one) => !replaces(edit, one)), edit];
}

/** What a scalar field shows: the draft's answer, else the document's. */
export function answerOf(pending: readonly Edit[], projection: Projection | undefined, path: string): Answer | undefined {
  const set = pending.findLast((edit) => edit.edit === "set" && edit.field === path);
  if (set?.edit === "set") return set.value;
  const [group = "", field = ""] = path.split(".", 2);
  const view = projection?.groups[group];
  return view && isFields(view) ? view[field]?.value : undefined;
}

/** Whether a group is one of fields or members. */
export function isFields(view: GroupView): view is Exclude<GroupView, readonly EntryView[]> {
  return !Array.isArray(view);
}

/** One entry as it stands with the draft. */
export interface Shown {
  readonly entry: string;
  readonly values: Readonly<Record<string, Answer>>;
  /** When it happened, where that was said. */
  readonly happened?: When;
  /** By the writer's clock; null: not committed yet. */
  readonly at: number | null;
  readonly by: string | null;
  readonly standing: EntryView["standing"];
  /** Why it was voided. */
  readonly reason?: string;
}

/** The entries of a group with the draft, oldest first, those of the draft last. */
export function entriesOf(pending: readonly Edit[], projection: Projection | undefined, group: string): Shown[] {
  const view = projection?.groups[group];
  const committed: Shown[] = view && !isFields(view) ? view.map(shownOf) : [];
  const added = pending.flatMap((edit): Shown[] => {
    if (edit.edit !== "add" || edit.group !== group) return [];
    const { entry, values, at } = edit;
    return [{ entry, values, at: null, by: null, standing: "stands", ...(at ? { happened: at } : {}) }];
  });
  return [...committed, ...added].map((shown) => drafted(pending, group, shown));
}

function shownOf(view: EntryView): Shown {
  const values = Object.fromEntries(Object.entries(view.fields).map(([key, field]) => [key, field.value]));
  const reason = view.void && typeof view.void.value === "string" ? view.void.value : undefined;
  return {
    entry: view.entry, values, at: view.at, by: view.by, standing: view.standing,
    ...(view.happened ? { happened: view.happened } : {}), ...(reason === undefined ? {} : { reason }),
  };
}

function drafted(pending: readonly Edit[], group: string, shown: Shown): Shown {
  let result = shown;
  for (const edit of pending) {
    if (!("entry" in edit) || edit.group !== group || edit.entry !== shown.entry) continue;
    if (edit.edit === "amend") result = { ...result, values: { ...result.values, [edit.field]: edit.value } };
    if (edit.edit === "rewrite") result = { ...result, values: { ...result.values, [edit.field]: edit.after } };
    if (edit.edit === "void") result = { ...result, standing: "voided", reason: edit.reason };
    if (edit.edit === "decide") result = { ...result, standing: edit.stands ? "stands" : "voided" };
  }
  return result;
}

/** The members of a set with the draft, and what is said about each (`true` where nothing is). */
export function membersOf(pending: readonly Edit[], projection: Projection | undefined, set: string): Map<string, Answer> {
  const view = projection?.groups[set];
  const members = new Map<string, Answer>(view && isFields(view) ? Object.entries(view).map(([key, field]) => [key, field.value]) : []);
  for (const edit of pending) {
    if (edit.edit === "include" && edit.set === set) members.set(edit.member, edit.value ?? true);
    if (edit.edit === "exclude" && edit.set === set) members.delete(edit.member);
  }
  return members;
}
