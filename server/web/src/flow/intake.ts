/**
 * The intake at the gate: four screens, each answer an edit at once, one call here for one tap on the screen.
 *
 * Owns what is asked on which screen, what is filled in by itself (site, movement, day) and what a family shares. Knows
 * no browser: the screens call it and tests count the calls. What else can be recorded stands in the files beside it.
 */
import type { Answer, Edit, State } from "@segin/sync-protocol";
import type { Editing } from "../engine/contract.js";
import { birthFromAge, mayBeChild } from "./age.js";
import { birthOf, stateOf, textOf } from "./answers.js";
import { CHILD_ALONE, waitsForTelling } from "./child.js";
import { CONSENT_BY, CONSENT_METHODS, decide, decided, DECISIONS, GATE_PURPOSES, type ConsentBy, type ConsentWay, type Decision } from "./consent.js";
import { add, exclude, include, set } from "./edits.js";
import { draftOf, give, giftsOf, stay, takeBack, type Gift } from "./given.js";
import { entriesOf, membersOf } from "./pending.js";
import { copyShared, sharedOf, type Shared } from "./shared.js";

/** The screens of the gate, in order: who, from where to where, needs and consent, what was given. */
export const GATE_STEPS = ["who", "way", "care", "given"] as const;
export type GateStep = (typeof GATE_STEPS)[number];

/** What an intake begins with. */
export interface IntakeContext {
  readonly site: string;
  /** The entry point of the site, a code of `entry_points`. */
  readonly point?: string;
  readonly now: () => number;
  /** The movement in which the person came. */
  readonly arrival?: { readonly movement?: string; readonly category?: string; readonly country?: string };
  /** Answers of the member of the family before. */
  readonly shared?: Shared;
  /** What the person before was given. */
  readonly before?: readonly Gift[];
  /** Who hears a spoken consent, e.g. the clerk beside. */
  readonly witness?: string;
  /** The case is another post's and not here: where it began, and that it is present, is not for this device to say. */
  readonly elsewhere?: boolean;
  /** A typed code of another post that this device does not know. */
  readonly named?: string;
}

/** One intake while it is on the screen. */
export class Intake {
  private at = 0;

  constructor(
    readonly editing: Editing,
    readonly context: IntakeContext,
  ) {}

  get step(): GateStep {
    return GATE_STEPS[this.at] ?? "given";
  }

  /** Today, UTC. */
  get today(): string {
    return new Date(this.context.now()).toISOString().slice(0, 10);
  }

  /** Fills in what nobody needs to ask. Of a case that goes on, only what is missing. */
  async begin(): Promise<void> {
    const { site, point, arrival, shared, named, elsewhere = false } = this.context;
    const edits: Edit[] = [];
    if (!elsewhere && this.editing.answer("card.site") === undefined) edits.push(set("card.site", site));
    if (named !== undefined && this.editing.answer("card.named") === undefined) edits.push(set("card.named", named));
    if (shared) edits.push(...copyShared(shared, this.editing));
    const arrived = entriesOf(this.editing.pending, this.editing.opened?.projection, "arrivals");
    const here = arrived.some((one) => one.standing !== "voided" && (arrival?.movement === undefined || textOf(one.values.movement) === arrival.movement));
    const copied = edits.some((edit) => edit.edit === "add" && edit.group === "arrivals");
    if (!copied && !here && (this.editing.isNew || arrival)) edits.push(add("arrivals", this.editing.entry(), { ...arrival, point, on: this.today }));
    if (arrival?.country !== undefined && shared?.fields["journey.last_country"] === undefined && this.editing.answer("journey.last_country") === undefined) {
      edits.push(set("journey.last_country", arrival.country));
    }
    if (!elsewhere && entriesOf(this.editing.pending, this.editing.opened?.projection, "outcome").length === 0) {
      edits.push(add("outcome", this.editing.entry(), { step: "present" }));
    }
    for (const edit of edits) await this.editing.edit(edit);
  }

  /** One tap: a family's next member skips what was copied. */
  next(): void {
    const skips = this.context.shared !== undefined && this.step === "who" ? 2 : 1;
    this.at = Math.min(this.at + skips, GATE_STEPS.length - 1);
  }

  /** One tap. Also to what was skipped. */
  back(): void {
    this.at = Math.max(0, this.at - 1);
  }

  goTo(step: GateStep): void {
    this.at = GATE_STEPS.indexOf(step);
  }

  /** A field's value, or why there is none. An emptied text is "not asked": what was committed is not silently kept. */
  async answer(field: string, value: Answer): Promise<void> {
    if (typeof value !== "string" || value.trim() !== "") return this.editing.edit(set(field, typeof value === "string" ? value.trim() : value));
    if (this.editing.answer(field) !== undefined) await this.editing.edit(set(field, { state: "not_asked" }));
  }

  async why(field: string, state: State): Promise<void> {
    const now = stateOf(this.editing.answer(field));
    await this.editing.edit(set(field, { state: now === state ? "not_asked" : state }));
  }

  /** Years as typed. Half a number is no age and changes nothing. */
  async age(text: string): Promise<boolean> {
    const birth = birthFromAge(text, this.today);
    if (birth) await this.editing.edit(set("birth.date", birth));
    return birth !== null;
  }

  get child(): boolean {
    return mayBeChild(birthOf(this.editing.answer("birth.date")), this.today);
  }

  /** One tap: goes where they come from. */
  async sameDestination(): Promise<void> {
    for (const key of ["region", "cercle", "village", "place"]) {
      const answer = this.editing.answer(`origin.${key}`);
      if (answer !== undefined) await this.editing.edit(set(`destination.${key}`, answer));
    }
  }

  get needs(): ReadonlySet<string> {
    return new Set(membersOf(this.editing.pending, this.editing.opened?.projection, "urgent").keys());
  }

  /** One tap: a need is there, or it is not. */
  async need(code: string): Promise<void> {
    await this.editing.edit(this.needs.has(code) ? exclude("urgent", code) : include("urgent", code));
  }

  /** Whether the child is alone and nobody was told: stays on top. */
  get childWaits(): boolean {
    return waitsForTelling(this.editing.pending, this.editing.opened?.projection);
  }

  /** Who speaks for the person: a child's parent, or nobody when it is alone. */
  get consentBy(): ConsentBy {
    if (!this.child) return "self";
    return this.needs.has(CHILD_ALONE) ? "nobody" : "parent";
  }

  /** One tap: yes to registration, assistance and statistics, spoken and witnessed. */
  async consentToAll(decision: Decision, way: Partial<ConsentWay> = {}): Promise<void> {
    await this.consent(GATE_PURPOSES, decision, way);
  }

  /** One tap for some purposes. */
  async consent(purposes: readonly string[], decision: Decision, way: Partial<ConsentWay> = {}): Promise<void> {
    const whole: ConsentWay = { ...this.way, ...way };
    for (const edit of decide(this.editing, purposes, decision, whole)) await this.editing.edit(edit);
  }

  /** How consent is given where nothing else is said, and what stands in a draft already. */
  get way(): ConsentWay {
    const lang = textOf(this.editing.answer("profile.language")) ?? this.context.shared?.lang;
    const witness = this.context.shared?.witness ?? this.context.witness;
    const draft = entriesOf(this.editing.pending, this.editing.opened?.projection, "consent").findLast((one) => one.at === null);
    const by = CONSENT_BY.find((who) => who === draft?.values.by) ?? this.consentBy;
    const method = CONSENT_METHODS.find((how) => how === draft?.values.method) ?? "spoken";
    const heard = textOf(draft?.values.witness) ?? witness;
    const said = textOf(draft?.values.lang) ?? lang;
    const assent = draft?.values.assent === true;
    return {
      by, method, ...(said === undefined ? {} : { lang: said }), ...(heard === undefined || heard === "" ? {} : { witness: heard }),
      ...(assent ? { assent } : {}),
    };
  }

  /** The way of consent changed: drafts of decisions are made again, committed ones stay. */
  async consentWay(change: Partial<ConsentWay>): Promise<void> {
    const way = { ...this.way, ...change };
    const drafts = entriesOf(this.editing.pending, this.editing.opened?.projection, "consent").filter((one) => one.at === null);
    for (const draft of drafts) {
      const purpose = textOf(draft.values.purpose);
      const decision = DECISIONS.find((one) => one === draft.values.decision);
      if (purpose === undefined || decision === undefined) continue;
      for (const edit of decide(this.editing, [purpose], decision, way, textOf(draft.values.to))) await this.editing.edit(edit);
    }
  }

  decided(purpose: string): Decision | null {
    return decided(this.editing, purpose);
  }

  /** One tap: given, or taken back if it was a slip. */
  async gift(gift: Gift): Promise<void> {
    const draft = draftOf(this.editing, gift.kind);
    await this.editing.edit(draft ? takeBack(draft.entry, "Saisi par erreur") : give(this.editing.entry(), gift));
  }

  /** One tap: what the person before was given. */
  async likeBefore(): Promise<void> {
    for (const gift of this.context.before ?? []) {
      if (!draftOf(this.editing, gift.kind)) await this.editing.edit(give(this.editing.entry(), gift));
    }
  }

  async bed(place: string): Promise<void> {
    await this.editing.edit(stay(this.editing.entry(), place, this.context.site, this.today));
  }

  /** One tap: becomes one change. What the next person can take over comes back with the code. */
  async finish(): Promise<{ readonly code: string | null; readonly gifts: readonly Gift[]; readonly shared: Shared }> {
    const kept = { gifts: giftsOf(this.editing), shared: sharedOf(this.editing) };
    return { code: (await this.editing.leave()).code, ...kept };
  }
}
