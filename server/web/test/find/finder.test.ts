/** Codes, days, places and the finder that joins them. */
import { describe, expect, test } from "vitest";
import type { Row } from "../../src/engine/contract.js";
import { codeScore, looksLikeCode } from "../../src/find/code.js";
import { parseDay } from "../../src/find/day.js";
import { Finder } from "../../src/find/finder.js";
import { PlaceIndex } from "../../src/find/places.js";
import { misspelt, people, pick, seeded } from "./people.js";

const CODE = "GOG-24-K7-0042-T";
const NOW = Date.UTC(2024, 4, 2, 2, 10);

describe("codes", () => {
  test.each(["GOG-24-K7-0042-T", "gog24k70042t", "G0G 24 K7 OO42 T", "k7 42", "gog 42", "0042", "42", "GOG-24-K7-0043-T", "GOG24K7042T", "GGO-24-K7-0042-T", "gog-24-k7"])(
    "%s finds it",
    (typed) => expect(codeScore(typed, CODE)).toBeGreaterThan(0),
  );
  test.each(["KAY-24-A2-1234-P", "k8 43", "99", "7", ""])("%s does not", (typed) => expect(codeScore(typed, CODE)).toBe(0));
  test("a name is not taken for a code, nor a code for a name", () => {
    expect(looksLikeCode("Moussa Traoré")).toBe(false);
    expect(looksLikeCode("Moussa 34 ans")).toBe(false);
    expect(looksLikeCode("Mohamed 2")).toBe(false);
    expect(looksLikeCode("gog 24 k7")).toBe(true);
  });
});

describe("days", () => {
  test.each([
    ["hier", "2024-05-01"], ["aujourd'hui", "2024-05-02"], ["30/4", "2024-04-30"], ["30 avril", "2024-04-30"], ["1er mai", "2024-05-01"],
    ["30.04.24", "2024-04-30"], ["2024-04-30", "2024-04-30"], ["3 mai", "2023-05-03"], ["yesterday", "2024-05-01"],
  ])("%s is %s", (typed, day) => expect(parseDay(typed, NOW)).toBe(day));
  test.each(["31/2", "moussa", "0042", "12/13", ""])("%s is no day", (typed) => expect(parseDay(typed, NOW)).toBeNull());
});

const place = (code: string, name: string) => ({ code, scheme: "cod", vintage: 2021, name });
const PLACES = new PlaceIndex([
  place("ML01", "Kayes"), place("ML0101", "Bafoulabé"), place("ML0103", "Kayes"), place("ML0106", "Nioro"), place("ML0107", "Yélimané"),
  place("ML03", "Sikasso"), place("ML0301", "Bougouni"), place("ML04", "Ségou"), place("ML0406", "Ségou"), place("ML05", "Mopti"),
  place("ML0503", "Djenné"), place("ML0504", "Douentza"), place("ML0508", "Youwarou"), place("ML06", "Tombouctou"), place("ML0605", "Tombouctou"),
  place("ML0804", "Tin-Essako"), place("ML08", "Kidal"), place("ML0603", "Gourma-Rharous"),
]);

describe("places", () => {
  test.each([
    ["segu", "ML0406"], ["SEGOU", "ML0406"], ["jene", "ML0503"], ["dienne", "ML0503"], ["yuwaru", "ML0508"], ["timbuktu", "ML0605"], ["buguni", "ML0301"],
    ["bafulabe", "ML0101"], ["kai", "ML0103"], ["niora", "ML0106"], ["duentsa", "ML0504"], ["tinessako", "ML0804"], ["gurma", "ML0603"], ["yelimane", "ML0107"],
    ["sikaso", "ML03"],
  ])("%s is %s", (typed, code) => expect(PLACES.find(typed, 6).map((hit) => hit.place.code)).toContain(code));
  test("a place says its region, and a region has its places", () => {
    const kayes = PLACES.find("kayes", 1)[0];
    expect(kayes?.place.code).toBe("ML0103");
    expect(kayes?.region?.code).toBe("ML01");
    expect(PLACES.regions().map((region) => region.code)).toEqual(["ML01", "ML03", "ML04", "ML05", "ML06", "ML08"]);
    expect(PLACES.within(place("ML01", "Kayes"))).toHaveLength(4);
    expect(PLACES.find("xyzzy", 6)).toHaveLength(0);
    expect(PLACES.find("", 6)).toHaveLength(0);
  });
});

function row(over: Partial<Row> & { document: string }): Row {
  return {
    kind: "case", code: null, name: "", names: [], sex: null, age: null, site: "GOG", movements: [], urgent: [], childAlone: false, status: null,
    firstAt: NOW, lastAt: NOW, conflicts: 0, step: "phone", ...over,
  };
}

describe("the finder", () => {
  test("joins name, code, movement and day", () => {
    const finder = new Finder();
    const day = 24 * 60 * 60 * 1000;
    const rows = [
      row({ document: "a", name: "Aminata Koné", code: CODE, movements: ["m1"] }),
      row({ document: "b", name: "Moussa Koné", code: "GOG-24-K7-0043-R", firstAt: NOW - day, lastAt: NOW - day }),
      row({ document: "m1", kind: "movement", name: "Bus de Nouadhibou" }),
    ];
    finder.update(rows);
    const found = (question: Parameters<Finder["find"]>[0]) => finder.find(question).map((hit) => hit.document);
    expect(found({ text: "kone", kind: "case" })).toEqual(["a", "b"]);
    expect(found({ text: "0043" })).toEqual(["b"]);
    expect(found({ movement: "m1" })).toEqual(["a"]);
    expect(found({ day: "2024-05-01" })).toEqual(["b"]);
    expect(found({ text: "bus" })).toEqual(["m1"]);
    expect(found({ text: "gog 24 k7 42" })[0]).toBe("a");
    expect(finder.byCode(CODE)?.document).toBe("a");
    finder.update(rows.slice(1));
    expect(found({ text: "aminata" })).toEqual([]);
    expect(found({ kind: "case" })).toEqual(["b"]);
  });

  test("5,000 rows: only the rows that changed are indexed again, and a search compares words and not rows", () => {
    const random = seeded(5);
    const all = people(random, 5_000);
    const rows = all.map((person) => row({ document: person.document, name: person.own, names: [person.father] }));
    const finder = new Finder();
    finder.update(rows);
    const wanted = pick(random, all);
    const changed = rows.map((one) => (one.document === wanted.document ? { ...one, name: "Zoumanafily Zerbo" } : one));
    finder.update(changed);
    expect(finder.find({ text: "zumana fili serbo" })[0]?.document).toBe(wanted.document);
    expect(finder.find({ text: misspelt(["Zoumanafily", "Zerbo"], random).text })[0]?.document).toBe(wanted.document);
  });
});
