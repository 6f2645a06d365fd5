/** Every edit that a night at the gate makes is one that the protocol takes. */
import { checkEdit, type Edit, type Kind } from "@segin/sync-protocol";
import { expect, test } from "vitest";
import { beginAnnex, protectionCode } from "../../src/flow/annex.js";
import { recordTold } from "../../src/flow/child.js";
import { addMember, beginHousehold, removeMember } from "../../src/flow/household.js";
import { Intake } from "../../src/flow/intake.js";
import { addAnonymous, AGE_BANDS, announce, beginArrival, MODES, tickArrived, untick } from "../../src/flow/movement.js";
import { OUTCOMES, outcomeStep } from "../../src/flow/outcome.js";
import { decideEntry } from "../../src/flow/resolve.js";
import { Tally } from "../../src/flow/tally.js";
import { naming } from "../../src/flow/typed.js";
import { FakeEditing, ME, NOW } from "./fake.js";

const DOCUMENT = "0f8fad5b-d9cb-469f-a165-70867728950e";
const ENTRY = "AAAAAAAAAAA";

function taken(kind: Kind, edits: readonly Edit[]): void {
  expect(edits.length).toBeGreaterThan(0);
  for (const edit of edits) expect(checkEdit(kind, edit), JSON.stringify(edit)).toBeUndefined();
}

test("an intake's", async () => {
  const editing = new FakeEditing(DOCUMENT);
  const intake = new Intake(editing, {
    site: "GOG", point: "gogui", now: () => NOW, witness: "Awa", named: "GOG-24-K7-0042-Y", arrival: { movement: DOCUMENT, category: "expulsion", country: "MRT" },
    before: [{ kind: "food", for: "person", quantity: 1, xof: 500, funder: "state" }],
  });
  await intake.begin();
  await intake.answer("identity.given", "Mamadou");
  await intake.answer("profile.language", "bm");
  await intake.age("9");
  await intake.why("identity.father", "refused");
  await intake.answer("origin.place", { code: "ML01", scheme: "cod", vintage: 2021 });
  await intake.sameDestination();
  await intake.need("child_alone");
  await intake.consentToAll("granted", { assent: true });
  await intake.consent(["referral"], "refused", { by: "carer", method: "thumb" });
  await intake.likeBefore();
  await intake.bed("Dortoir A, lit 12");
  await editing.edit(recordTold(ENTRY, { who: "Mme Keïta", how: "Par téléphone", now: NOW, at: "2024-04-30T01:45" }));
  taken("case", editing.pending);
  await editing.leave();
  await intake.consent(["statistics"], "withdrawn");
  taken("case", editing.pending);
});

test("a movement's, a household's, an annex's", async () => {
  const movement = new FakeEditing(DOCUMENT, "movement");
  await new Tally(movement, ME).tap("men", 10);
  for (const mode of MODES) taken("movement", beginArrival({ site: "GOG", now: NOW, mode, country: "MRT", vehicle: "Bus", from: "Nouakchott", organiser: "OIM", category: "expulsion" }));
  for (const band of AGE_BANDS) taken("movement", [addAnonymous(ENTRY, { sex: "f", band, needs: "Enceinte", items: "Eau", card: "7" }, NOW)]);
  taken("movement", [...movement.pending, ...announce({ total: 3, men: 1, women: 1, boys: 1, girls: 0 }, "Consulat"), tickArrived(DOCUMENT, NOW), untick(DOCUMENT)]);
  taken("household", [...beginHousehold(DOCUMENT, "GOG"), addMember(DOCUMENT, "child"), addMember(DOCUMENT), removeMember(DOCUMENT)]);
  for (const type of ["protection", "health"] as const) taken("annex", beginAnnex(type, DOCUMENT));
  taken("annex", [protectionCode(ENTRY, "detained", { since: "2024-03", by: "Awa", confidence: "told", details: "Dit peu" })]);
});

test("steps, decisions, naming", () => {
  for (const { code } of OUTCOMES) taken("case", [outcomeStep(ENTRY, { step: code, to: "Kayes", reason: "Dit" }, { at: "2024-04", source: "declared" })]);
  taken("case", [outcomeStep(ENTRY, { step: "died", burial: "Gogui", told_by: "Croix-Rouge" }), decideEntry("assistance", ENTRY, true), naming("GOG-24-K7-0042-Y")]);
});
