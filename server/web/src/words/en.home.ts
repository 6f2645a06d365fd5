/** English words of the home screen. */
import type { Dictionary } from "./dictionary.js";
import { grouped, pluralEn } from "./grammar.js";

const n = (value: number): string => grouped(value, ",");

export const home: Dictionary["home"] = {
  title: "Home",
  arrival: "New arrival",
  arrivalHint: "a truck, a bus, a flight",
  person: "New person",
  personHint: "alone, or one more",
  find: "Find",
  findHint: "name, code, card, day",
  sent: "Sent and not sent",
  settings: "Settings and help",
  children: (count) => `${n(count)} ${pluralEn(count, "child alone", "children alone")}: who was told?`,
  childrenMore: (count) => `${n(count)} more`,
  drafts: (count) => `${n(count)} ${pluralEn(count, "draft to finish", "drafts to finish")}`,
  goOn: "Go on",
  kind: {
    case: "Person",
    movement: "Arrival",
    household: "Family",
    annex: "Confidential sheet",
    link: "Link",
    referral: "Referral",
  },
  nameless: "No name",
  tonight: "Recorded lately",
  nobody: "Nothing yet. The first person recorded will stand here.",
  conflicts: (count) => `${n(count)} ${pluralEn(count, "field has two values", "fields have two values")}`,
};
