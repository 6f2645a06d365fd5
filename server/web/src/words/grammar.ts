/** Plurals, numbers and moments as they are written in each language. Times are UTC, which is the time of day in Mali. */

/** One or several in French, where 0 and 1 are singular. */
export function pluralFr(count: number, one: string, several: string): string {
  return Math.abs(count) < 2 ? one : several;
}

/** One or several in English. */
export function pluralEn(count: number, one: string, several: string): string {
  return count === 1 ? one : several;
}

/** A whole number in groups of three: narrow no-break spaces in French, commas in English. */
export function grouped(value: number, between: string): string {
  return String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, between);
}

/** `\u{202f}` as French groups digits. */
export const FRENCH_GAP = "\u{202f}";

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `14:25`, UTC. */
export function clock(at: number): string {
  const moment = new Date(at);
  return `${two(moment.getUTCHours())}:${two(moment.getUTCMinutes())}`;
}

/** `30/04/2024`, UTC: the same in both languages, as forms in Mali have it. */
export function day(at: number): string {
  const moment = new Date(at);
  return `${two(moment.getUTCDate())}/${two(moment.getUTCMonth() + 1)}/${moment.getUTCFullYear()}`;
}

/** The clock alone when it was on the same day as `now`, else the day and the clock. */
export function moment(at: number, now: number): string {
  return day(at) === day(now) ? clock(at) : `${day(at)} ${clock(at)}`;
}

/** Bytes in steps of a thousand with one decimal below ten, e.g. `1,2 Mo`; `units` from bytes upwards. */
export function bytes(value: number, units: readonly string[], decimal: string): string {
  let size = Math.max(0, value);
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1_000;
    unit += 1;
  }
  const tenths = Math.round(size * 10);
  const digits = unit === 0 || tenths >= 100 ? String(Math.round(size)) : `${Math.trunc(tenths / 10)}${decimal}${tenths % 10}`;
  return `${digits}\u{a0}${units[unit] ?? ""}`;
}
