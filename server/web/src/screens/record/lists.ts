/** Code lists as tiles and words: in the person's language, in the list's order, frequent ones first where that is known. */
import type { Configuration } from "@segin/sync-protocol";
import { app } from "../../app/engine.svelte.js";
import { tell } from "../../words/index.svelte.js";

export interface Choice {
  readonly value: string;
  readonly text: string;
}

/** Countries that most people come from, by DOMAIN: shown before the others. */
const FREQUENT_COUNTRIES = ["MRT", "DZA", "LBY", "NER", "TUN", "MAR", "CIV", "SEN"] as const;

function configuration(): Configuration | null {
  return app().configuration;
}

/** The codes of a list, some of them first. */
export function choices(list: string, first: readonly string[] = []): Choice[] {
  const items = configuration()?.lists[list] ?? [];
  const rank = (code: string) => (first.includes(code) ? first.indexOf(code) : first.length);
  return items.map((item) => ({ value: item.code, text: tell(item) })).toSorted((a, b) => rank(a.value) - rank(b.value));
}

/** Some codes of a list, in the order given; those that the configuration does not have are left out. */
export function some(list: string, codes: readonly string[]): Choice[] {
  return choices(list, codes).filter((choice) => codes.includes(choice.value));
}

export function countries(): Choice[] {
  return choices("countries", FREQUENT_COUNTRIES).filter((choice) => choice.value !== "MLI");
}

/** The first countries, as tiles. */
export function frequentCountries(): Choice[] {
  return some("countries", FREQUENT_COUNTRIES);
}

/** A code in words; the code itself where the list does not have it. */
export function nameOf(list: string, code: string): string {
  const item = configuration()?.lists[list]?.find((one) => one.code === code);
  return item ? tell(item) : code;
}

export function siteName(code: string): string {
  return configuration()?.sites.find((site) => site.code === code)?.name ?? code;
}

/** The entry point that is this site, where names agree. */
export function pointOf(site: string): string | undefined {
  const bare = (text: string) => text.normalize("NFD").replace(/[^a-zA-Z]/g, "").toLowerCase();
  const name = bare(siteName(site));
  return configuration()?.lists.entry_points?.find((item) => [item.fr, item.code, ...item.also].some((text) => name.startsWith(bare(text))))?.code;
}
