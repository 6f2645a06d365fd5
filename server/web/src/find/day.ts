/** Days as people type them: `hier`, `30/4`, `30 avril 2024`. All days are UTC, which is Mali's time. */

const DAY_MS = 24 * 60 * 60 * 1000;

const MONTHS: readonly (readonly string[])[] = [
  ["janvier", "january"],
  ["fevrier", "february"],
  ["mars", "march"],
  ["avril", "april"],
  ["mai", "may"],
  ["juin", "june"],
  ["juillet", "july"],
  ["aout", "august"],
  ["septembre", "september"],
  ["octobre", "october"],
  ["novembre", "november"],
  ["decembre", "december"],
];

const BACK: Readonly<Record<string, number>> = {
  "aujourdhui": 0, "cette nuit": 0, today: 0, tonight: 0, hier: 1, yesterday: 1, "avant-hier": 2, avanthier: 2,
};

/** The day of a moment: `2024-04-30`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function valid(year: number, month: number, day: number): string | null {
  const at = Date.UTC(year, month - 1, day);
  const made = new Date(at);
  const same = made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === day;
  return same ? dayOf(at) : null;
}

/** The day that a text means, seen from `now`; null: it is no day. Without a year: the last such day that was. */
export function parseDay(text: string, now: number): string | null {
  const plain = text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/['’]/g, "").trim();
  const back = BACK[plain];
  if (back !== undefined) return dayOf(now - back * DAY_MS);
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(plain);
  if (iso) return valid(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const said = /^(\d{1,2})(?:er)?[\s./-]+(\d{1,2}|[a-z]{3,})(?:[\s./-]+(\d{2,4}))?$/.exec(plain);
  if (!said) return null;
  const word = said[2] ?? "";
  const month = /^\d/.test(word) ? Number(word) : 1 + MONTHS.findIndex((names) => names.some((name) => name.startsWith(word)));
  if (month < 1 || month > 12) return null;
  const day = Number(said[1]);
  if (said[3] !== undefined) {
    const year = Number(said[3]);
    return valid(year < 100 ? 2000 + year : year, month, day);
  }
  const thisYear = new Date(now).getUTCFullYear();
  const found = valid(thisYear, month, day);
  return found !== null && found > dayOf(now) ? valid(thisYear - 1, month, day) : found;
}
