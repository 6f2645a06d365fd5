/**
 * Finding a person by name, spelling forgiven, instantly at 5,000 rows.
 *
 * Owns the index: words of names with the rows that have them, kept as rows come and change. A query is compared with
 * the words, of which there are few, and only then with rows. Knows nothing of codes or days: `index.ts` joins them.
 */
import { distance } from "./distance.js";
import { fold, groupOf, isTitle, nameWords, skeleton, words } from "./fold.js";
import { NAME_LETTERS_MAX, NAME_WORDS_MAX, QUERY_LETTERS_MAX } from "../limits.js";

/** What can be found: a document, its own names, and names of others that tell it apart (parents, paper). */
export interface Named {
  readonly document: string;
  readonly own: string;
  readonly others: readonly string[];
}

export interface NameHit {
  readonly document: string;
  /** 0 to 1: how much of what was asked was found. */
  readonly score: number;
}

interface Word {
  readonly text: string;
  readonly fold: string;
  readonly bones: string;
  readonly group: number | undefined;
  readonly letters: number;
  readonly foldLetters: number;
  /** Rows with this word: 1 as an own name, `OTHER` as a parent's or on paper. */
  readonly rows: Map<string, number>;
}

/** What a word of a query meets. */
interface Met {
  readonly best: ReadonlyMap<string, number>;
  readonly rows: number;
}

/** What another's name (father, mother, on paper) weighs beside an own one. */
const OTHER = 0.75;
/** Below this, two words have nothing to do with each other. */
const LIKE_MIN = 0.5;
/** Names that clerks write in one word or in two are short: Fatou Mata, Abdou Laye. */
const JOINED_LETTERS_MAX = 9;
/** What a title in the query adds for a row that has it. */
const BEARS_TITLE = 0.05;
/** A row must answer at least this part of the query. */
const SCORE_MIN = 0.42;

/** How alike a word of the query and one of the index are, 0 to 1. `typing`: the word may not be finished. */
function likeness(query: Word, word: Word, typing: boolean): number {
  if (query.text === word.text) return 1;
  if (query.fold === word.fold) return 0.96;
  let best = 0;
  if (query.group !== undefined && query.group === word.group) best = 0.86;
  if (typing && query.text.length >= 2) {
    if (word.text.startsWith(query.text)) best = Math.max(best, 0.85 + 0.1 * (query.text.length / word.text.length));
    else if (query.fold.length >= 2 && word.fold.startsWith(query.fold)) best = Math.max(best, 0.8);
  }
  const longest = Math.max(query.fold.length, word.fold.length);
  const allowed = longest >= 8 ? 3 : longest >= 5 ? 2 : longest >= 3 ? 1 : 0;
  if (allowed > 0 && Math.abs(query.fold.length - word.fold.length) <= allowed) {
    if (unlike(query.foldLetters, word.foldLetters) <= 2 * allowed) {
      const folds = distance(query.fold, word.fold, allowed);
      if (folds <= allowed) best = Math.max(best, 0.94 - (0.9 * folds) / Math.max(longest, 4));
    }
    if (unlike(query.letters, word.letters) <= 2 * allowed) {
      const texts = distance(query.text, word.text, allowed);
      const length = Math.max(query.text.length, word.text.length);
      if (texts <= allowed) best = Math.max(best, 0.94 - (0.9 * texts) / Math.max(length, 4));
    }
  }
  if (query.bones.length >= 3 && query.bones === word.bones) best = Math.max(best, 0.78);
  return best;
}

/** Which letters a word has, one bit each: a slip changes at most two of them, which rules most words out at once. */
function lettersOf(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at += 1) bits |= 1 << (text.charCodeAt(at) & 31);
  return bits;
}

/** How many letters one has and the other has not. */
function unlike(a: number, b: number): number {
  let bits = a ^ b;
  let count = 0;
  for (; bits !== 0; bits &= bits - 1) count += 1;
  return count;
}

function word(whole: string): Word {
  const text = whole.slice(0, NAME_LETTERS_MAX);
  const folded = fold(text);
  return {
    text, fold: folded, bones: skeleton(folded), group: groupOf(folded), letters: lettersOf(text), foldLetters: lettersOf(folded), rows: new Map(),
  };
}

/** The titles in a name that has other words too. */
function titles(name: string): string[] {
  const all = words(name);
  const found = all.filter(isTitle);
  return found.length < all.length ? found : [];
}

/** Words of a name and its neighbours joined: `Fatou Mata` is found as `Fatoumata`. */
function withJoined(all: readonly string[]): string[] {
  const joined = all.slice(1).map((text, index) => `${all[index] ?? ""}${text}`);
  return joined.filter((text) => text.length <= JOINED_LETTERS_MAX);
}

/** The index. One for the life of an unlocked app; forgets everything with it. */
export class NameIndex {
  private readonly words = new Map<string, Word>();
  private readonly known = new Map<string, Named>();
  /** How many own words a row has. */
  private readonly sizes = new Map<string, number>();

  /** Rows in the index. */
  get size(): number {
    return this.known.size;
  }

  /** Takes the row in place of what it was. */
  put(row: Named): void {
    const before = this.known.get(row.document);
    if (before && before.own === row.own && before.others.join("\n") === row.others.join("\n")) return;
    if (before) this.remove(row.document);
    this.known.set(row.document, row);
    const own = nameWords(row.own).slice(0, NAME_WORDS_MAX);
    this.sizes.set(row.document, Math.max(own.length, 1));
    for (const text of [...own, ...withJoined(own), ...titles(row.own)]) this.note(text, row.document, 1);
    for (const name of row.others) {
      for (const text of nameWords(name).slice(0, NAME_WORDS_MAX)) this.note(text, row.document, OTHER);
    }
  }

  remove(document: string): void {
    const row = this.known.get(document);
    if (!row) return;
    this.known.delete(document);
    this.sizes.delete(document);
    const own = nameWords(row.own).slice(0, NAME_WORDS_MAX);
    const others = row.others.flatMap((name) => nameWords(name).slice(0, NAME_WORDS_MAX));
    for (const text of [...own, ...withJoined(own), ...titles(row.own), ...others]) {
      const found = this.words.get(text);
      if (!found) continue;
      found.rows.delete(document);
      if (found.rows.size === 0) this.words.delete(text);
    }
  }

  /** The best rows first, at most `most`. Order of the words does not matter. */
  find(query: string, most: number): NameHit[] {
    const asked = nameWords(query.slice(0, QUERY_LETTERS_MAX)).slice(0, NAME_WORDS_MAX);
    if (asked.length === 0 || this.known.size === 0) return [];
    const met = new Map<string, Met>();
    const whole = this.scores(asked, met);
    // A title may be a name: Cheick Traoré. It counts for those who bear it, never against the others.
    for (const text of titles(query)) {
      for (const document of this.words.get(text)?.rows.keys() ?? []) {
        const score = whole.get(document);
        if (score !== undefined) whole.set(document, score + BEARS_TITLE);
      }
    }
    // Words that the clerk parted, `Fatou Mata`, are asked joined as well.
    for (let at = 0; at + 1 < asked.length; at += 1) {
      const joined = [...asked.slice(0, at), `${asked[at] ?? ""}${asked[at + 1] ?? ""}`, ...asked.slice(at + 2)];
      for (const [document, score] of this.scores(joined, met)) {
        if (score * 0.97 > (whole.get(document) ?? 0)) whole.set(document, score * 0.97);
      }
    }
    const hits = [...whole].filter(([, score]) => score >= SCORE_MIN).map(([document, score]) => ({ document, score }));
    hits.sort((a, b) => b.score - a.score || (a.document < b.document ? -1 : 1));
    return hits.slice(0, most);
  }

  private note(text: string, document: string, weight: number): void {
    let found = this.words.get(text);
    if (!found) {
      found = word(text);
      this.words.set(text, found);
    }
    if ((found.rows.get(document) ?? 0) < weight) found.rows.set(document, weight);
  }

  /** What one word of a query meets: rows, each with the best likeness, and how many rows have the word itself. */
  private meet(text: string, typing: boolean): Met {
    const query = word(text);
    const best = new Map<string, number>();
    let rows = 0;
    for (const candidate of this.words.values()) {
      const like = likeness(query, candidate, typing);
      if (like < LIKE_MIN) continue;
      if (like > 0.9) rows += candidate.rows.size;
      for (const [document, weight] of candidate.rows) {
        const score = like * weight;
        if (score > (best.get(document) ?? 0)) best.set(document, score);
      }
    }
    return { best, rows };
  }

  /** For each row that has anything of it: how much of the query it answers, rare words weighing more. */
  private scores(asked: readonly string[], known: Map<string, Met>): Map<string, number> {
    const total = this.known.size;
    const sums = new Map<string, number>();
    const met = new Map<string, number>();
    let all = 0;
    asked.forEach((text, index) => {
      const typing = index === asked.length - 1;
      const key = `${text} ${typing}`;
      const found = known.get(key) ?? this.meet(text, typing);
      known.set(key, found);
      const { best, rows } = found;
      // A clan name weighs little and a rare name much; a word that nobody has, as much as a rare one.
      const rarity = 1 + Math.log((total + 1) / (Math.min(rows, total) + 1)) / Math.log(total + 2);
      all += rarity;
      for (const [document, score] of best) {
        sums.set(document, (sums.get(document) ?? 0) + score * rarity);
        if (score > 0.5) met.set(document, (met.get(document) ?? 0) + 1);
      }
    });
    for (const [document, sum] of sums) {
      // Of two that answer alike, the one with fewer words that were not asked for.
      const unasked = Math.max(0, (this.sizes.get(document) ?? 1) - (met.get(document) ?? 0));
      sums.set(document, sum / all - Math.min(unasked, 3) * 0.02);
    }
    return sums;
  }
}
