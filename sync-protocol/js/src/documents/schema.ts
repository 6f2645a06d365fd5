/**
 * The schema: for each kind one table of groups and fields, which edits, validation, projection and forms share.
 *
 * The tables are those of the Rust crate, which writes `vectors/schema.json`; nothing of them is repeated here. Owns
 * their types and reads the file once, when the module is loaded.
 */
import tables from "../../../vectors/schema.json" with { type: "json" };
import type { Kind, Label } from "./types.js";

/** What a field accepts. */
export type Shape =
  | { readonly is: PlainShape }
  /** A code of the named list of the configuration; codes that this version does not know are kept. */
  | { readonly is: "code"; readonly list: string }
  /** One of these words, fixed by the schema because rules depend on them. */
  | { readonly is: "choice"; readonly choices: readonly string[] }
  /** A whole number, least and most. */
  | { readonly is: "number"; readonly least: number; readonly most: number };

const PLAIN_SHAPES = {
  text: "text",
  note: "note",
  flag: "flag",
  date: "date",
  when: "when",
  birth: "birth",
  place: "place",
  document: "document",
  site: "site",
  partner: "partner",
  human_code: "humanCode",
  entry: "entry",
  entries: "entries",
} as const;
type PlainShape = (typeof PLAIN_SHAPES)[keyof typeof PLAIN_SHAPES];

/** When a field is asked: a site shows only its stages, in this order. */
export const STAGES = ["gate", "centre", "counselling"] as const;
export type Stage = (typeof STAGES)[number];

/** How concurrent work on a group merges. */
export type Rule =
  | { readonly is: (typeof PLAIN_RULES)[number] }
  /** Members that are put in and taken out; what is put in again while another takes it out stays. */
  | { readonly is: "set"; readonly member: Shape; readonly value: Shape };
const PLAIN_RULES = ["scalars", "entries", "ledger", "consent", "outcome", "tally"] as const;

/** One field. */
export interface Field {
  readonly key: string;
  readonly shape: Shape;
  readonly stage: Stage;
  readonly label: Label;
  /** An entry without it says nothing. */
  readonly required: boolean;
  /** Given once: another value is refused. */
  readonly once: boolean;
  /** Of an entry: may be given or changed after the entry was made. */
  readonly late: boolean;
}

/** One group of fields. */
export interface Group {
  readonly key: string;
  readonly rule: Rule;
  readonly label: Label;
  /** Empty for sets. */
  readonly fields: readonly Field[];
}

/** The file's own words. */
export type ShapeJson = string | { code?: string; choice?: readonly string[]; number?: readonly number[] };
interface FieldJson {
  key: string;
  shape: ShapeJson;
  stage: string;
  label: Label;
  required?: boolean;
  once?: boolean;
  late?: boolean;
}
type RuleJson = string | { set: { member: ShapeJson; value: ShapeJson } };
interface GroupJson {
  key: string;
  rule: RuleJson;
  label: Label;
  fields: readonly FieldJson[];
}
interface TablesJson {
  version: number;
  meta: string;
  common: readonly FieldJson[];
  consent_decisions: readonly string[];
  outcome: { steps: readonly string[]; stops: number };
  referral: { steps: readonly string[]; stops: number };
  verdicts: readonly string[];
  kinds: Record<Kind, { code: number; constants: readonly string[]; groups: readonly GroupJson[] }>;
}

function one<T extends string>(known: readonly T[], word: string): T {
  const found = known.find((item) => item === word);
  if (found === undefined) throw new TypeError(`schema.json: '${word}' is none of ${known.join(", ")}: write it anew`);
  return found;
}

/** Reads a shape of the file. */
export function shape(json: ShapeJson): Shape {
  if (typeof json === "string") {
    const known = Object.entries(PLAIN_SHAPES).find(([name]) => name === json);
    return { is: known?.[1] ?? one(Object.values(PLAIN_SHAPES), json) };
  }
  if (json.code !== undefined) return { is: "code", list: json.code };
  if (json.choice !== undefined) return { is: "choice", choices: json.choice };
  const [least = 0, most = 0] = json.number ?? [];
  return { is: "number", least, most };
}

function field({ required = false, once = false, late = false, ...json }: FieldJson): Field {
  return { key: json.key, shape: shape(json.shape), stage: one(STAGES, json.stage), label: json.label, required, once, late };
}

function group(json: GroupJson): Group {
  const rule: Rule =
    typeof json.rule === "string"
      ? { is: one(PLAIN_RULES, json.rule) }
      : { is: "set", member: shape(json.rule.set.member), value: shape(json.rule.set.value) };
  return { key: json.key, rule, label: json.label, fields: json.fields.map(field) };
}

const json: TablesJson = tables;

/** Schema version that this code writes. */
export const VERSION = json.version;

/** Key of the map that holds the kind and the schema version. */
export const META = json.meta;

/** Keys that every entry may have besides its own fields. */
export const COMMON: readonly Field[] = json.common.map(field);

/** What a member of a set is read with. */
export function memberField(value: Shape): Field {
  return { key: "value", shape: value, stage: "gate", label: { fr: "", en: "" }, required: false, once: false, late: false };
}

/** Decisions about a purpose, the least restrictive first. */
export const CONSENT_DECISIONS = json.consent_decisions;

/** Dated steps, the one that stops most first, and how many of them, from the first, stop. */
export interface Steps {
  readonly steps: readonly string[];
  readonly stops: number;
}
export const OUTCOME: Steps = json.outcome;
export const REFERRAL: Steps = json.referral;

/** Verdicts of a link, the most careful first. */
export const VERDICTS = json.verdicts;

function perKind<T>(make: (kind: TablesJson["kinds"][Kind]) => T): Readonly<Record<Kind, T>> {
  const { case: a, movement, household, annex, link, referral } = json.kinds;
  return {
    case: make(a),
    movement: make(movement),
    household: make(household),
    annex: make(annex),
    link: make(link),
    referral: make(referral),
  };
}

/** The constant changes of each kind in hexadecimal, the oldest schema version first. */
export const CONSTANTS = perKind((kind) => kind.constants);

const GROUPS = perKind((kind) => new Map(kind.groups.map((json) => [json.key, group(json)])));

/** The groups of a kind. */
export function groups(kind: Kind): readonly Group[] {
  return [...GROUPS[kind].values()];
}

/** A group by its key. */
export function groupOf(kind: Kind, key: string): Group | undefined {
  return GROUPS[kind].get(key);
}

/** Whether it holds entries. */
export function hasEntries(group: Group): boolean {
  return group.rule.is !== "scalars" && group.rule.is !== "set";
}

/** One of its fields, or of those that every entry may have. */
export function fieldOf(group: Group, key: string): Field | undefined {
  const own = group.fields.find((field) => field.key === key);
  return own ?? (hasEntries(group) ? COMMON.find((field) => field.key === key) : undefined);
}
