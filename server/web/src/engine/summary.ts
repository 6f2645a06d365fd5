/**
 * The line of a list: what of a document is held in memory for every readable one, so that lists and search open no
 * document. Owns what goes into it and its stored form (JSON, sealed by the store). Made whenever a copy is stored, in
 * the same transaction.
 */
import type { Answer, Birth, FieldView, Kind, Projection } from "@segin/sync-protocol";
import { fromUtf8, utf8 } from "../vault/bytes.js";
import type { Bytes } from "../vault/bytes.js";
import { members, number, text } from "../store/shapes.js";
import type { Row } from "./contract.js";
import { kindOf } from "./kinds.js";

/** Raised when the form changes: older lines are then made again from their copies. */
const FORM = 2;

/** Of the list `needs`: a child without a parent; told is who must know. */
const CHILD_ALONE = "child_alone";

/** One document's line, without what changes by itself (age, where it is). */
export interface Summary extends Omit<Row, "age" | "step" | "about"> {
  readonly birth: Birth | null;
  /** Cases that it is about. */
  readonly about: readonly string[];
  /** The highest position at which the hub receipted own work on it; null: none. */
  readonly position: number | null;
  /** An annex that is at the hub and no longer readable here: counted, not shown. */
  readonly closed: boolean;
}

/** Makes the line of a document. */
export function summarise(
  document: string,
  projection: Projection,
  conflicts: number,
  kept: { readonly code: string | null; readonly position: number | null },
): Summary {
  const { kind } = projection;
  const said = (path: string): string => textOf(answerAt(projection, path)) ?? "";
  const called = [said("identity.called"), said("identity.on_paper")];
  const full = [said("identity.given"), said("identity.family")].filter((part) => part !== "").join(" ");
  const name = kind === "case" ? full || called.find((part) => part !== "") || "" : nameOfOther(kind, said);
  const others = ["given", "family", "called", "on_paper", "father", "mother"].map((field) => said(`identity.${field}`));
  const times = allTimes(projection);
  const urgent = [...fields(projection, "urgent").keys()];
  const sex = said("identity.sex");
  return {
    document,
    kind,
    code: said("card.code") || kept.code,
    name,
    names: kind === "case" ? [...new Set(others.filter((part) => part !== ""))] : [],
    sex: sex === "f" || sex === "m" || sex === "unknown" ? sex : null,
    birth: birthOf(answerAt(projection, "birth.date")),
    site: said("card.site") || said("trip.to_site") || null,
    movements: entryTexts(projection, "arrivals", "movement"),
    about: kind === "household" ? [...fields(projection, "members").keys()] : [said("annex.case"), said("referral.case")].filter((part) => part !== ""),
    urgent,
    childAlone: urgent.includes(CHILD_ALONE) && !entryTexts(projection, "told", "about").includes(CHILD_ALONE),
    status: text(members(projection.derived["outcome"])?.get("step")),
    firstAt: Math.min(...times),
    lastAt: Math.max(...times),
    conflicts,
    position: kept.position,
    closed: false,
  };
}

function nameOfOther(kind: Kind, said: (path: string) => string): string {
  return kind === "movement" ? said("trip.vehicle") || said("trip.from") : "";
}

function fields(projection: Projection, group: string): ReadonlyMap<string, FieldView> {
  const found = projection.groups[group];
  return found === undefined || isList(found) ? new Map() : new Map(Object.entries(found));
}

function isList<T, U>(value: T | readonly U[]): value is readonly U[] {
  return Array.isArray(value);
}

function answerAt(projection: Projection, path: string): Answer | undefined {
  const [group = "", field = ""] = path.split(".");
  return fields(projection, group).get(field)?.value;
}

function textOf(answer: Answer | undefined): string | null {
  return typeof answer === "string" ? answer.trim() : null;
}

function entryTexts(projection: Projection, group: string, field: string): readonly string[] {
  const found = projection.groups[group];
  if (found === undefined || !isList(found)) return [];
  const standing = found.filter((entry) => entry.standing !== "voided");
  return standing.flatMap((entry) => textOf(entry.fields[field]?.value) ?? []);
}

function birthOf(answer: Answer | undefined): Birth | null {
  return typeof answer === "object" && "precision" in answer ? answer : null;
}

/** When its fields and entries were entered; never empty. */
function allTimes(projection: Projection): readonly number[] {
  const times = Object.values(projection.groups).flatMap((group) =>
    isList(group)
      ? group.flatMap((entry) => [entry.at, ...Object.values(entry.fields).map((field) => field.at)])
      : Object.values(group).map((field) => field.at),
  );
  return times.length === 0 ? [0] : times;
}

/** Whole years at a moment; null where the birth does not say enough. Told from a year alone, it may be one too many. */
export function ageAt(birth: Birth | null, now: number): number | null {
  if (birth === null) return null;
  const today = new Date(now);
  const year = today.getUTCFullYear();
  if (birth.precision === "age_only") {
    const said = Number.parseInt(birth.as_of ?? "", 10);
    return Number.isNaN(said) ? null : bounded(Number.parseInt(birth.value, 10) + Math.max(0, year - said - (isBefore(today, birth.as_of ?? "") ? 1 : 0)));
  }
  const born = Number.parseInt(birth.value, 10);
  return Number.isNaN(born) ? null : bounded(year - born - (isBefore(today, birth.value) ? 1 : 0));
}

/** Whether the day of the year has not come yet; a year or month alone counts as come. */
function isBefore(today: Date, date: string): boolean {
  return today.toISOString().slice(5, date.length === 10 ? 10 : 7) < date.slice(5);
}

function bounded(age: number): number | null {
  return age >= 0 && age < 150 ? age : null;
}

/** Its stored form. */
export function writeSummary(summary: Summary): Bytes {
  return utf8(JSON.stringify({ form: FORM, ...summary }));
}

/** Reads the stored form; null: another version's, to be made again. */
export function readSummary(stored: Uint8Array): Summary | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(fromUtf8(stored));
  } catch {
    return null;
  }
  const row = members(parsed);
  const kind = kindOf(row?.get("kind"));
  const document = text(row?.get("document"));
  if (row === null || row.get("form") !== FORM || kind === null || document === null) return null;
  const sex = text(row.get("sex"));
  return {
    document,
    kind,
    code: text(row.get("code")),
    name: text(row.get("name")) ?? "",
    names: texts(row.get("names")),
    sex: sex === "f" || sex === "m" || sex === "unknown" ? sex : null,
    birth: readBirth(row.get("birth")),
    site: text(row.get("site")),
    movements: texts(row.get("movements")),
    about: texts(row.get("about")),
    urgent: texts(row.get("urgent")),
    childAlone: row.get("childAlone") === true,
    status: text(row.get("status")),
    firstAt: number(row.get("firstAt")) ?? 0,
    lastAt: number(row.get("lastAt")) ?? 0,
    conflicts: number(row.get("conflicts")) ?? 0,
    position: number(row.get("position")),
    closed: row.get("closed") === true,
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

const PRECISIONS: readonly Birth["precision"][] = ["day", "month", "year", "approximate", "age_only"];
const SOURCES: readonly Birth["source"][] = ["document", "declared", "estimated"];

function readBirth(value: unknown): Birth | null {
  const row = members(value);
  const precision = PRECISIONS.find((known) => known === row?.get("precision"));
  const source = SOURCES.find((known) => known === row?.get("source"));
  const said = text(row?.get("value"));
  const asOf = text(row?.get("as_of"));
  if (precision === undefined || source === undefined || said === null) return null;
  return { precision, value: said, source, ...(asOf === null ? {} : { as_of: asOf }) };
}
