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

  /** Says something; the same words about the same document are said once. */
  add(words: Words, tone: Notice["tone"], document: string | null = null): void {
    const others = this.#all.filter((one) => one.words.fr !== words.fr || one.document !== document);
    this.#all = [...others, { id: this.#next, words, document, tone }].slice(-NOTICES_MAX);
    this.#next += 1;
  }

  /** Says something about the device itself: it stays when somebody else works on it. */
  addForAll(words: Words, tone: Notice["tone"]): void {
    this.#forAll.add(this.#next);
    this.add(words, tone);
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
