/**
 * Finding in the list that the engine keeps: by name, by code, within a movement, on a day.
 *
 * Owns the joining of the parts beside it. Follows the engine's rows: only rows that changed are indexed anew. A screen
 * makes one for as long as somebody is working, so that nothing of a name outlives a locked app.
 */
import type { Row } from "../engine/contract.js";
import { HITS_MAX } from "../limits.js";
import { codeScore, looksLikeCode } from "./code.js";
import { dayOf } from "./day.js";
import { NameIndex } from "./names.js";

/** What is asked; what is left out does not matter. */
export interface Question {
  /** A name, or a code or a piece of one. */
  readonly text?: string;
  /** Document of a movement in which the person arrived. */
  readonly movement?: string;
  /** Recorded or worked on that day, `2024-04-30`. */
  readonly day?: string;
  readonly kind?: Row["kind"];
}

export class Finder {
  private readonly names = new NameIndex();
  private readonly rows = new Map<string, Row>();

  /** Takes the engine's rows as they are now. */
  update(rows: readonly Row[]): void {
    const present = new Set<string>();
    for (const row of rows) {
      present.add(row.document);
      if (this.rows.get(row.document) === row) continue;
      this.rows.set(row.document, row);
      this.names.put({ document: row.document, own: row.name, others: row.names });
    }
    if (present.size === this.rows.size) return;
    for (const document of this.rows.keys()) {
      if (present.has(document)) continue;
      this.rows.delete(document);
      this.names.remove(document);
    }
  }

  row(document: string): Row | undefined {
    return this.rows.get(document);
  }

  /** The row with exactly this code. */
  byCode(code: string): Row | undefined {
    for (const row of this.rows.values()) if (row.code === code) return row;
    return undefined;
  }

  /** Best first; without a text the one worked on last comes first. */
  find(question: Question, most = HITS_MAX): Row[] {
    const fits = (row: Row): boolean =>
      (question.kind === undefined || row.kind === question.kind) &&
      (question.movement === undefined || row.movements.includes(question.movement)) &&
      (question.day === undefined || dayOf(row.firstAt) === question.day || dayOf(row.lastAt) === question.day);
    const text = question.text?.trim() ?? "";
    if (text === "") {
      const all = [...this.rows.values()].filter(fits);
      return all.sort((a, b) => b.lastAt - a.lastAt || (a.document < b.document ? -1 : 1)).slice(0, most);
    }
    const scores = new Map<string, number>();
    if (looksLikeCode(text)) {
      for (const row of this.rows.values()) {
        const score = row.code === null ? 0 : codeScore(text, row.code);
        if (score > 0) scores.set(row.document, 1 + score);
      }
    }
    for (const hit of this.names.find(text, this.rows.size)) {
      if (!scores.has(hit.document)) scores.set(hit.document, hit.score);
    }
    const found = [...scores].sort((a, b) => b[1] - a[1] || this.newer(a[0], b[0]));
    return found.flatMap(([document]) => this.rows.get(document) ?? []).filter(fits).slice(0, most);
  }

  private newer(a: string, b: string): number {
    return (this.rows.get(b)?.lastAt ?? 0) - (this.rows.get(a)?.lastAt ?? 0) || (a < b ? -1 : 1);
  }
}
