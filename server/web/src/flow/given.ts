/**
 * What was given: kit, meal, bed, pocket money, transport, by large tiles. Entries are never changed: a mistake is voided
 * with its reason.
 */
import type { Answer, Edit } from "@segin/sync-protocol";
import type { Editing } from "../engine/contract.js";
import { textOf } from "./answers.js";
import { add, voided } from "./edits.js";
import { entriesOf, type Shown } from "./pending.js";

/** Kinds in the order of a night at the gate; codes of the list `assistance_kinds`. */
export const GATE_KINDS = ["food", "water", "hygiene_kit", "dignity_kit", "blanket", "clothes", "lodging", "medical", "pocket_money", "transport_ticket", "phone_call"] as const;

/** Why an entry was voided, offered as tiles. */
export const VOID_REASONS: readonly { readonly fr: string; readonly en: string }[] = [
  { fr: "Saisi par erreur", en: "Entered by mistake" },
  { fr: "Saisi deux fois", en: "Entered twice" },
  { fr: "Autre personne", en: "Another person" },
  { fr: "Rendu", en: "Given back" },
];

/** One thing handed over. */
export interface Gift {
  readonly kind: string;
  readonly for?: "person" | "household";
  readonly item?: string;
  readonly quantity?: number;
  /** Whole F CFA. */
  readonly xof?: number;
  readonly funder?: string;
  readonly lot?: string;
  readonly proof?: string;
  readonly by?: string;
}

type At = Pick<Editing, "pending" | "opened">;

export function give(entry: string, gift: Gift): Edit {
  return add("assistance", entry, { ...gift });
}

/** Everything given, voided things too. */
export function givenOf(editing: At): Shown[] {
  return entriesOf(editing.pending, editing.opened?.projection, "assistance");
}

/** What of a kind is not committed yet: a second tap on its tile takes it back. */
export function draftOf(editing: At, kind: string): Shown | undefined {
  return givenOf(editing).find((one) => one.at === null && one.standing !== "voided" && one.values.kind === kind);
}

/** Committed things of a kind that count: shown before it is given a second time. */
export function alreadyGiven(editing: At, kind: string): Shown[] {
  return givenOf(editing).filter((one) => one.at !== null && one.standing !== "voided" && one.values.kind === kind);
}

/** Voids an entry. The reason is for people and must say something. */
export function takeBack(entry: string, reason: string): Edit {
  return voided("assistance", entry, reason);
}

/** What stands in this draft, to be given alike to the next person. */
export function giftsOf(editing: At): Gift[] {
  const draft = givenOf(editing).filter((one) => one.at === null && one.standing !== "voided");
  return draft.flatMap((one) => giftOf(one.values) ?? []);
}

function giftOf(values: Readonly<Record<string, Answer>>): Gift | null {
  const kind = textOf(values.kind);
  if (kind === undefined) return null;
  const whom = textOf(values.for);
  const text = (key: "item" | "funder" | "lot") => (textOf(values[key]) === undefined ? {} : { [key]: textOf(values[key]) });
  const number = (key: "quantity" | "xof") => (typeof values[key] === "number" ? { [key]: values[key] } : {});
  return {
    kind, ...(whom === "person" || whom === "household" ? { for: whom } : {}),
    ...text("item"), ...text("funder"), ...text("lot"), ...number("quantity"), ...number("xof"),
  };
}

/** A bed or place to sleep: a stay and what was given stand apart. */
export function stay(entry: string, place: string, site: string, today: string): Edit {
  return add("stays", entry, { place, site, from_on: today });
}
