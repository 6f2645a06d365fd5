/** Invented people for the fixture: drawn by a counter from common names, the same every time. Nobody is meant. */
import type { Birth, Edit } from "@segin/sync-protocol";
import { apply, blank, type Paper, type Writer } from "./fixture.documents.js";

const WOMEN = ["Fatoumata", "Aminata", "Kadiatou", "Mariam", "Awa", "Oumou", "Djénéba", "Assitan", "Rokia", "Sira"] as const;
const MEN = ["Mamadou", "Ibrahima", "Seydou", "Boubacar", "Moussa", "Adama", "Lassana", "Cheick", "Bakary", "Drissa"] as const;
const CLANS = ["Traoré", "Diarra", "Coulibaly", "Keïta", "Diallo", "Cissé", "Touré", "Koné", "Sidibé", "Sangaré", "Maïga", "Dembélé"] as const;
const VILLAGES = ["Kayes N'Di", "Sadiola", "Diéma", "Koniakary", "Ségala", "Tambacara", "Yélimané", "Lakamané"] as const;
const PLACES = ["ML0103", "ML0102", "ML0107", "ML0106", "ML0104"] as const;
const COUNTRIES = ["MRT", "DZA", "LBY", "CIV", "TUN"] as const;
const STEPS = ["two", "two", "hub", "two", "phone", "hub", "two", "sending"] as const;

const MINUTE = 60_000;

function of<T>(list: readonly T[], at: number, fallback: T): T {
  return list[at % list.length] ?? fallback;
}

/** Stable made-up ids: the fixture's documents carry their number in them. */
export function documentId(number: number): string {
  return `f1c70000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

function birth(age: number): Birth {
  return { precision: "age_only", value: String(age), source: "declared", as_of: "2026-04-30" };
}

/** A person of the arrival `movement`. */
function person(number: number, movement: string, writer: Writer, at: number): Paper {
  const woman = number % 2 === 0;
  const age = number % 9 === 3 ? 11 + (number % 5) : 19 + ((number * 7) % 40);
  const paper = blank(documentId(number), "case", at);
  const edits: Edit[] = [
    { edit: "set", field: "card.code", value: `GOG-26-K7-${String(number).padStart(4, "0")}-${of([..."ACDEFHKMNPRT"], number, "A")}` },
    { edit: "set", field: "card.site", value: "GOG" },
    { edit: "set", field: "identity.given", value: woman ? of(WOMEN, number * 3, "Awa") : of(MEN, number * 3, "Moussa") },
    { edit: "set", field: "identity.family", value: of(CLANS, number * 5, "Traoré") },
    { edit: "set", field: "identity.sex", value: woman ? "f" : "m" },
    { edit: "set", field: "birth.date", value: birth(age) },
    { edit: "set", field: "journey.last_country", value: of(COUNTRIES, number, "MRT") },
    { edit: "set", field: "origin.village", value: of(VILLAGES, number, "Diéma") },
    { edit: "set", field: "destination.village", value: of(VILLAGES, number + 3, "Diéma") },
    { edit: "set", field: "destination.place", value: { code: of(PLACES, number, "ML0103"), scheme: "cod", vintage: 2021 } },
    {
      edit: "add", group: "arrivals", entry: "arrival0001",
      values: { movement, point: "gogui", category: "expulsion", country: of(COUNTRIES, number, "MRT"), on: "2026-04-30" },
    },
    {
      edit: "add", group: "consent", entry: "consent0001",
      values: { purpose: "registration", decision: "granted", by: age < 18 ? "nobody" : "self", method: "spoken", lang: "bam" },
    },
    { edit: "add", group: "assistance", entry: "given000001", values: { kind: "food", for: "person", quantity: 1 } },
  ];
  if (age < 18 && number % 9 === 3) edits.push({ edit: "include", set: "urgent", member: "child_alone" });
  apply(paper, edits, writer, at);
  paper.step = of(STEPS, number, "two");
  return paper;
}

/** One arrival with its people, of whom one has a field with two values, one is held and one refused. */
export function inventedPapers(writer: Writer, count: number, now: number): Paper[] {
  const movement = blank(documentId(0), "movement", now - 200 * MINUTE);
  apply(
    movement,
    [
      { edit: "set", field: "trip.direction", value: "in" },
      { edit: "set", field: "trip.from", value: "Nouakchott" },
      { edit: "set", field: "trip.country", value: "MRT" },
      { edit: "set", field: "trip.vehicle", value: "Bus, AB 123 MR" },
      { edit: "set", field: "trip.mode", value: "road" },
      { edit: "set", field: "trip.category", value: "expulsion" },
      { edit: "set", field: "announced.total", value: 60 },
      { edit: "add", group: "counted", entry: "counted0001", values: { men: 21, women: 18, boys: 9, girls: 7 } },
    ],
    writer,
    now - 200 * MINUTE,
  );
  movement.step = "hub";
  const papers = [movement];
  for (let number = 1; number <= count; number += 1) papers.push(person(number, movement.document, writer, now - (count + 5 - number) * 3 * MINUTE));
  const arrived: Edit[] = papers.slice(1).map((paper) => ({ edit: "include", set: "arrived", member: paper.document }));
  apply(movement, arrived, writer, now - 190 * MINUTE);
  movement.step = "hub";
  const [, doubled, held, refused] = papers;
  if (held) held.step = "held";
  if (refused) refused.step = "refused";
  if (doubled) twoValues(doubled, writer, now);
  return papers;
}

function twoValues(paper: Paper, writer: Writer, now: number): void {
  const label = { fr: "Nom de famille (jamu)", en: "Family name (jamu)" };
  const mine = { value: "Diarra", change: `${paper.document}-1`, actor: `${writer.prefix}0000000000000000`, at: now - 170 * MINUTE, winner: true };
  const theirs = { value: "Diara", change: "elsewhere-1", actor: "aaaaaaaaaaaaaaaa0000000000000000", at: now - 160 * MINUTE, winner: false };
  paper.conflicts = [{ path: "identity.family", label, values: [mine, theirs] }];
  const past = { change: "elsewhere-1", at: theirs.at, who: "Oumou Sissoko", site: "KAY", mine: false, paths: ["identity.family"] };
  paper.history = [...paper.history, past];
}
