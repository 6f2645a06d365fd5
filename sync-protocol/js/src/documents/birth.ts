/**
 * A birth as it is known: its precision, its source, and nothing more. Never invents a day.
 *
 * Stored as one string, `PRECISION VALUE SOURCE [AS_OF]`, so that two concurrent values conflict as wholes.
 */
import {
  compareDates,
  dateEnglish,
  dateFrench,
  dateText,
  firstDay,
  lastDay,
  nextDay,
  parseDate,
  withYear,
} from "./date.js";
import type { CalendarDate } from "./date.js";
import type { Birth } from "./types.js";

/** How many years a year that is called approximate may be off, either way. (check) */
export const APPROXIMATE_YEARS = 5;

/** Oldest age that is believed, in years. */
export const AGE_YEARS_MAX = 120;

/** How exactly a birth is known. */
export const PRECISIONS = ["day", "month", "year", "approximate", "age_only"] as const;

/** Where a birth is known from. */
export const BIRTH_SOURCES = ["document", "declared", "estimated"] as const;

/** Why this is not a birth: `birth-form`, `birth-value` or `birth-as-of`. */
export class BirthError extends Error {
  constructor(readonly code: "birth-form" | "birth-value" | "birth-as-of") {
    super(BIRTH_ERRORS[code]);
  }
}

const BIRTH_ERRORS = {
  "birth-form":
    "a birth is written as precision, value, source and perhaps the day it was said, e.g. 'year 1991 declared'",
  "birth-value":
    "the value does not fit the precision: a day is YYYY-MM-DD, a month YYYY-MM, a year YYYY, an age 0 to 120",
  "birth-as-of": "an age needs the day on which it was said",
};

type Known =
  | { readonly is: "at" | "about"; readonly date: CalendarDate }
  | { readonly is: "age"; readonly years: number; readonly said: CalendarDate };

function read(birth: Birth): { readonly known: Known; readonly asOf: CalendarDate | undefined } {
  const asOf = birth.as_of === undefined ? undefined : parseDate(birth.as_of);
  if (birth.as_of !== undefined && asOf === undefined) throw new BirthError("birth-form");
  if (birth.precision === "age_only") {
    const years = /^\d{1,3}$/.test(birth.value) ? Number(birth.value) : Infinity;
    if (years > AGE_YEARS_MAX) throw new BirthError("birth-value");
    if (asOf === undefined || asOf.day === 0) throw new BirthError("birth-as-of");
    return { known: { is: "age", years, said: asOf }, asOf };
  }
  const date = parseDate(birth.value);
  if (date === undefined) throw new BirthError("birth-value");
  // What is known decides the precision; a claim of more or of less is a mistake.
  const exact = date.day > 0 ? "day" : date.month > 0 ? "month" : "year";
  const fits = birth.precision === exact || (birth.precision === "approximate" && exact === "year");
  if (!fits) throw new BirthError("birth-value");
  return { known: { is: birth.precision === "approximate" ? "about" : "at", date }, asOf };
}

/**
 * A birth; `value` is `1991-04-24`, `1991-04`, `1991` or an age in years, as the precision says.
 * @throws BirthError
 */
export function makeBirth(
  precision: Birth["precision"],
  value: string,
  source: Birth["source"],
  asOf?: string,
): Birth {
  const made: Birth = { precision, value, source, ...(asOf === undefined ? {} : { as_of: asOf }) };
  const { known } = read(made);
  return { ...made, value: known.is === "age" ? String(known.years) : dateText(known.date) };
}

/** Reads the form in which it stands in a document. @throws BirthError */
export function parseBirth(text: string): Birth {
  const [first, value, last, asOf, ...rest] = text.split(" ");
  const precision = PRECISIONS.find((name) => name === first);
  const source = BIRTH_SOURCES.find((name) => name === last);
  if (precision === undefined || value === undefined || source === undefined || rest.length > 0) {
    throw new BirthError("birth-form");
  }
  return makeBirth(precision, value, source, asOf);
}

/** As it stands in a document. */
export function birthText(birth: Birth): string {
  const asOf = birth.as_of === undefined ? "" : ` ${birth.as_of}`;
  return `${birth.precision} ${birth.value} ${birth.source}${asOf}`;
}

/** The first and the last day on which the person may have been born. @throws BirthError */
export function birthDays(birth: Birth): readonly [CalendarDate, CalendarDate] {
  const { known } = read(birth);
  if (known.is === "age") {
    const said = firstDay(known.said);
    return [nextDay(withYear(said, said.year - known.years - 1)), withYear(said, said.year - known.years)];
  }
  if (known.is === "at") return [firstDay(known.date), lastDay(known.date)];
  const { year } = known.date;
  const early = withYear(known.date, year - APPROXIMATE_YEARS);
  const late = withYear(known.date, year + APPROXIMATE_YEARS);
  return [firstDay(early), lastDay(late)];
}

/**
 * The youngest and the oldest age in full years that the person may have on that day; undefined before any possible
 * birth. @throws BirthError
 */
export function ageOn(birth: Birth, on: CalendarDate): readonly [number, number] | undefined {
  const day = firstDay(on);
  const [early, late] = birthDays(birth);
  const fullYears = (born: CalendarDate): number => {
    const hadBirthday = day.month - born.month || day.day - born.day;
    return Math.max(Math.max(day.year - born.year, 0) - (hadBirthday >= 0 ? 0 : 1), 0);
  };
  return compareDates(early, day) <= 0 ? [fullYears(late), fullYears(early)] : undefined;
}

/** In French. @throws BirthError */
export function birthFrench(birth: Birth): string {
  const { known } = read(birth);
  const estimated = birth.source === "estimated" ? " (estimé)" : "";
  if (known.is === "age") return `${known.years} ${known.years < 2 ? "an" : "ans"} au ${dateFrench(known.said)}${estimated}`;
  return `${known.is === "about" ? "vers " : ""}${dateFrench(known.date)}${estimated}`;
}

/** In English. @throws BirthError */
export function birthEnglish(birth: Birth): string {
  const { known } = read(birth);
  const estimated = birth.source === "estimated" ? " (estimated)" : "";
  if (known.is === "age") return `aged ${known.years} on ${dateEnglish(known.said)}${estimated}`;
  return `${known.is === "about" ? "about " : ""}${dateEnglish(known.date)}${estimated}`;
}
