/**
 * Places of the configuration, found by a word as heard: accents, `ou`/`u`, `dj`/`di` and slips do not matter.
 *
 * Codes collide between lists, so what is found is always the whole place with its scheme and vintage.
 */
import type { Place } from "@segin/sync-protocol";
import { distance } from "./distance.js";
import { fold, words } from "./fold.js";

/** A place with the one above it, to tell Kayes the region from Kayes the cercle. */
export interface PlaceHit {
  readonly place: Place;
  readonly region: Place | null;
  readonly score: number;
}

/** Names that no rule brings together. To be reviewed in Mali. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  ML06: ["Timbuktu", "Tumbutu"],
  ML0605: ["Timbuktu", "Tumbutu"],
  ML07: ["Gawo"],
  ML0503: ["Jenne"],
  ML09: ["Bko"],
};

interface Known {
  readonly place: Place;
  readonly region: Place | null;
  readonly names: readonly { readonly text: string; readonly fold: string }[];
}

const LEVEL_CODE_LENGTH = 4;

function folded(text: string): { text: string; fold: string } {
  const all = words(text);
  return { text: all.join(""), fold: all.map(fold).join("") };
}

/** The places of one configuration. */
export class PlaceIndex {
  private readonly known: readonly Known[];

  constructor(places: readonly Place[]) {
    const above = (place: Place): Place | null =>
      places.find(
        (other) => other.scheme === place.scheme && other.vintage === place.vintage && other.code === place.code.slice(0, -2),
      ) ?? null;
    this.known = places.map((place) => ({
      place,
      region: above(place),
      names: [place.name, ...(ALSO[place.code] ?? [])].map(folded),
    }));
  }

  /** Level 1: regions and the district, in the list's order. */
  regions(): Place[] {
    return this.known.filter((known) => known.region === null && known.place.code.length <= LEVEL_CODE_LENGTH).map((known) => known.place);
  }

  /** The places right below a region. */
  within(region: Place): Place[] {
    return this.known.filter((known) => known.region?.code === region.code && known.region.vintage === region.vintage).map((known) => known.place);
  }

  /** The best first; of a region and its cercle with the same name the cercle first, as the closer answer. */
  find(query: string, most: number): PlaceHit[] {
    const asked = folded(query);
    if (asked.text === "") return [];
    const hits: PlaceHit[] = [];
    for (const { place, region, names } of this.known) {
      const score = Math.max(...names.map((name) => likeness(asked, name)));
      if (score > 0) hits.push({ place, region, score });
    }
    hits.sort((a, b) => b.score - a.score || b.place.code.length - a.place.code.length || (a.place.code < b.place.code ? -1 : 1));
    return hits.slice(0, most);
  }

  /** The place with this code. */
  byCode(code: string, scheme: string, vintage: number): PlaceHit | null {
    const found = this.known.find(({ place }) => place.code === code && place.scheme === scheme && place.vintage === vintage);
    return found ? { place: found.place, region: found.region, score: 1 } : null;
  }
}

function likeness(asked: { text: string; fold: string }, name: { text: string; fold: string }): number {
  if (asked.text === name.text) return 1;
  if (asked.fold === name.fold) return 0.96;
  if (name.text.startsWith(asked.text)) return 0.9;
  if (asked.fold.length >= 2 && name.fold.startsWith(asked.fold)) return 0.85;
  if (asked.fold.length >= 4 && name.fold.includes(asked.fold)) return 0.7;
  const longest = Math.max(asked.fold.length, name.fold.length);
  const allowed = longest >= 8 ? 3 : longest >= 5 ? 2 : longest >= 3 ? 1 : 0;
  const slips = Math.min(distance(asked.fold, name.fold, allowed), distance(asked.fold, name.fold.slice(0, asked.fold.length), allowed) + 0.5);
  return allowed > 0 && slips <= allowed ? 0.8 - (0.8 * slips) / longest : 0;
}
