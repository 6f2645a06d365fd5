/** English words of finding. */
import type { Dictionary } from "./dictionary.js";
import { grouped, pluralEn } from "./grammar.js";

const n = (value: number): string => grouped(value, ",");

export const find: Dictionary["find"] = {
  title: "Find",
  text: "Name, or code on the card",
  hint: "Spelling does not matter. The father's name helps.",
  scan: "Scan or type a card",
  movement: "Arrival",
  allMovements: "All",
  day: "Day",
  dayHint: "yesterday, 30/4, 30 April 2024",
  dayWrong: "This day is not understood. Try 30/4.",
  narrow: "By arrival or by day",
  found: (count, more) => `${n(count)}${more ? "+" : ""} ${pluralEn(count, "record", "records")}`,
  none: "Nobody on this device is like that.",
  noneHint: "Try the family name alone, or another spelling. The person may be known elsewhere.",
  begin: "Begin a new record",
  lately: "Worked on last",
  children: "Children alone: who was told?",
  more: (count) => `${n(count)} more`,
};
