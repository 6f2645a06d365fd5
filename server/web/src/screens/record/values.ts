/** Answers as people read them: births, places, moments, codes of lists, reasons why there is none. */
import type { Answer, Birth, PlaceCode, Shape, When } from "@segin/sync-protocol";
import { birthOf, placeOf, stateOf } from "../../flow/answers.js";
import { t } from "../../words/index.svelte.js";
import { nameOf, siteName } from "./lists.js";
import { placeIndex } from "./places.js";

/** `30/04/2024`, as exact as the date is. */
export function dateInWords(date: string): string {
  return date.split("-").toReversed().join("/");
}

export function birthInWords(birth: Birth): string {
  const words = t().intake.age;
  const estimated = birth.source === "estimated";
  if (birth.precision === "age_only") return words.aged(Number(birth.value), dateInWords(birth.as_of ?? ""), estimated);
  if (birth.precision === "approximate") return words.about(birth.value, estimated);
  return words.born(dateInWords(birth.value), birth.precision, estimated);
}

export function whenInWords(when: When): string {
  const [date = "", time] = when.at.split("T");
  return time === undefined ? dateInWords(date) : `${dateInWords(date)} ${time}`;
}

export function placeInWords(place: PlaceCode): string {
  const hit = placeIndex().byCode(place.code, place.scheme, place.vintage);
  if (!hit) return place.code;
  return hit.region ? `${hit.place.name} (${hit.region.name})` : t().intake.place.region(hit.place.name);
}

/** The words of a schema's choice: `f`, `granted`, `spoken` …; the key itself where there are none. */
export function choiceInWords(path: string, key: string): string {
  const all: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = t().cases.choices;
  const last = path.split(".").at(-1) ?? "";
  return all[last]?.[key] ?? all.any?.[key] ?? key;
}

/** An answer in words. `document` tells a person's name where a field holds a document. */
export function answerInWords(answer: Answer, shape: Shape | undefined, path: string, document: (id: string) => string = (id) => id): string {
  const state = stateOf(answer);
  if (state) return t().common.answer[state];
  const birth = birthOf(answer);
  if (birth) return birthInWords(birth);
  const place = placeOf(answer);
  if (place) return placeInWords(place);
  if (typeof answer === "boolean") return answer ? t().common.yes : t().common.no;
  if (typeof answer === "number") return t().common.number(answer);
  if (typeof answer === "string") return textInWords(answer, shape, path, document);
  return "source" in answer && "at" in answer ? whenInWords(answer) : "";
}

function textInWords(text: string, shape: Shape | undefined, path: string, document: (id: string) => string): string {
  switch (shape?.is) {
    case "code":
      return nameOf(shape.list, text);
    case "choice":
      return choiceInWords(path, text);
    case "document":
      return document(text);
    case "site":
      return siteName(text);
    case "date":
      return dateInWords(text);
  }
  return text;
}
