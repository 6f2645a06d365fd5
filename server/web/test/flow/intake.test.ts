/** The intake at the gate: what each tap writes, and how many taps and screens a person and a family need. */
import { describe, expect, test } from "vitest";
import { GATE_STEPS, Intake, type IntakeContext } from "../../src/flow/intake.js";
import { addMember, beginHousehold } from "../../src/flow/household.js";
import { recordTold } from "../../src/flow/child.js";
import { set } from "../../src/flow/edits.js";
import type { Gift } from "../../src/flow/given.js";
import type { Shared } from "../../src/flow/shared.js";
import { FakeEditing, NOW, TODAY } from "./fake.js";

const KAYES = { code: "ML01", scheme: "cod", vintage: 2021 };
const CONTEXT: IntakeContext = {
  site: "GOG", point: "gogui", now: () => NOW, witness: "Awa, volontaire",
  arrival: { movement: "m1", category: "expulsion", country: "MRT" },
  before: [{ kind: "food" }, { kind: "hygiene_kit" }],
};

/** Counts taps: every call that a finger makes, each digit of an age for itself. Names are typed besides. */
class Finger {
  taps = 0;
  readonly screens = new Set<string>();

  async tap<T>(intake: Intake | null, does: () => T | Promise<T>, taps = 1): Promise<T> {
    if (intake) this.screens.add(intake.step);
    this.taps += taps;
    const done = await does();
    if (intake) this.screens.add(intake.step);
    return done;
  }
}

async function grown(finger: Finger, editing: FakeEditing, context: IntakeContext) {
  const intake = new Intake(editing, context);
  await intake.begin();
  await intake.answer("identity.given", "Mamadou");
  await intake.answer("identity.family", "Traoré");
  await finger.tap(intake, () => intake.answer("identity.sex", "m"));
  await finger.tap(intake, () => intake.age("34"), 2);
  await finger.tap(intake, () => intake.next());
  await finger.tap(intake, () => intake.answer("origin.place", KAYES));
  await finger.tap(intake, () => intake.sameDestination());
  await finger.tap(intake, () => intake.answer("destination.with", "Sa famille"));
  await finger.tap(intake, () => intake.next());
  await finger.tap(intake, () => intake.consentToAll("granted"));
  await finger.tap(intake, () => intake.next());
  await finger.tap(intake, () => intake.likeBefore());
  return { intake, done: await finger.tap(intake, () => intake.finish()) };
}

describe("one person at the gate", () => {
  test("four screens and twelve taps besides the name, one change", async () => {
    const finger = new Finger();
    const editing = new FakeEditing("c1");
    const { done } = await grown(finger, editing, CONTEXT);
    console.info(`one intake: ${finger.taps} taps besides the name on ${finger.screens.size} screens`);
    expect(finger.taps).toBeLessThanOrEqual(12);
    expect(GATE_STEPS.length).toBeLessThanOrEqual(4);
    expect(finger.screens).toEqual(new Set(GATE_STEPS));
    expect(done.code).toBe("GOG-24-K7-0042-T");
    expect(editing.committed).toHaveLength(1);
    const edits = editing.committed[0] ?? [];
    const sets = Object.fromEntries(edits.flatMap((edit) => (edit.edit === "set" ? [[edit.field, edit.value]] : [])));
    expect(sets).toEqual({
      "card.site": "GOG", "identity.given": "Mamadou", "identity.family": "Traoré", "identity.sex": "m",
      "birth.date": { precision: "age_only", value: "34", source: "declared", as_of: TODAY },
      "journey.last_country": "MRT", "origin.place": KAYES, "destination.place": KAYES, "destination.with": "Sa famille",
    });
    const added = edits.flatMap((edit) => (edit.edit === "add" ? [[edit.group, edit.values] as const] : []));
    expect(added.filter(([group]) => group === "consent").map(([, values]) => values)).toEqual(
      ["registration", "assistance", "statistics"].map((purpose) => ({ purpose, decision: "granted", by: "self", method: "spoken", witness: "Awa, volontaire" })),
    );
    expect(added).toContainEqual(["arrivals", { movement: "m1", category: "expulsion", country: "MRT", point: "gogui", on: TODAY }]);
    expect(added).toContainEqual(["outcome", { step: "present" }]);
    expect(added.filter(([group]) => group === "assistance").map(([, values]) => values)).toEqual([{ kind: "food" }, { kind: "hygiene_kit" }]);
  });

  test("back and forth loses nothing, and begins nothing twice", async () => {
    const editing = new FakeEditing("c1");
    const intake = new Intake(editing, CONTEXT);
    await intake.begin();
    await intake.answer("identity.given", "Awa");
    intake.next();
    intake.next();
    await intake.consentToAll("granted");
    intake.back();
    intake.back();
    expect(intake.step).toBe("who");
    expect(editing.answer("identity.given")).toBe("Awa");
    const pending = editing.pending.length;
    await new Intake(editing, CONTEXT).begin();
    await intake.consentToAll("granted");
    expect(editing.pending).toHaveLength(pending);
  });

  test("each answer may be missing for a reason, and a second tap takes the reason back", async () => {
    const editing = new FakeEditing("c1");
    const intake = new Intake(editing, CONTEXT);
    for (const state of ["does_not_know", "refused", "ask_later", "not_asked"] as const) {
      await intake.why("identity.father", state);
      expect(editing.answer("identity.father")).toEqual({ state });
    }
    await intake.why("identity.father", "refused");
    await intake.why("identity.father", "refused");
    expect(editing.answer("identity.father")).toEqual({ state: "not_asked" });
    await intake.answer("identity.called", "  ");
    expect(editing.answer("identity.called")).toBeUndefined();
    await intake.answer("identity.called", "Petit ");
    expect(editing.answer("identity.called")).toBe("Petit");
    await intake.answer("identity.called", "");
    expect(editing.answer("identity.called")).toEqual({ state: "not_asked" });
    expect(await intake.age("1x")).toBe(false);
    expect(editing.answer("birth.date")).toBeUndefined();
  });

  test("a mistaken tile is taken back by a second tap and leaves nothing", async () => {
    const editing = new FakeEditing("c1");
    const intake = new Intake(editing, { ...CONTEXT, before: [] });
    await intake.gift({ kind: "blanket" });
    await intake.gift({ kind: "blanket" });
    await intake.need("pregnant");
    await intake.need("pregnant");
    await intake.consentToAll("granted");
    await intake.consentToAll("refused");
    await editing.leave();
    expect(editing.committed[0]?.filter((edit) => edit.edit === "add" && edit.group === "assistance")).toEqual([]);
    expect(editing.committed[0]?.filter((edit) => edit.edit === "include")).toEqual([]);
    const decisions = editing.committed[0]?.flatMap((edit) => (edit.edit === "add" && edit.group === "consent" ? [edit.values.decision] : []));
    expect(decisions).toEqual(["refused", "refused", "refused"]);
  });

  test("a later decision about consent names the ones it replaces", async () => {
    const editing = new FakeEditing("c1");
    const intake = new Intake(editing, CONTEXT);
    await intake.consentToAll("granted");
    await editing.leave();
    const first = editing.committed[0]?.flatMap((edit) => (edit.edit === "add" ? [edit.entry] : [])) ?? [];
    await intake.consent(["statistics"], "withdrawn");
    const withdrawn = editing.pending[0];
    expect(withdrawn).toMatchObject({ edit: "add", group: "consent", values: { purpose: "statistics", decision: "withdrawn", over: [first[2]] } });
    expect(intake.decided("statistics")).toBe("withdrawn");
    expect(intake.decided("registration")).toBe("granted");
  });
});

describe("another post's card", () => {
  test("the case goes on without saying where it began", async () => {
    const editing = new FakeEditing("c1");
    editing.isNew = false;
    await new Intake(editing, { site: "KAY", now: () => NOW, elsewhere: true }).begin();
    expect(editing.pending).toEqual([]);
  });

  test("a typed code that is not known here is named by the case that begins", async () => {
    const editing = new FakeEditing("c1");
    await new Intake(editing, { site: "KAY", now: () => NOW, named: "GOG-24-K7-0042-Y" }).begin();
    expect(editing.pending).toContainEqual(set("card.named", "GOG-24-K7-0042-Y"));
  });
});

describe("a child alone", () => {
  test("stays on top until who was told is recorded, and nobody consents for it", async () => {
    const editing = new FakeEditing("c1");
    const intake = new Intake(editing, CONTEXT);
    await intake.age("9");
    expect(intake.child).toBe(true);
    expect(intake.consentBy).toBe("parent");
    await intake.need("child_alone");
    expect(intake.childWaits).toBe(true);
    expect(intake.consentBy).toBe("nobody");
    intake.next();
    await editing.leave();
    expect(intake.childWaits).toBe(true);
    await editing.edit(recordTold(editing.entry(), { who: "Mme Keïta, protection", how: "Par téléphone", now: NOW }));
    expect(editing.pending[0]).toMatchObject({ group: "told", values: { about: "child_alone" }, at: { at: "2024-04-30T02:10", source: "clock" } });
    expect(intake.childWaits).toBe(false);
  });
});

describe("a family of five", () => {
  test("at most sixty taps, with a household and what they share", async () => {
    const finger = new Finger();
    const household = new FakeEditing("h1", "household");
    const head = new FakeEditing("c1");
    const { done } = await grown(finger, head, CONTEXT);
    let shared: Shared = done.shared;
    let gifts: readonly Gift[] = done.gifts;
    const members: [string, string, string, string][] = [["c2", "spouse", "f", "29"], ["c3", "child", "f", "11"], ["c4", "child", "m", "8"], ["c5", "child", "f", "3"]];
    for (const [document, relation, sex, age] of members) {
      const editing = new FakeEditing(document);
      const intake = new Intake(editing, { ...CONTEXT, shared, before: gifts });
      // The button that adds a member copies what the family shares.
      await finger.tap(null, async () => {
        if (household.pending.length === 0) for (const edit of beginHousehold("c1", "GOG")) await household.edit(edit);
        await intake.begin();
      });
      await intake.answer("identity.given", "Awa");
      await finger.tap(intake, () => household.edit(addMember(document, relation)));
      await finger.tap(intake, () => intake.answer("identity.sex", sex));
      await finger.tap(intake, () => intake.age(age), age.length);
      await finger.tap(intake, () => intake.next());
      expect(intake.step).toBe("care");
      await finger.tap(intake, () => intake.consentToAll("granted"));
      await finger.tap(intake, () => intake.next());
      await finger.tap(intake, () => intake.likeBefore());
      const member = await finger.tap(intake, () => intake.finish());
      ({ shared, gifts } = member);
      expect(editing.committed).toHaveLength(1);
      expect(editing.answer("origin.place")).toEqual(KAYES);
      expect(editing.answer("journey.last_country")).toBe("MRT");
      expect(editing.answer("identity.family")).toBeUndefined();
      const edits = editing.committed[0] ?? [];
      expect(edits.filter((edit) => edit.edit === "add" && edit.group === "arrivals")).toMatchObject([{ values: { movement: "m1", category: "expulsion" } }]);
      expect(edits.find((edit) => edit.edit === "add" && edit.group === "consent")).toMatchObject({
        values: { by: Number(age) < 18 ? "parent" : "self", witness: "Awa, volontaire" },
      });
    }
    await household.leave();
    console.info(`a family of five: ${finger.taps} taps besides the names`);
    expect(finger.taps).toBeLessThanOrEqual(60);
    expect(household.committed[0]).toEqual([
      set("unit.head", "c1"), set("unit.site", "GOG"), { edit: "include", set: "members", member: "c1", value: "head" },
      ...members.map(([member, value]) => ({ edit: "include", set: "members", member, value })),
    ]);
  });
});
