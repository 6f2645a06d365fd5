/**
 * A movement at its gate: begun, announced, ticked off, and those who refuse to be registered as lines without a name.
 *
 * Owns the edits of a movement document besides the tally (`tally.ts`). Cases stand in it by UUID only.
 */
import type { Answer, Edit, Projection } from "@segin/sync-protocol";
import { entriesOf, membersOf } from "./pending.js";
import { add, clock, exclude, include, set } from "./edits.js";

/** Codes of the modes in the schema, the most frequent first. */
export const MODES = ["road", "air", "foot", "river", "rail"] as const;
export const AGE_BANDS = ["0-4", "5-11", "12-17", "18-59", "60+", "unknown"] as const;

/** What is known of a movement when it comes. */
export interface Trip {
  readonly site: string;
  readonly now: number;
  readonly country?: string;
  readonly category?: string;
  readonly mode?: (typeof MODES)[number];
  readonly vehicle?: string;
  readonly from?: string;
  readonly organiser?: string;
}

/** Begins an arrival at this site. */
export function beginArrival(trip: Trip): Edit[] {
  const said: readonly (readonly [string, Answer | undefined])[] = [
    ["trip.country", trip.country], ["trip.category", trip.category], ["trip.mode", trip.mode], ["trip.vehicle", trip.vehicle],
    ["trip.from", trip.from], ["trip.organiser", trip.organiser],
  ];
  const given = said.flatMap(([field, value]) => (value === undefined || value === "" ? [] : [set(field, value)]));
  return [set("trip.direction", "in"), set("trip.to_site", trip.site), set("trip.arrived", clock(trip.now)), ...given];
}

/** What was announced; of each number that was said. */
export function announce(counts: Readonly<Partial<Record<"total" | "men" | "women" | "boys" | "girls", number>>>, by?: string): Edit[] {
  const numbers = Object.entries(counts).flatMap(([key, value]) => (value === undefined ? [] : [set(`announced.${key}`, value)]));
  return by === undefined || by === "" ? numbers : [...numbers, set("announced.by", by)];
}

/** Ticks a case as arrived. */
export function tickArrived(document: string, now: number): Edit {
  return include("arrived", document, clock(now));
}

/** Takes a tick back. */
export function untick(document: string): Edit {
  return exclude("arrived", document);
}

/** Somebody who does not want to be registered: no name, never linked. */
export interface Anonymous {
  readonly sex?: "f" | "m" | "unknown";
  readonly band?: (typeof AGE_BANDS)[number];
  readonly needs?: string;
  readonly items?: string;
  readonly card?: string;
}

export function addAnonymous(entry: string, line: Anonymous, now: number): Edit {
  return add("anonymous", entry, { ...line }, clock(now));
}

/** How what was announced, counted and written down compare. */
export interface Compared {
  readonly announced: number | null;
  readonly counted: number;
  /** Cases ticked as arrived, and lines without a name. */
  readonly registered: number;
  readonly anonymous: number;
  /** Counted people of whom nothing is written yet; never below 0. */
  readonly missing: number;
  /** Expected and not arrived; arrived and not expected. */
  readonly absent: readonly string[];
  readonly unlisted: readonly string[];
}

export function compare(pending: readonly Edit[], projection: Projection | undefined, announced: number | null, counted: number): Compared {
  const members = (name: string) => [...membersOf(pending, projection, name).keys()];
  const expected = members("expected");
  const arrived = members("arrived");
  const anonymous = entriesOf(pending, projection, "anonymous").filter((one) => one.standing !== "voided").length;
  return {
    announced, counted, registered: arrived.length, anonymous,
    missing: Math.max(0, counted - arrived.length - anonymous),
    absent: expected.filter((id) => !arrived.includes(id)),
    unlisted: expected.length === 0 ? [] : arrived.filter((id) => !expected.includes(id)),
  };
}
