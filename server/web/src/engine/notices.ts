/** Things to say once: kept in memory, newest last, at most a named number. */
import { NOTICES_MAX } from "../limits.js";
import type { Notice, Words } from "./contract.js";

/** The notices of this start. */
export class Notices {
  #next = 1;
  #all: readonly Notice[] = [];
  /** Those that concern the device, whoever works on it. */
  readonly #forAll = new Set<number>();

  /** As shown. */
  get all(): readonly Notice[] {
    return this.#all;
  }

  /** Says something; the same words are said once, of every document that they are about. */
  add(words: Words, tone: Notice["tone"], document: string | null = null): void {
    const said = this.#all.find((one) => one.words.fr === words.fr);
    const others = this.#all.filter((one) => one !== said);
    const before = (said?.documents ?? []).filter((one) => one !== document);
    const documents = (document === null ? before : [...before, document]).slice(-NOTICES_MAX);
    this.#all = [...others, { id: said?.id ?? this.#next, words, documents, tone }].slice(-NOTICES_MAX);
    if (said === undefined) this.#next += 1;
  }

  /** Says something about the device itself: it stays when somebody else works on it. */
  addForAll(words: Words, tone: Notice["tone"]): void {
    this.add(words, tone);
    const said = this.#all.at(-1);
    if (said !== undefined) this.#forAll.add(said.id);
  }

  /** Takes one away. */
  dismiss(id: number): void {
    this.#all = this.#all.filter((one) => one.id !== id);
  }

  /** Forgets what was said to a user: nobody reads a colleague's. */
  forgetUser(): void {
    this.#all = this.#all.filter((one) => this.#forAll.has(one.id));
  }
}
