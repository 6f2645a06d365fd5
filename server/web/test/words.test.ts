/** Words: both languages complete and different where they must be, spaces that do not break, plurals, bytes, moments. */
import { describe, expect, it } from "vitest";
import { en } from "../src/words/en.js";
import { fr } from "../src/words/fr.js";
import { bytes, grouped, moment } from "../src/words/grammar.js";
import { setFrench } from "../src/words/typeset.js";

/** Every text and function of a dictionary by its path. */
function leaves(words: unknown, path = ""): Map<string, unknown> {
  if (typeof words !== "object" || words === null) return new Map([[path, words]]);
  return new Map(Object.entries(words).flatMap(([key, value]) => [...leaves(value, path === "" ? key : `${path}.${key}`)]));
}

describe("dictionaries", () => {
  const french = leaves(fr);
  const english = leaves(en);

  it("have the same keys", () => {
    expect([...english.keys()].toSorted()).toEqual([...french.keys()].toSorted());
  });

  it("say something under every key", () => {
    for (const [path, words] of [...french, ...english]) {
      expect(typeof words === "function" || (typeof words === "string" && words.trim() !== ""), path).toBe(true);
    }
  });

  it("leave no sentence untranslated", () => {
    const same = [...french].filter(([path, words]) => typeof words === "string" && words.includes(" ") && english.get(path) === words);
    expect(same.map(([path]) => path)).toEqual([]);
  });

  it("never break a line before French punctuation", () => {
    const loose = [...french].filter(([, words]) => typeof words === "string" && / [:;?!»]/.test(words));
    expect(loose.map(([path]) => path)).toEqual([]);
    expect(fr.sent.failed("21:50")).toBe("Dernier essai à 21:50\u{a0}:");
  });
});

describe("grammar", () => {
  it("counts as each language does", () => {
    expect(fr.common.records(0)).toBe("0 fiche");
    expect(en.common.records(0)).toBe("0 records");
    expect(fr.common.records(1)).toBe("1 fiche");
    expect(en.common.records(1)).toBe("1 record");
    expect(fr.common.records(1_200)).toBe("1\u{202f}200 fiches");
    expect(grouped(1_234_567, ",")).toBe("1,234,567");
  });

  it("writes bytes for people", () => {
    const units = ["o", "Ko", "Mo", "Go"];
    expect(bytes(0, units, ",")).toBe("0\u{a0}o");
    expect(bytes(999, units, ",")).toBe("999\u{a0}o");
    expect(bytes(1_240_000, units, ",")).toBe("1,2\u{a0}Mo");
    expect(bytes(9_960, units, ",")).toBe("10\u{a0}Ko");
    expect(bytes(999_600, units, ",")).toBe("1,0\u{a0}Mo");
    expect(bytes(5e12, units, ",")).toBe("5000\u{a0}Go");
  });

  it("leaves the day away on the same day, in the time of Mali", () => {
    const at = Date.UTC(2026, 3, 30, 23, 55);
    expect(moment(at, at + 60_000)).toBe("23:55");
    expect(moment(at, at + 600_000)).toBe("30/04/2026 23:55");
  });

  it("sets only spaces before punctuation that ends a word", () => {
    expect(setFrench("a :b « c » : d ?")).toBe("a :b «\u{a0}c\u{a0}»\u{a0}: d\u{a0}?");
    expect(setFrench("Rien n'est perdu: à 14:25; sûr?!")).toBe("Rien n'est perdu\u{a0}: à 14:25\u{a0}; sûr\u{a0}?!");
  });
});
