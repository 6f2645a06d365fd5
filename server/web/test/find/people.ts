/**
 * Generated people and generated misspellings, seeded.
 *
 * The misspellings are written from what clerks do (DOMAIN section 5) and from how fingers slip, without a look at the
 * folding rules: some are covered by them, some are not.
 */
import type { Named } from "../../src/find/names.js";

export type Random = () => number;

/** A small seeded generator (mulberry32): 0 ≤ x < 1. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

/** The first names are more frequent, as in life. */
function pickUneven<T>(random: Random, from: readonly T[]): T {
  const found = from[Math.floor(from.length * random() ** 1.6)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

const FAMILIES = [
  "Traoré", "Diarra", "Coulibaly", "Keïta", "Diallo", "Cissé", "Touré", "Koné", "Sidibé", "Sangaré", "Maïga", "Dembélé",
  "Doumbia", "Camara", "Sissoko", "Konaté", "Kanté", "Bah", "Sacko", "Dicko", "Samaké", "Sanogo", "Ouattara", "Diakité",
  "Fofana", "N'Diaye", "Sow", "Sylla", "Kouyaté", "Magassa", "Niangadou", "Tounkara", "Guindo", "Togola", "Ballo",
  "Berthé", "Goïta", "Dolo", "Ag Alhousseyni", "Walet Mohamed", "Simpara", "Yattara", "Haïdara", "Kassogué", "Théra",
];
const MEN = [
  "Mamadou", "Mohamed", "Moussa", "Ibrahima", "Ousmane", "Amadou", "Oumar", "Abdoulaye", "Seydou", "Boubacar", "Adama",
  "Modibo", "Souleymane", "Bakary", "Drissa", "Issa", "Lassina", "Youssouf", "Yacouba", "Siaka", "Cheick", "Salif",
  "Sékou", "Daouda", "Hamidou", "Karim", "Madou", "N'Golo", "Zoumana", "Fousseyni", "Lassana", "Alassane", "Aly",
  "Broulaye", "Djibril", "Famory", "Gaoussou", "Hamady", "Kalifa", "Mahamadou", "Nouhoum", "Soumaïla", "Tiémoko",
  "Tidiani", "Bréhima", "Bourama", "Zan", "Sinaly", "Alpha", "Samba", "Demba", "Harouna", "Idrissa", "Kassim",
];
const WOMEN = [
  "Fatoumata", "Aminata", "Aïssata", "Mariam", "Awa", "Kadiatou", "Oumou", "Fanta", "Rokia", "Hawa", "Assitan",
  "Djénéba", "Salimata", "Bintou", "Nana", "Ramata", "Safiatou", "Sitan", "Tenin", "Niagalé", "Korotoumou", "Maïmouna",
  "Coumba", "Habibatou", "Hadja", "Kadia", "Nagnouma", "Sanata", "Sira", "Wassa", "Ya", "Zeïnabou", "Aïcha", "Astou",
  "Dado", "Djélika", "Founè", "Gnéba", "Lalla", "Mah", "Nantènè", "Penda", "Saran", "Tata", "Diahara", "Assa",
];
const SECOND = ["Lamine", "Bintou", "Ba", "Moctar", "Sory", "Bah", "Kalil", "Mady", "Fily", "Tiécoura", "Chérif", "Koura", "Diaba"];

export interface Person extends Named {
  readonly given: string;
  readonly family: string;
  readonly father: string;
}

export function people(random: Random, count: number): Person[] {
  return Array.from({ length: count }, (_, index) => {
    const woman = random() < 0.45;
    const first = pickUneven(random, woman ? WOMEN : MEN);
    const given = random() < 0.35 ? `${first} ${pick(random, SECOND)}` : first;
    const family = pickUneven(random, FAMILIES);
    const father = pickUneven(random, MEN);
    const mother = `${pickUneven(random, WOMEN)} ${pickUneven(random, FAMILIES)}`;
    const document = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
    return { document, given, family, father, own: `${given} ${family}`, others: [father, mother] };
  });
}

type Slip = (name: string, random: Random) => string;

/** Replaces one of the places where the letters stand, in small letters; the name as it is when nowhere. */
function once(name: string, random: Random, from: string, to: string): string {
  const places = [...name.toLowerCase().matchAll(new RegExp(from, "g"))].map((found) => found.index);
  if (places.length === 0) return name;
  const at = pick(random, places);
  return name.slice(0, at) + to + name.slice(at + from.length);
}

/** Either of a pair for the other, whichever stands there. */
const swap = (...pairs: readonly (readonly [string, string])[]): Slip => (name, random) => {
  const both = pairs.flatMap(([a, b]): (readonly [string, string])[] => [[a, b], [b, a]]);
  const possible = both.filter(([from]) => name.toLowerCase().includes(from));
  if (possible.length === 0) return name;
  const [from, to] = pick(random, possible);
  return once(name, random, from, to);
};

const LETTERS = "abcdefghiklmnopqrstuwyz";
const at = (name: string, random: Random): number => 1 + Math.floor(random() * Math.max(name.length - 1, 1));

export const SLIPS: Readonly<Record<string, Slip>> = {
  "ou/u/w": swap(["ou", "u"], ["ou", "w"]),
  "dj/j/di": swap(["dj", "j"], ["dia", "ja"], ["dia", "dja"], ["djé", "dié"]),
  "k/c/q": swap(["k", "c"], ["co", "ko"], ["ka", "qa"]),
  "s/ss/c/z": swap(["ss", "s"], ["ss", "c"], ["s", "z"], ["ci", "si"]),
  "t/th": swap(["t", "th"]),
  "k/kh": swap(["k", "kh"]),
  "gn/ny": swap(["gn", "ny"], ["ni", "gn"]),
  "one letter of two": (name) => name.replace(/(.)\1/, "$1"),
  "two letters for one": (name, random) => {
    const index = at(name, random);
    return /[a-z]/.test(name[index] ?? "") ? name.slice(0, index) + (name[index] ?? "") + name.slice(index) : name;
  },
  accents: (name) => name.normalize("NFD").replace(/[\u0300-\u036f]/g, ""),
  "wrong accent": (name, random) => once(name, random, "e", pick(random, ["é", "è", "ê"])),
  "N'": (name) => (/^N['’]?[DGT]/.test(name) ? name.replace(/^N['’]?/, "") : name),
  "h at the end": (name) => (name.endsWith("h") ? name.slice(0, -1) : /[aeiou]$/.test(name) ? `${name}h` : name),
  "e at the end": (name) => (/[eé]$/.test(name) ? name.slice(0, -1) : /[a-z]$/.test(name) ? `${name}e` : name),
  "ay/ai/ei": swap(["ai", "ei"], ["ei", "ey"], ["ay", "ai"]),
  "y/i": swap(["y", "i"]),
  "o/ou": swap(["o", "ou"]),
  // Slips that no rule of language knows.
  "letter left out": (name, random) => {
    const index = at(name, random);
    return name.length > 3 ? name.slice(0, index) + name.slice(index + 1) : name;
  },
  "letters swapped": (name, random) => {
    const index = at(name, random);
    const next = name[index + 1];
    return next === undefined || name.length < 4 ? name : name.slice(0, index) + next + (name[index] ?? "") + name.slice(index + 2);
  },
  "wrong letter": (name, random) => {
    const index = at(name, random);
    return name.length > 3 ? name.slice(0, index) + pick(random, LETTERS.split("")) + name.slice(index + 1) : name;
  },
  "a letter too many": (name, random) => {
    const index = at(name, random);
    return name.slice(0, index) + pick(random, LETTERS.split("")) + name.slice(index);
  },
  "o/a": swap(["o", "a"]),
  "b/p, d/t, g/k": swap(["b", "p"], ["d", "t"], ["g", "k"]),
};

const TITLES = ["El Hadj", "Hadja", "Cheick", "Mme"];

/** Two words out of one, order swapped, a title put before, everything small: what happens to a whole name. */
function whole(words: readonly string[], random: Random): string {
  let all = [...words];
  const what = random();
  if (what < 0.3) all = [...all.slice(1), ...all.slice(0, 1)];
  else if (what < 0.42) all = [pick(random, TITLES), ...all];
  const text = all.join(" ");
  const how = random();
  return how < 0.4 ? text.toLowerCase() : how < 0.5 ? text.toUpperCase() : text;
}

/** The name as another clerk might type it, changed in one to three places. */
export function misspelt(words: readonly string[], random: Random): { text: string; slips: string[] } {
  const changed = [...words];
  const slips: string[] = [];
  const wanted = 1 + Math.floor(random() * 3);
  for (let tries = 0; tries < 40 && slips.length < wanted; tries += 1) {
    const index = Math.floor(random() * changed.length);
    const [label, slip] = pick(random, Object.entries(SLIPS));
    const before = changed[index] ?? "";
    const after = slip(before, random);
    if (after !== before) {
      changed[index] = after;
      slips.push(label);
    }
  }
  return { text: whole(changed, random), slips };
}
