/**
 * How a name is folded so that its spellings meet: by the habits of clerks in Mali, not by any one language.
 *
 * Owns the folding rules and the groups of names that stand for one another (to be reviewed in Mali). Refuses nothing:
 * every text has a fold, maybe empty. Who weighs the meetings: `names.ts`.
 */

/** Titles that say nothing about which person it is. */
const TITLES = new Set(["el", "hadj", "hadji", "elhadj", "elhadji", "hadja", "adja", "cheick", "cheikh", "cheik", "dr", "mme", "mr", "m"]);

/** Names that are used for one another, each in any spelling that folds to the same. */
const GROUPS: readonly (readonly string[])[] = [
  ["mohamed", "mamadou", "mahamadou", "mahamadu", "muhammad", "mouhamed", "mamoudou"],
  ["fatoumata", "fatou", "fatim", "fanta", "fatima"],
  ["aissata", "aicha", "aichatou", "assetou"],
  ["ibrahima", "brahima", "ibrahim", "ibrehima"],
  ["aminata", "ami", "aminatou"],
  ["ousmane", "usman", "othman"],
  ["diallo", "jallow"],
  ["traore", "tarawele", "trawally"],
  ["sissoko", "cissokho"],
  ["oumar", "omar", "umaru"],
  ["aboubacar", "boubacar", "abubakar", "bakary"],
  ["abdoulaye", "abdulaye", "abdallah"],
  ["seydou", "saidou", "seidu"],
  ["moussa", "musa"],
];

/** Words of a text, small, without accents and marks: `N'Golo Koné` is `ngolo`, `kone`. */
export function words(text: string): string[] {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/['’ʼ`´]/g, "")
    .split(/[^a-z0-9ɛɔɲŋ]+/)
    .filter((word) => word !== "");
}

/** Whether a word is a title. */
export function isTitle(word: string): boolean {
  return TITLES.has(word);
}

/** The words of a name without titles; all of them when there is nothing else. */
export function nameWords(text: string): string[] {
  const all = words(text);
  const named = all.filter((word) => !isTitle(word));
  return named.length > 0 ? named : all;
}

/** Folding steps in their order: what is written on the left is heard as what stands on the right. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  [/ɛ/g, "e"],
  [/ɔ/g, "o"],
  [/ɲ/g, "ny"],
  [/ŋ/g, "ng"],
  // N' and M' before another consonant: N'Diaye, Ndiaye, Diaye.
  [/^n(?=[^aeiouyh])/, ""],
  [/^m(?=[bp])/, ""],
  [/tch/g, "c"],
  [/sch|sh/g, "s"],
  [/ch/g, "s"],
  [/kh|gh|ck/g, "k"],
  [/qu(?=[eiy])/g, "k"],
  [/q/g, "k"],
  [/th/g, "t"],
  [/ph/g, "f"],
  [/c(?=[eiy])/g, "s"],
  [/c/g, "k"],
  [/z|ss/g, "s"],
  // The sound of `dj`: Diallo, Djallo, Jallow, Dyallo.
  [/dj|dy|di(?=[aeou])/g, "j"],
  [/g(?=[eiy])/g, "j"],
  // The sound of `ny`: Gnagna, Nyanya, Niagna.
  [/gn|ny|ni(?=[aou])/g, "ñ"],
  [/h/g, ""],
  [/ou|oo|w/g, "u"],
  [/ai|ay|ei|ey/g, "e"],
  [/y/g, "i"],
  [/(.)\1+/g, "$1"],
  [/o/g, "u"],
  [/uu+/g, "u"],
  [/(?<=..)[e]$/, ""],
  [/(?<=..)u$/, "u"],
];

/** The fold of one word. Equal folds are spellings of one name by the rules. */
export function fold(word: string): string {
  let folded = word;
  for (const [from, to] of STEPS) folded = folded.replace(from, to);
  return folded;
}

/** The consonants of a fold: what is left of a name over a bad line. */
export function skeleton(folded: string): string {
  return folded.slice(0, 1) + folded.slice(1).replace(/[aeiou]/g, "");
}

const GROUP_OF = new Map<string, number>(
  GROUPS.flatMap((names, index) => names.map((name): [string, number] => [fold(name), index])),
);

/** The group of names that stand for one another to which a fold belongs; undefined: none. */
export function groupOf(folded: string): number | undefined {
  return GROUP_OF.get(folded);
}
