/**
 * The merge rules that need more than a value a field: what stands among entries that were made side by side.
 *
 * Order is causality, never a clock: an entry comes after another when its change had seen the other's.
 */
import { OUTCOME_STEPS_MAX } from "../limits.js";
import { compareDates, lastDay, parseDate } from "./date.js";
import type { History } from "./history.js";
import { CONSENT_DECISIONS } from "./schema.js";
import type { Steps } from "./schema.js";
import { compareText } from "./shape.js";
import type { EntryNode, GroupNode } from "./tree.js";
import type { EntryView } from "./types.js";
import { isList } from "./value.js";

/** Whether an entry counts; `disputed`: voided while somebody else worked on it, it counts until decided. */
export type Standing = EntryView["standing"];

/** What holds for one purpose of consent. */
export type ConsentStanding = {
  readonly purpose: string;
  /** Towards whom, for a referral. */
  readonly to?: string;
  /** `granted`, `refused` or `withdrawn`. */
  readonly decision: string;
  /** The entries that nobody has superseded: a new decision names them. */
  readonly entries: readonly string[];
  /** Until when, the earliest of what stands. */
  readonly expiry?: string;
  /** Whether decisions that stand side by side differ. */
  readonly conflict: boolean;
};

/** What dated steps come to: of a case's outcome, of a referral. */
export type OutcomeStanding = {
  /** The step that holds now. */
  readonly step?: string;
  /** Whether follow-ups and calls stop. */
  readonly stopped: boolean;
  /** Entries made side by side with a step that stops: a person must look. */
  readonly side_by_side: readonly string[];
};

export const NO_OUTCOME: OutcomeStanding = { stopped: false, side_by_side: [] };

/** Whether an entry counts. With a decision that had seen void and work, as decided. */
export function standing(history: History, entry: EntryNode): Standing {
  const voids = entry.slot("void")?.found.map((found) => found.change) ?? [];
  if (voids.length === 0) return "stands";
  const work = entry.writtenBy();
  const decided = decision(history, entry, [...voids, ...work]);
  if (decided !== undefined) return decided;
  const seen = voids.map((change) => history.seenBy(change));
  return [...work].some((change) => !seen.some((seen) => seen.has(change))) ? "disputed" : "voided";
}

function decision(history: History, entry: EntryNode, about: readonly number[]): Standing | undefined {
  const chosen = entry.slot("decided")?.chosen();
  if (chosen === undefined || chosen.conflict) return undefined;
  const seen = history.seenBy(chosen.change);
  if (!about.every((change) => seen.has(change))) return undefined;
  return chosen.answer === "stands" ? "stands" : "voided";
}

function counted(node: GroupNode, history: History): EntryNode[] {
  return node.entries.filter((entry) => standing(history, entry) !== "voided");
}

/** Consent by purpose. An entry stands until another names it; among those that stand the most restrictive wins. */
export function consents(node: GroupNode, history: History): ConsentStanding[] {
  const entries = counted(node, history);
  const key = (purpose: string, entry: string): string => JSON.stringify([purpose, entry]);
  const superseded = new Set<string>();
  for (const entry of entries) {
    const over = entry.slot("over")?.chosen()?.answer;
    const purpose = entry.text("purpose") ?? "";
    if (isList(over)) for (const id of over) superseded.add(key(purpose, id));
  }
  const purposes = new Map<string, { purpose: string; to: string | undefined; entries: EntryNode[] }>();
  for (const entry of entries) {
    const [purpose, to] = [entry.text("purpose") ?? "", entry.text("to")];
    if (superseded.has(key(purpose, entry.key))) continue;
    const place = JSON.stringify([purpose, to ?? null]);
    const known = purposes.get(place);
    if (known === undefined) purposes.set(place, { purpose, to, entries: [entry] });
    else known.entries.push(entry);
  }
  const nobodyFirst = (a: string | undefined, b: string | undefined): number => {
    if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
    return compareText(a, b);
  };
  const all = [...purposes.values()];
  all.sort((a, b) => compareText(a.purpose, b.purpose) || nobodyFirst(a.to, b.to));
  return all.map(({ purpose, to, entries }) => consent(purpose, to, entries));
}

function consent(purpose: string, to: string | undefined, entries: readonly EntryNode[]): ConsentStanding {
  // A field given twice over, or one that cannot be read, is taken at its most restrictive.
  const strictest = CONSENT_DECISIONS.length - 1;
  const rank = (entry: EntryNode): number => {
    const ranks = (entry.slot("decision")?.answers() ?? []).map(({ answer }) => {
      const known = typeof answer === "string" ? CONSENT_DECISIONS.indexOf(answer) : -1;
      return known < 0 ? strictest : known;
    });
    return ranks.length === 0 ? strictest : Math.max(...ranks);
  };
  const ranks = new Set(entries.map(rank));
  const expiries = entries.flatMap((entry) => {
    const text = entry.text("expiry");
    const date = text === undefined ? undefined : parseDate(text);
    return text === undefined || date === undefined ? [] : [{ text, day: lastDay(date) }];
  });
  const [expiry] = expiries.sort((a, b) => compareDates(a.day, b.day));
  return {
    purpose,
    ...(to === undefined ? {} : { to }),
    decision: CONSENT_DECISIONS[Math.max(...ranks)] ?? "",
    entries: entries.map((entry) => entry.key).sort(compareText),
    ...(expiry === undefined ? {} : { expiry: expiry.text }),
    conflict: ranks.size > 1,
  };
}

/** The steps that no later one has seen, and among them the one that stops most. */
export function outcome(node: GroupNode, history: History, known: Steps): OutcomeStanding {
  const steps = counted(node, history)
    .flatMap((entry) => {
      const step = entry.text("step");
      const rank = step === undefined ? -1 : known.steps.indexOf(step);
      return rank < 0 ? [] : [{ key: entry.key, made: entry.made, rank, stops: rank < known.stops }];
    })
    .slice(0, OUTCOME_STEPS_MAX)
    .map((step) => ({ ...step, seen: history.seenBy(step.made) }));
  type Step = (typeof steps)[number];
  // Of two steps in one change neither comes first: then the one that stops more counts.
  const after = (later: Step, earlier: Step): boolean => later.made !== earlier.made && later.seen.has(earlier.made);
  const latest = steps.filter((step) => !steps.some((other) => after(other, step)));
  if (latest.length === 0) return NO_OUTCOME;
  const rank = Math.min(...latest.map((step) => step.rank));
  const beside = (step: Step): boolean =>
    !step.stops &&
    steps.some((other) => other.stops && other.made !== step.made && !after(other, step) && !after(step, other));
  const side_by_side = steps.filter(beside).map((step) => step.key).sort(compareText);
  return { step: known.steps[rank] ?? "", stopped: rank < known.stops, side_by_side };
}
