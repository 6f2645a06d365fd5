/**
 * What the merge rules make of a document's groups, and what others ask of that.
 *
 * A part of the projection (`project.ts`); the rules themselves stand in `rules.ts`.
 */
import { NO_OUTCOME, consents, outcome } from "./rules.js";
import type { ConsentStanding, OutcomeStanding } from "./rules.js";
import { OUTCOME, REFERRAL, VERDICTS } from "./schema.js";
import type { Steps } from "./schema.js";
import { compareText } from "./shape.js";
import type { Slot, Tree } from "./tree.js";
import type { EntryView, GroupView, Kind, Projection } from "./types.js";
import { informs } from "./value.js";

/** What the merge rules make of the groups of a case. */
export type CaseDerived = {
  /** What holds for each purpose. */
  readonly consent: readonly ConsentStanding[];
  /** Where the person stands. */
  readonly outcome: OutcomeStanding;
};

/** Of a movement. */
export type MovementDerived = {
  /** The clerks' tallies, summed. */
  readonly counted: Readonly<Record<string, number>>;
  /** Expected and not arrived. */
  readonly absent: readonly string[];
  /** Arrived and not expected. */
  readonly unlisted: readonly string[];
  /** Boarded and not arrived. */
  readonly not_arrived: readonly string[];
};

/** Of a link: `same`, `different` or `unsure`, the most careful of those that stand side by side. */
export type LinkDerived = { readonly verdict: string };

/** Of a referral. */
export type ReferralDerived = {
  readonly status: OutcomeStanding;
  /** Whether the person has withdrawn the consent: of values that stand side by side the most restrictive. */
  readonly consent_withdrawn: boolean;
};

/** Of any kind; households and annexes have none of it. */
export type Derived = Partial<CaseDerived & MovementDerived & LinkDerived & ReferralDerived>;

export function derivedOf(kind: Kind, tree: Tree, groups: Readonly<Record<string, GroupView>>): Derived {
  switch (kind) {
    case "case": {
      const node = tree.group("consent");
      const consent = node === undefined ? [] : consents(node, tree.history);
      return { consent, outcome: steps(tree, "outcome", OUTCOME) };
    }
    case "movement": {
      const members = (key: string): string[] => Object.keys(groups[key] ?? {}).sort(compareText);
      const [expected, boarded, arrived] = [members("expected"), members("boarded"), members("arrived")];
      const without = (these: readonly string[], those: readonly string[]): string[] => {
        const left = new Set(those);
        return these.filter((member) => !left.has(member));
      };
      return {
        counted: tally(tree, groups),
        absent: without(expected, arrived),
        unlisted: without(arrived, expected),
        not_arrived: without(boarded, arrived),
      };
    }
    case "link": {
      const answers = slotOf(tree, "link", "verdict")?.answers() ?? [];
      const ranks = answers.map(({ answer }) => (typeof answer === "string" ? Math.max(VERDICTS.indexOf(answer), 0) : 0));
      return { verdict: VERDICTS[ranks.length === 0 ? 0 : Math.min(...ranks)] ?? "" };
    }
    case "referral":
      return { status: steps(tree, "status", REFERRAL), consent_withdrawn: isGiven(tree, "consent", "withdrawn") };
    case "household":
    case "annex":
      return {};
  }
}

/** The group of dated steps and what they come to, for the kinds that have one. */
export function stepsOf(derived: Derived): readonly [string, OutcomeStanding] | undefined {
  if (derived.outcome !== undefined) return ["outcome", derived.outcome];
  return derived.status && ["status", derived.status];
}

function steps(tree: Tree, group: string, known: Steps): OutcomeStanding {
  const node = tree.group(group);
  return node === undefined ? NO_OUTCOME : outcome(node, tree.history, known);
}

function slotOf(tree: Tree, group: string, key: string): Slot | undefined {
  return tree.group(group)?.slots.find((slot) => slot.key === key);
}

/** Whether any of the values of a field that stand side by side says something; one that cannot be read does. */
function isGiven(tree: Tree, group: string, key: string): boolean {
  const slot = slotOf(tree, group, key);
  if (slot === undefined) return false;
  return slot.found.length > slot.answers().filter(({ answer }) => !informs(answer)).length;
}

function tally(tree: Tree, groups: Readonly<Record<string, GroupView>>): Record<string, number> {
  const node = tree.groups.find((node) => node.group.rule.is === "tally");
  const view = node && groups[node.group.key];
  if (node === undefined || !isEntries(view)) return {};
  const counted = view.filter((entry) => entry.standing !== "voided");
  const number = (entry: EntryView, key: string): number => {
    const value = entry.fields[key]?.value;
    return typeof value === "number" ? value : 0;
  };
  const sum = (key: string): number => counted.reduce((sum, entry) => sum + number(entry, key), 0);
  return Object.fromEntries(node.group.fields.map(({ key }) => [key, sum(key)]));
}

/** Where the person stands, for a case. */
export function outcomeOf(projection: Projection): OutcomeStanding | undefined {
  return standingOf(projection.derived["outcome"]);
}

/** Where a referral stands. */
export function referralStatus(projection: Projection): OutcomeStanding | undefined {
  return standingOf(projection.derived["status"]);
}

/** What holds for each purpose, for a case. */
export function consentsOf(projection: Projection): readonly ConsentStanding[] {
  const { consent } = projection.derived;
  return Array.isArray(consent) ? consent.filter(isConsent) : [];
}

/** The purpose of a case's consent that is about telling a partner. */
const REFERRAL_PURPOSE = "referral";

/** Whether a case's consent forbids telling this partner: refused or withdrawn, towards it or towards everybody. */
export function barsReferralTo(projection: Projection, partner: string): boolean {
  const towards = (to: string): boolean => to.trim().toUpperCase() === partner.toUpperCase();
  return consentsOf(projection)
    .filter(({ purpose, decision }) => purpose === REFERRAL_PURPOSE && decision !== "granted")
    .some(({ to }) => to === undefined || towards(to));
}

/** Whether a referral ended by a withdrawal: the consent was withdrawn, or who referred took it back. */
export function isWithdrawn(projection: Projection): boolean {
  return projection.derived["consent_withdrawn"] === true || referralStatus(projection)?.step === "withdrawn";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function standingOf(value: unknown): OutcomeStanding | undefined {
  const fits = (value: unknown): value is OutcomeStanding =>
    isObject(value) && "stopped" in value && "side_by_side" in value && Array.isArray(value.side_by_side);
  return fits(value) ? value : undefined;
}

function isConsent(value: unknown): value is ConsentStanding {
  return isObject(value) && "purpose" in value && "decision" in value && "entries" in value;
}

/** Whether a group is one of entries. */
export function isEntries(view: GroupView | undefined): view is readonly EntryView[] {
  return Array.isArray(view);
}
