/**
 * From what a person says about their age to a birth that claims no more than was said.
 *
 * Owns the ways of asking: years, rainy seasons, an event that everybody remembers, a year, a paper. Never invents a day:
 * an age stays an age with the day on which it was said. Events are to be reviewed in Mali.
 */
import type { Birth } from "@segin/sync-protocol";

/** Oldest age that is believed, in years; the protocol's rule. */
export const AGE_YEARS_MAX = 120;
/** Below this age in years a person is a child. */
export const ADULT_YEARS = 18;

/** An event by which a birth is told. */
export interface CalendarEvent {
  readonly year: number;
  readonly fr: string;
  readonly en: string;
}

/** The oldest first. (check) */
export const EVENTS: readonly CalendarEvent[] = [
  { year: 1960, fr: "Indépendance", en: "Independence" },
  { year: 1968, fr: "Coup d'État de 1968", en: "Coup of 1968" },
  { year: 1973, fr: "Grande sécheresse", en: "Great drought" },
  { year: 1984, fr: "Sécheresse de 1984", en: "Drought of 1984" },
  { year: 1991, fr: "Chute de Moussa Traoré", en: "Fall of Moussa Traoré" },
  { year: 2002, fr: "CAN au Mali", en: "Africa Cup in Mali" },
  { year: 2012, fr: "Crise du Nord", en: "Crisis in the North" },
  { year: 2020, fr: "Covid", en: "Covid" },
];

/** How old the person was then: years before or after the birth, as people tell it. */
export const LIFE_STAGES: readonly { readonly years: number; readonly fr: string; readonly en: string }[] = [
  { years: 0, fr: "Né(e) cette année-là", en: "Born that year" },
  { years: 2, fr: "Ne marchait pas bien", en: "Hardly walking" },
  { years: 7, fr: "Âge d'entrer à l'école", en: "Starting school" },
  { years: 15, fr: "Adolescent(e)", en: "A teenager" },
  { years: 20, fr: "En âge de se marier", en: "Old enough to marry" },
  { years: -5, fr: "Pas encore né(e)", en: "Not yet born" },
];

/** An age in years, as said on a day (`2024-04-30`); null: no age that is believed. */
export function birthFromAge(text: string, today: string, source: Birth["source"] = "declared"): Birth | null {
  if (!/^\d{1,3}$/.test(text.trim())) return null;
  const years = Number(text);
  return years <= AGE_YEARS_MAX ? { precision: "age_only", value: String(years), source, as_of: today } : null;
}

/** An age in rainy seasons lived: as many years, give or take one, so it is marked as estimated. */
export function birthFromSeasons(text: string, today: string): Birth | null {
  return birthFromAge(text, today, "estimated");
}

/** Born in the year of an event, or about so many years away from it. */
export function birthFromEvent(event: CalendarEvent, yearsThen: number, today: string): Birth {
  const value = String(event.year - yearsThen);
  return { precision: yearsThen === 0 ? "year" : "approximate", value, source: yearsThen === 0 ? "declared" : "estimated", as_of: today };
}

/**
 * A year, a month or a day as typed: `1991`, `4/1991`, `30/4/1991`, `1991-04-30`. Null: none of them, or in the future.
 * The first of January of a paper is what the paper says; of a spoken word it is a year.
 */
export function birthFromDate(text: string, today: string, source: Birth["source"]): Birth | null {
  const plain = text.trim();
  const year = /^(\d{4})$/.exec(plain);
  const month = /^(\d{1,2})[/.-](\d{4})$/.exec(plain) ?? reordered(/^(\d{4})-(\d{1,2})$/.exec(plain), [2, 1]);
  const day = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(plain) ?? reordered(/^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(plain), [3, 2, 1]);
  if (year) return dated("year", [plain], today, source);
  if (month) return dated("month", [month[2] ?? "", month[1] ?? ""], today, source);
  if (!day) return null;
  const parts = [day[3] ?? "", day[2] ?? "", day[1] ?? ""];
  const newYear = Number(parts[1]) === 1 && Number(parts[2]) === 1;
  return newYear && source !== "document" ? dated("year", parts.slice(0, 1), today, source) : dated("day", parts, today, source);
}

function reordered(found: RegExpExecArray | null, order: readonly number[]): (string | undefined)[] | null {
  return found ? ["", ...order.map((index) => found[index])] : null;
}

function dated(precision: Birth["precision"], parts: readonly string[], today: string, source: Birth["source"]): Birth | null {
  const value = [parts[0] ?? "", ...parts.slice(1).map((part) => part.padStart(2, "0"))].join("-");
  const [year = 0, month = 1, day = 1] = value.split("-").map(Number);
  const made = new Date(Date.UTC(year, month - 1, day));
  const exists = made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === day;
  const oldest = Number(today.slice(0, 4)) - AGE_YEARS_MAX;
  return exists && year >= oldest && value <= today ? { precision, value, source } : null;
}

/** Years that an approximate year may be off, either way; the protocol's rule. */
const APPROXIMATE_YEARS = 5;

/** The youngest and the oldest age in full years on a day; null: not born yet. */
export function ageOn(birth: Birth, today: string): readonly [number, number] | null {
  const [first, last] = bornBetween(birth);
  if (first > today) return null;
  const years = (born: string) => Number(today.slice(0, 4)) - Number(born.slice(0, 4)) - (today.slice(5) >= born.slice(5) ? 0 : 1);
  return [Math.max(0, years(last)), Math.max(0, years(first))];
}

function bornBetween(birth: Birth): readonly [string, string] {
  const year = Number(birth.value.slice(0, 4));
  switch (birth.precision) {
    case "day":
      return [birth.value, birth.value];
    case "month":
      return [`${birth.value}-01`, `${birth.value}-31`];
    case "year":
      return [`${birth.value}-01-01`, `${birth.value}-12-31`];
    case "approximate":
      return [`${year - APPROXIMATE_YEARS}-01-01`, `${year + APPROXIMATE_YEARS}-12-31`];
    case "age_only": {
      const said = birth.as_of ?? "1970-01-01";
      const back = (years: number) => `${Number(said.slice(0, 4)) - years}${said.slice(4)}`;
      // Birthdays after the day that it was said, a year earlier: strictly after, so the day itself is left out.
      return [`${back(Number(birth.value) + 1)}~`, back(Number(birth.value))];
    }
  }
}

/** Whether the person may be a child: in doubt a child is protected. Of an approximate year its middle counts. */
export function mayBeChild(birth: Birth | undefined, today: string): boolean {
  const ages = birth ? ageOn(birth, today) : null;
  if (birth === undefined || ages === null) return false;
  return (birth.precision === "approximate" ? (ages[0] + ages[1]) / 2 : ages[0]) < ADULT_YEARS;
}
