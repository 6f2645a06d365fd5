/** Ages, cards, drafts, choices and typed codes. */
import type { Birth, Conflict, Edit } from "@segin/sync-protocol";
import { describe, expect, test } from "vitest";
import { beginAnnex, mustWait, protectionCode } from "../../src/flow/annex.js";
import { ageOn, birthFromAge, birthFromDate, birthFromEvent, birthFromSeasons, EVENTS, LIFE_STAGES, mayBeChild } from "../../src/flow/age.js";
import { readCard, writeCard } from "../../src/flow/card.js";
import { add, amend, exclude, include, set, voided } from "../../src/flow/edits.js";
import { alreadyGiven, give, takeBack } from "../../src/flow/given.js";
import { OUTCOMES, outcomeStep } from "../../src/flow/outcome.js";
import { entriesOf, membersOf, withEdit } from "../../src/flow/pending.js";
import { choose, decideEntry } from "../../src/flow/resolve.js";
import { naming, typedCode } from "../../src/flow/typed.js";
import { FakeEditing, TODAY } from "./fake.js";

describe("ages", () => {
  test.each<[string, Birth | null]>([
    ["34", { precision: "age_only", value: "34", source: "declared", as_of: TODAY }],
    ["0", { precision: "age_only", value: "0", source: "declared", as_of: TODAY }],
    ["007", { precision: "age_only", value: "7", source: "declared", as_of: TODAY }],
    ["121", null], ["", null], ["3 ans", null], ["-1", null],
  ])("%s years", (text, birth) => expect(birthFromAge(text, TODAY)).toEqual(birth));

  test("rainy seasons are years that were estimated", () => {
    expect(birthFromSeasons("5", TODAY)).toEqual({ precision: "age_only", value: "5", source: "estimated", as_of: TODAY });
  });

  test("an event gives a year, or about a year, and never a day", () => {
    for (const event of EVENTS) {
      for (const stage of LIFE_STAGES) {
        const birth = birthFromEvent(event, stage.years, TODAY);
        expect(birth.value).toMatch(/^\d{4}$/);
        expect(birth.precision).toBe(stage.years === 0 ? "year" : "approximate");
      }
    }
    expect(birthFromEvent({ year: 1991, fr: "", en: "" }, 7, TODAY)).toEqual({ precision: "approximate", value: "1984", source: "estimated", as_of: TODAY });
  });

  test.each<[string, Birth["source"], Birth | null]>([
    ["1991", "declared", { precision: "year", value: "1991", source: "declared" }],
    ["4/1991", "declared", { precision: "month", value: "1991-04", source: "declared" }],
    ["30/4/1991", "document", { precision: "day", value: "1991-04-30", source: "document" }],
    ["1991-04-30", "document", { precision: "day", value: "1991-04-30", source: "document" }],
    ["1/1/1991", "document", { precision: "day", value: "1991-01-01", source: "document" }],
    // A first of January that is only said is a year.
    ["1/1/1991", "declared", { precision: "year", value: "1991", source: "declared" }],
    ["31/2/1991", "document", null], ["2031", "declared", null], ["1850", "declared", null], ["", "declared", null],
  ])("%s (%s)", (text, source, birth) => expect(birthFromDate(text, TODAY, source)).toEqual(birth));

  test.each<[Birth, readonly [number, number] | null]>([
    [{ precision: "day", value: "1991-04-30", source: "document" }, [33, 33]],
    [{ precision: "day", value: "1991-05-01", source: "document" }, [32, 32]],
    [{ precision: "month", value: "1991-04", source: "declared" }, [32, 33]],
    [{ precision: "year", value: "1991", source: "declared" }, [32, 33]],
    [{ precision: "approximate", value: "1991", source: "estimated" }, [27, 38]],
    [{ precision: "age_only", value: "34", source: "declared", as_of: TODAY }, [34, 34]],
    [{ precision: "age_only", value: "34", source: "declared", as_of: "2023-10-30" }, [34, 35]],
    [{ precision: "year", value: "2025", source: "declared" }, null],
  ])("%j is an age between", (birth, ages) => expect(ageOn(birth, TODAY)).toEqual(ages));

  test("in doubt a child", () => {
    expect(mayBeChild(birthFromAge("17", TODAY) ?? undefined, TODAY)).toBe(true);
    expect(mayBeChild(birthFromAge("18", TODAY) ?? undefined, TODAY)).toBe(false);
    expect(mayBeChild({ precision: "year", value: "2006", source: "declared" }, TODAY)).toBe(true);
    expect(mayBeChild({ precision: "approximate", value: "2004", source: "estimated" }, TODAY)).toBe(false);
    expect(mayBeChild(undefined, TODAY)).toBe(false);
  });
});

describe("the card's QR", () => {
  const card = { code: "GOG-24-K7-0042-T", document: "0f8fad5b-d9cb-469f-a165-70867728950e", token: "00112233445566778899aabb" };

  test("reads back as it was written, in the small alphabet of a QR", () => {
    const text = writeCard(card);
    expect(text).toBe("SEGIN1:GOG-24-K7-0042-T:0F8FAD5BD9CB469FA16570867728950E:00112233445566778899AABB");
    expect(text).toMatch(/^[0-9A-Z:-]+$/);
    expect(readCard(text)).toEqual(card);
    expect(readCard(` ${text.toLowerCase()}\n`)).toEqual(card);
  });

  test.each(["", "https://example.org", "SEGIN1:", "SEGIN2:GOG-24-K7-0042-T:0F8FAD5BD9CB469FA16570867728950E:00112233445566778899AABB",
    "SEGIN1:GOG-24-K7-0042-T:0F8FAD5BD9CB469FA16570867728950E:0011", "SEGIN1:GOG:0F8FAD5BD9CB469FA16570867728950E:00112233445566778899AABB"])(
    "%s is no card",
    (text) => expect(readCard(text)).toBeNull(),
  );
});

describe("drafts", () => {
  test("a later edit replaces what it takes back and nothing else", () => {
    const edits: Edit[] = [
      set("identity.given", "Awa"), set("identity.family", "Koné"), set("identity.given", "Awa Fanta"),
      include("urgent", "pregnant"), exclude("urgent", "pregnant"),
      add("assistance", "A1", { kind: "food" }), amend("assistance", "A1", "proof", "vu"),
      add("assistance", "A2", { kind: "water" }), voided("assistance", "A2", "erreur"),
      voided("assistance", "OLD", "deux fois"), amend("stays", "OLD", "to_on", "2024-05-01"), amend("stays", "OLD", "to_on", "2024-05-02"),
    ];
    const draft = edits.reduce<Edit[]>((pending, edit) => withEdit(pending, edit), []);
    expect(draft).toEqual([
      set("identity.family", "Koné"), set("identity.given", "Awa Fanta"), exclude("urgent", "pregnant"),
      add("assistance", "A1", { kind: "food", proof: "vu" }), voided("assistance", "OLD", "deux fois"), amend("stays", "OLD", "to_on", "2024-05-02"),
    ]);
  });

  test("shown with what is committed", async () => {
    const editing = new FakeEditing("c1");
    await editing.edit(give("AAAAAAAAAA1", { kind: "blanket", quantity: 1 }));
    await editing.edit(include("urgent", "pregnant"));
    await editing.leave();
    expect(alreadyGiven(editing, "blanket")).toHaveLength(1);
    await editing.edit(takeBack("AAAAAAAAAA1", "Rendu"));
    await editing.edit(exclude("urgent", "pregnant"));
    expect(alreadyGiven(editing, "blanket")).toHaveLength(0);
    expect(entriesOf(editing.pending, editing.opened?.projection, "assistance")).toMatchObject([{ standing: "voided", reason: "Rendu" }]);
    expect(membersOf(editing.pending, editing.opened?.projection, "urgent").size).toBe(0);
  });
});

describe("choosing between two values", () => {
  const conflict = (path: string): Conflict => ({ path, label: { fr: "", en: "" }, values: [] });

  test("is an edit of the field, the entry or the member", () => {
    expect(choose("case", conflict("identity.family"), "Koné")).toEqual(set("identity.family", "Koné"));
    expect(choose("case", conflict("stays.AAAAAAAAAA1.to_on"), "2024-05-01")).toEqual(amend("stays", "AAAAAAAAAA1", "to_on", "2024-05-01"));
    expect(choose("household", conflict("members.c1"), "child")).toEqual(include("members", "c1", "child"));
    expect(choose("case", conflict("urgent.pregnant"), true)).toEqual(include("urgent", "pregnant"));
    expect(choose("case", conflict("assistance.A1.void"), "x")).toBeNull();
    expect(decideEntry("assistance", "A1", true)).toEqual({ edit: "decide", group: "assistance", entry: "A1", stands: true });
  });
});

describe("a typed code", () => {
  const read = (text: string) => (text.startsWith("GOG") ? text : null);
  const row = { document: "c1", kind: "case" as const, code: "GOG-24-K7-0042-T" };
  const rows = [{ ...row, name: "", names: [], sex: null, age: null, site: null, movements: [], urgent: [], childAlone: false, status: null, firstAt: 0, lastAt: 0, conflicts: 0, step: "hub" as const }];

  test("opens the case, or begins one that names it, or is asked for again", () => {
    expect(typedCode("GOG-24-K7-0042-T", rows, read)).toEqual({ is: "known", document: "c1", code: "GOG-24-K7-0042-T" });
    expect(typedCode("GOG-24-K7-0043-R", rows, read)).toEqual({ is: "unknown", code: "GOG-24-K7-0043-R" });
    expect(typedCode("42", rows, read)).toEqual({ is: "wrong" });
    expect(naming("GOG-24-K7-0043-R")).toEqual(set("card.named", "GOG-24-K7-0043-R"));
  });
});

describe("what is sensitive", () => {
  test("stands in an annex that points to the case, and waits while others hear", () => {
    expect(beginAnnex("protection", "c1")).toEqual([set("annex.type", "protection"), set("annex.case", "c1")]);
    expect(protectionCode("A1", "detained", { confidence: "told" })).toMatchObject({ group: "codes", values: { code: "detained", confidence: "told" } });
    expect(["relative", "fellow_traveller", "by_phone"].every((who) => mustWait(who))).toBe(true);
    expect(["staff", "volunteer", "none", undefined].some((who) => mustWait(who))).toBe(false);
  });

  test("outcome steps say what stops", () => {
    expect(OUTCOMES.filter((one) => one.stops).map((one) => one.code).sort()).toEqual(["closed", "died", "left_again", "missing"]);
    expect(outcomeStep("A1", { step: "moved", to: "Kayes" })).toMatchObject({ group: "outcome", values: { step: "moved", to: "Kayes" } });
  });
});
