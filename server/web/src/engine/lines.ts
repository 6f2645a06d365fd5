/**
 * The lines of lists in memory, and where each document is. Owns the honest reading of the ladder: what the state
 * machine proves (works, kept parcels, positions, the second copy) against each line; what is not proved stands on the
 * lower step. Refuses to open documents.
 */
import type { Ladder, Row, Step } from "./contract.js";
import { ageAt } from "./summary.js";
import type { Summary } from "./summary.js";

/** What the state machine and the drafts say now. */
export interface Proofs {
  readonly drafts: ReadonlySet<string>;
  /** Of each document with work: the states of its works. */
  readonly works: ReadonlyMap<string, readonly ("open" | "held" | "refused")[]>;
  /** Documents with a change that was set aside and waits for a person. */
  readonly aside: ReadonlySet<string>;
  /** Documents in a kept parcel: the highest position; null: one of them has none, so the hub is not known to have it. */
  readonly parcels: ReadonlyMap<string, number | null>;
  /** Whether a document has changes that the hub is not known to have applied: also a colleague's of this device. */
  readonly isUncounted: (document: string) => boolean;
  /** Whether a document is readable here: neither closed nor erased, and known to the state machine. */
  readonly isReadable: (document: string) => boolean;
  readonly sending: boolean;
  /** The highest position that a receipt named, and up to where a second copy exists. */
  readonly head: number;
  readonly copiedTo: number;
  /** Only documents with own unsent work may be read. */
  readonly readingLocked: boolean;
  readonly now: number;
}

/** Where a document is. */
export function stepOf(document: string, position: number | null, proofs: Proofs): Step {
  if (proofs.drafts.has(document)) return "draft";
  const works = proofs.works.get(document) ?? [];
  if (works.includes("open")) return proofs.sending ? "sending" : "phone";
  if (works.includes("refused") || proofs.aside.has(document)) return "refused";
  if (works.includes("held")) return "held";
  if (proofs.isUncounted(document) || proofs.parcels.get(document) === null) return "phone";
  const highest = Math.max(position ?? 0, proofs.parcels.get(document) ?? 0);
  // Of what others wrote, only the head of the log is known.
  const needed = highest > 0 ? highest : proofs.head;
  return proofs.copiedTo > 0 && proofs.copiedTo >= needed ? "two" : "hub";
}

function isOwn(document: string, position: number | null, proofs: Proofs): boolean {
  return (
    position !== null ||
    proofs.drafts.has(document) ||
    proofs.works.has(document) ||
    proofs.aside.has(document) ||
    proofs.parcels.has(document)
  );
}

const RUNG: Readonly<Record<Step, keyof Ladder>> = {
  draft: "onPhone",
  phone: "onPhone",
  sending: "onPhone",
  held: "held",
  refused: "refused",
  hub: "atHub",
  two: "inTwo",
};

/** Nothing on any rung. */
export const EMPTY_LADDER: Ladder = { onPhone: 0, atHub: 0, inTwo: 0, held: 0, refused: 0 };

/** All lines of a user. */
export class Lines {
  readonly #summaries = new Map<string, Summary>();
  /** As they were shown last: a row that is the same stays the same object. */
  #rows = new Map<string, Row>();

  /** Keeps or replaces a line; null: removes it. */
  set(document: string, summary: Summary | null): void {
    if (summary === null) this.#summaries.delete(document);
    else this.#summaries.set(document, summary);
    this.#rows.delete(document);
  }

  /** The line of a document. */
  get(document: string): Summary | undefined {
    return this.#summaries.get(document);
  }

  /** All lines. */
  all(): Iterable<Summary> {
    return this.#summaries.values();
  }

  /** The rows, last entered first. */
  rows(proofs: Proofs): readonly Row[] {
    const next = new Map<string, Row>();
    for (const summary of this.#summaries.values()) {
      const { document } = summary;
      if (summary.closed || !proofs.isReadable(document)) continue;
      const step = stepOf(document, summary.position, proofs);
      if (proofs.readingLocked && (step === "hub" || step === "two")) continue;
      const shown = this.#rows.get(document);
      next.set(document, shown?.step === step ? shown : rowOf(summary, step, proofs.now));
    }
    this.#rows = next;
    return [...next.values()].sort((a, b) => b.lastAt - a.lastAt || (a.document < b.document ? -1 : 1));
  }

  /** How many of this user's documents stand on each rung. */
  ladder(proofs: Proofs): Ladder {
    const counts: Record<keyof Ladder, number> = { ...EMPTY_LADDER };
    const seen = new Set<string>();
    const count = (document: string, position: number | null): void => {
      if (seen.has(document) || !isOwn(document, position, proofs)) return;
      seen.add(document);
      counts[RUNG[stepOf(document, position, proofs)]] += 1;
    };
    for (const summary of this.#summaries.values()) count(summary.document, summary.position);
    for (const document of [...proofs.drafts, ...proofs.works.keys(), ...proofs.aside, ...proofs.parcels.keys()]) {
      count(document, null);
    }
    return counts;
  }
}

function rowOf(summary: Summary, step: Step, now: number): Row {
  const { birth, position, closed, ...rest } = summary;
  void position;
  void closed;
  return { ...rest, age: ageAt(birth, now), step };
}
