/**
 * Beginning an intake and going on with one: what is filled in from the movement, what a family shares, where the household
 * stands. Owns nothing that is drawn; `Intake.svelte` draws what comes out.
 */
import type { Engine, Opened } from "../../engine/contract.js";
import { textOf } from "../../flow/answers.js";
import { addMember, beginHousehold } from "../../flow/household.js";
import { Intake, type IntakeContext } from "../../flow/intake.js";
import { tickArrived } from "../../flow/movement.js";
import { outcomeStep } from "../../flow/outcome.js";
import { answerOf, entriesOf, membersOf } from "../../flow/pending.js";
import { sharedOf, type Shared } from "../../flow/shared.js";
import { pointOf } from "../record/lists.js";
import { night, type Start } from "../record/night.svelte.js";
import { record, type Recording } from "../record/recording.svelte.js";
import { user } from "../record/user.js";

/** An intake on the screen. */
export interface Begun {
  readonly intake: Intake;
  readonly recording: Recording;
  readonly start: Start;
  /** Of a family that is being recorded. */
  readonly household: Recording | null;
  readonly familyBefore: string | undefined;
}

function sharedBy(opened: Opened): Shared {
  const { projection } = opened;
  return sharedOf({ answer: (path) => answerOf([], projection, path), pending: [], opened });
}

/** Starts a case as `night().next` says and gives its document. */
export async function startCase(engine: Engine, document?: string): Promise<string> {
  const mine = night(user().id);
  const start = mine.next;
  mine.next = {};
  const recording = await record({
    kind: "case", ...(document === undefined ? {} : { document }), ...(start.card === undefined ? {} : { card: start.card }),
  });
  mine.started.set(recording.document, start);
  const begun = await goOn(engine, recording.document, recording);
  try {
    await begun.intake.begin();
  } catch (error) {
    // Nobody was asked anything yet: no empty case is left behind, and the next try begins with the same.
    if (recording.isNew) await recording.drop().catch(() => undefined);
    mine.next = start;
    throw error;
  }
  if (start.family && begun.household) await begun.household.edit(addMember(recording.document));
  return recording.document;
}

/** Goes on with a case: a draft, or one that was recorded before. */
export async function goOn(engine: Engine, document: string, open?: Recording): Promise<Begun> {
  const mine = night(user().id);
  const start = mine.started.get(document) ?? {};
  const recording = open ?? (await record({ kind: "case", document }));
  const like = start.family ? await engine.open(start.family.like) : null;
  const household = start.family ? await record({ kind: "household", document: start.family.household }) : null;
  const site = user().site;
  const point = pointOf(site);
  const context: IntakeContext = {
    site, now: () => Date.now(), before: mine.gifts,
    ...(point === undefined ? {} : { point }),
    ...(mine.witness === "" ? {} : { witness: mine.witness }),
    ...(start.named === undefined ? {} : { named: start.named }),
    ...(start.movement === undefined ? {} : { arrival: await arrivalOf(engine, start.movement) }),
    ...(like ? { shared: sharedBy(like) } : {}),
    ...(start.card === undefined ? {} : { elsewhere: true }),
  };
  const head = start.family ? await engine.open(start.family.head) : null;
  const familyBefore = head ? textOf(answerOf([], head.projection, "identity.family")) : undefined;
  return { intake: new Intake(recording, context), recording, start, household, familyBefore };
}

async function arrivalOf(engine: Engine, movement: string): Promise<NonNullable<IntakeContext["arrival"]>> {
  const { projection } = await engine.open(movement);
  const category = textOf(answerOf([], projection, "trip.category"));
  const country = textOf(answerOf([], projection, "trip.country"));
  return { movement, ...(category === undefined ? {} : { category }), ...(country === undefined ? {} : { country }) };
}

/** Somebody who is known already came with a movement: a further arrival, present again. What was recorded stays. */
export async function arriveAgain(engine: Engine, document: string, movement: string): Promise<void> {
  const recording = await record({ kind: "case", document });
  const { intake } = await goOn(engine, document, recording);
  await new Intake(recording, { ...intake.context, arrival: await arrivalOf(engine, movement), elsewhere: true }).begin();
  await recording.edit(outcomeStep(recording.entry(), { step: "present" }));
  await recording.leave();
  await tick(movement, document);
}

async function tick(movement: string, document: string): Promise<void> {
  const recording = await record({ kind: "movement", document: movement });
  if (!membersOf(recording.pending, recording.opened?.projection, "arrived").has(document)) {
    await recording.edit(tickArrived(document, Date.now()));
  }
  await recording.leave();
}

/** Ends an intake: one change of the case, then the movement's tick and the family's member. */
export async function endCase({ intake, recording, start, household }: Begun): Promise<{ readonly code: string | null }> {
  const mine = night(user().id);
  const { code, gifts } = await intake.finish();
  if (gifts.length > 0) mine.gifts = gifts;
  if (start.movement !== undefined) await tick(start.movement, recording.document);
  if (household && household.pending.length > 0) await household.leave();
  return { code };
}

/** A next member of a person's family: in the household that the person is in, or in a new one. */
export async function nextMember(engine: Engine, document: string): Promise<void> {
  const mine = night(user().id);
  const start = mine.started.get(document) ?? {};
  let family = start.family ? { ...start.family, like: document } : null;
  if (!family) {
    const known = engine.state.rows.find((row) => row.kind === "household" && row.about?.includes(document));
    if (known) family = { household: known.document, like: document, head: document };
  }
  if (!family) {
    const household = await record({ kind: "household" });
    for (const edit of beginHousehold(document, user().site)) await household.edit(edit);
    family = { household: household.document, like: document, head: document };
  }
  const movement = start.movement ?? (await movementOf(engine, document));
  mine.next = { family, ...(movement === undefined ? {} : { movement }) };
}

/** The movement in which a person arrived last. */
export async function movementOf(engine: Engine, document: string): Promise<string | undefined> {
  const { projection } = await engine.open(document);
  return textOf(entriesOf([], projection, "arrivals").findLast((one) => one.standing !== "voided")?.values.movement);
}
