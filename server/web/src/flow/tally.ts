/**
 * The headcount at the gate: one clerk's tally by sex and age group, with large buttons, corrected downwards.
 *
 * Owns which edits a tap makes: the clerk's entry is added with the first tap and amended by each further one, so that
 * two clerks' tallies are summed and never overwrite each other. What was announced is another thing: `movement.ts`.
 */
import type { Edit } from "@segin/sync-protocol";
import type { Editing } from "../engine/contract.js";
import { numberOf } from "./answers.js";
import { add, amend } from "./edits.js";
import { entriesOf } from "./pending.js";

export const COUNT_GROUPS = ["men", "women", "boys", "girls", "others"] as const;
export type CountGroup = (typeof COUNT_GROUPS)[number];
export type Counts = Readonly<Record<CountGroup, number>>;

/** What the buttons of a group add; the last one corrects. 100 people in four groups: at most 25 taps. */
export const COUNT_STEPS = [10, 5, 1, -1] as const;

/** Most of one group that one clerk counts; the schema's rule. */
const COUNT_MAX = 999_999;

export const NOBODY: Counts = { men: 0, women: 0, boys: 0, girls: 0, others: 0 };

export function total(counts: Counts): number {
  return COUNT_GROUPS.reduce((sum, group) => sum + counts[group], 0);
}

/** Sums several tallies. */
export function sum(all: readonly Counts[]): Counts {
  const of = (group: CountGroup) => all.reduce((whole, counts) => whole + counts[group], 0);
  return { men: of("men"), women: of("women"), boys: of("boys"), girls: of("girls"), others: of("others") };
}

function countsOf(values: Readonly<Record<string, unknown>>): Counts {
  const of = (group: CountGroup) => {
    const value = values[group];
    return typeof value === "number" ? value : 0;
  };
  return { men: of("men"), women: of("women"), boys: of("boys"), girls: of("girls"), others: of("others") };
}

/** A clerk's tally while a movement is being recorded. */
export class Tally {
  private entry: string | null = null;
  /** Fingers are faster than the store: each tap begins where the one before it ended. */
  private before: Promise<void> = Promise.resolve();
  private readonly undone: { group: CountGroup; before: number }[] = [];

  constructor(
    private readonly editing: Editing,
    /** The first half of this user's actors: whose entries are theirs. */
    prefix: string,
  ) {
    const mine = this.entries().find((shown) => shown.by === null || shown.by.startsWith(prefix));
    this.entry = mine?.entry ?? null;
  }

  /** This clerk's own. */
  get mine(): Counts {
    const own = this.entries().find((shown) => shown.entry === this.entry);
    return own ? countsOf(own.values) : NOBODY;
  }

  /** All clerks'. */
  get all(): Counts {
    return sum(this.entries().map((shown) => countsOf(shown.values)));
  }

  /** One tap. Below nobody is nobody. */
  tap(group: CountGroup, step: (typeof COUNT_STEPS)[number]): Promise<void> {
    return this.next(() => this.count(group, step));
  }

  private async count(group: CountGroup, step: (typeof COUNT_STEPS)[number]): Promise<void> {
    const before = this.mine[group];
    const after = Math.min(COUNT_MAX, Math.max(0, before + step));
    if (after === before) return;
    this.undone.push({ group, before });
    await this.put(group, after);
  }

  /** One tap: takes the last one back. */
  undo(): Promise<void> {
    return this.next(async () => {
      const last = this.undone.pop();
      if (last) await this.put(last.group, last.before);
    });
  }

  private next(step: () => Promise<void>): Promise<void> {
    const done = this.before.then(step);
    this.before = done.catch(() => undefined);
    return done;
  }

  private async put(group: CountGroup, value: number): Promise<void> {
    let edit: Edit;
    if (this.entry === null) {
      this.entry = this.editing.entry();
      edit = add("counted", this.entry, { ...NOBODY, [group]: value });
    } else {
      edit = amend("counted", this.entry, group, value);
    }
    await this.editing.edit(edit);
  }

  private entries() {
    const shown = entriesOf(this.editing.pending, this.editing.opened?.projection, "counted");
    return shown.filter((one) => one.standing !== "voided");
  }
}

/** What was announced, as far as it was said. */
export function announcedOf(editing: Pick<Editing, "answer">): Partial<Counts> & { total: number | null } {
  const said = (key: string) => numberOf(editing.answer(`announced.${key}`));
  const parts = { men: said("men"), women: said("women"), boys: said("boys"), girls: said("girls") };
  const known = Object.values(parts).filter((part): part is number => part !== undefined);
  const whole = said("total") ?? (known.length > 0 ? known.reduce((a, b) => a + b, 0) : null);
  const given = Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
  return { ...given, total: whole };
}
