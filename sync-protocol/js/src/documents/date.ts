/** Calendar dates that say how exact they are: a year, a month, a day. Proleptic Gregorian, no time zone. */

/** A date as exact as it is known. Years 1000 to 9999; a day that exists. Made by the functions here only. */
export interface CalendarDate {
  readonly year: number;
  /** 1 to 12, 0 when not known. */
  readonly month: number;
  /** 1 to 31, 0 when not known. */
  readonly day: number;
}

const MONTHS_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(" ");
const MONTHS_EN =
  "January February March April May June July August September October November December".split(" ");

/** First and last year that a date may have. */
const YEARS: readonly [number, number] = [1000, 9999];
const DAY_MS = 86_400_000;

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Reads `1991`, `1991-04` or `1991-04-24`; undefined when it is none of these or no such day exists. */
export function parseDate(text: string): CalendarDate | undefined {
  const parts = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text);
  if (parts === null) return undefined;
  const [year, month, day] = [Number(parts[1]), Number(parts[2] ?? 0), Number(parts[3] ?? 0)];
  if (year < YEARS[0]) return undefined;
  if (parts[2] !== undefined && (month < 1 || month > 12)) return undefined;
  if (parts[3] !== undefined && (day < 1 || day > daysInMonth(year, month))) return undefined;
  return { year, month, day };
}

const two = (n: number): string => String(n).padStart(2, "0");

/** As text, as exact as it is known. */
export function dateText({ year, month, day }: CalendarDate): string {
  return `${year}${month > 0 ? `-${two(month)}` : ""}${day > 0 ? `-${two(day)}` : ""}`;
}

/** The day (UTC) of a number of days since 1970-01-01; kept within years 1000 to 9999. */
export function dateOfEpochDays(days: number): CalendarDate {
  const date = new Date(Math.min(Math.max(days, -354_285), 2_932_896) * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** The day (UTC) of a moment in milliseconds since 1970. */
export function dateOfMillis(millis: number): CalendarDate {
  return dateOfEpochDays(Math.floor(millis / DAY_MS));
}

/** The first day that it may mean. */
export function firstDay(date: CalendarDate): CalendarDate {
  return { year: date.year, month: Math.max(date.month, 1), day: Math.max(date.day, 1) };
}

/** The last day that it may mean. */
export function lastDay({ year, month: known, day }: CalendarDate): CalendarDate {
  const month = known === 0 ? 12 : known;
  return { year, month, day: day === 0 ? daysInMonth(year, month) : day };
}

/** The same day in another year; 29 February becomes 28 February where there is none. */
export function withYear(date: CalendarDate, wanted: number): CalendarDate {
  const year = Math.min(Math.max(wanted, YEARS[0]), YEARS[1]);
  const day = date.month === 0 ? date.day : Math.min(date.day, daysInMonth(year, date.month));
  return { year, month: date.month, day };
}

/** The day after the first day of this date. */
export function nextDay(date: CalendarDate): CalendarDate {
  const { year, month, day } = firstDay(date);
  if (day < daysInMonth(year, month)) return { year, month, day: day + 1 };
  if (month < 12) return { year, month: month + 1, day: 1 };
  return { year: Math.min(year + 1, YEARS[1]), month: 1, day: 1 };
}

/** Below 0 when `a` comes first, above 0 when `b` does; what is less exact comes before what it contains. */
export function compareDates(a: CalendarDate, b: CalendarDate): number {
  return a.year - b.year || a.month - b.month || a.day - b.day;
}

function words({ year, month, day }: CalendarDate, shown: string, months: readonly string[]): string {
  const name = months[month - 1];
  return name === undefined ? String(year) : day > 0 ? `${shown} ${name} ${year}` : `${name} ${year}`;
}

/** `24 avril 1991`, `avril 1991`, `1991`. */
export function dateFrench(date: CalendarDate): string {
  return words(date, date.day === 1 ? "1er" : String(date.day), MONTHS_FR);
}

/** `24 April 1991`, `April 1991`, `1991`. */
export function dateEnglish(date: CalendarDate): string {
  return words(date, String(date.day), MONTHS_EN);
}
