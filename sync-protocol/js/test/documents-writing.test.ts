/**
 * Promises checked here:
 *
 * - A document that was cut, changed or followed by something is refused; so is a change with another checksum.
 * - What makes Automerge panic is an error of that one document.
 * - An edit is one change at the heads that were shown; what stood besides stays as a conflict.
 * - What is not written leaves the document as it was, and says why with a stable code.
 */
import { encodeChange } from "@automerge/automerge/slim";
import { beforeAll, describe, expect, test } from "vitest";

import { Doc, DocumentError, ROOT, hashOfChange } from "../src/documents/am.js";
import { blank, constantHashes, constants } from "../src/documents/constant.js";
import { EditError } from "../src/documents/edit.js";
import { entriesOf, project } from "../src/documents/project.js";
import { container } from "../src/documents/tree.js";
import type { Answer, Edit } from "../src/documents/types.js";
import { actorFits, apply } from "../src/documents/write.js";
import { Actor } from "../src/ids.js";
import { startAutomerge } from "./start.js";

beforeAll(startAutomerge);

const NOON = 1_714_478_400_000;
const A = Actor.parse("01".repeat(16));
const B = Actor.parse("02".repeat(16));

const set = (field: string, value: Answer): Edit => ({ edit: "set", field, value });

function values(doc: Doc, group: string, key: string): unknown[] {
  const found = container(doc, group);
  return found === undefined ? [] : doc.all(found.map, key).map((item) => (item.is === "scalar" ? item.value : item.is));
}

function codeOf(step: () => unknown): string {
  try {
    step();
  } catch (error) {
    if (error instanceof EditError || error instanceof DocumentError) return error.code;
    throw error;
  }
  return "none";
}

describe("documents in memory", () => {
  test("a saved document comes back; a cut, changed or longer one does not", () => {
    const doc = blank("case");
    apply(doc, "case", doc.heads(), A, NOON, [set("identity.given", "Awa")]);
    const saved = doc.save();
    const again = Doc.load(saved);
    expect(again.heads()).toEqual(doc.heads());
    const changed = saved.slice();
    changed[20] = (changed[20] ?? 0) ^ 1;
    const longer = new Uint8Array([...saved, 1, 2, 3]);
    for (const wrong of [saved.slice(0, -1), saved.slice(0, 7), new Uint8Array(), changed, longer]) {
      expect(codeOf(() => Doc.load(wrong))).toBe("document-load");
    }
    doc.free();
    again.free();
  });

  test("a change that breaks Automerge is a typed error and breaks no other document", () => {
    const doc = blank("case");
    const before = doc.heads();
    const actor = "07".repeat(16);
    const change = { actor, author: null, seq: 1, startOp: 28, time: 0, message: null, deps: before };
    const op = { action: "set", obj: "_root", key: "a", value: 1, pred: [] };
    const broken = [
      { ...change, seq: 5, ops: [op] },
      { ...change, ops: [{ ...op, obj: `999@${actor}` }] },
      { ...change, ops: [{ ...op, pred: [`999@${"09".repeat(16)}`] }] },
    ];
    for (const wrong of broken) {
      const fork = doc.fork();
      expect(codeOf(() => fork.apply([encodeChange(wrong)]))).toBe("document-merge");
      fork.free();
      apply(doc, "case", doc.heads(), A, NOON, [set("identity.given", `Awa ${broken.indexOf(wrong)}`)]);
      const again = Doc.load(doc.save());
      expect(again.heads()).toEqual(doc.heads());
      again.free();
    }
    doc.free();
  });

  test("the hash of a change is that of its bytes, and its checksum is compared", () => {
    const [constant] = constants("case");
    if (constant === undefined) throw new Error("no constant");
    expect(constantHashes("case")).toEqual(blank("case").heads());
    for (const at of [0, 5, 8, 9, 30]) {
      const changed = constant.bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(codeOf(() => hashOfChange(changed))).toBe("document-change");
    }
    expect(codeOf(() => hashOfChange(constant.bytes.slice(0, -1)))).toBe("document-change");
  });
});

describe("edits", () => {
  test("an edit at older heads leaves both values", () => {
    const doc = blank("case");
    const shown = doc.heads();
    const first = apply(doc, "case", shown, A, NOON, [set("identity.given", "Awa")]);
    expect(hashOfChange(first.raw)).toBe(first.hash);
    expect([first.deps, first.seq]).toEqual([shown, 1]);
    apply(doc, "case", shown, B, NOON, [set("identity.given", "Hawa")]);
    expect(new Set(values(doc, "identity", "given"))).toEqual(new Set(["Awa", "Hawa"]));
    expect([actorFits(doc, shown, A), actorFits(doc, doc.heads(), A)]).toEqual([false, true]);
    const second = apply(doc, "case", doc.heads(), A, NOON, [set("identity.given", "Awa")]);
    expect([second.seq, values(doc, "identity", "given")]).toEqual([2, ["Awa"]]);
    doc.free();
  });

  test("the largest number is read as it was written", () => {
    const doc = blank("case");
    for (const xof of [0, 2 ** 31, 2 ** 53 - 1]) {
      const entry = Buffer.from(`entry${xof}`.padStart(8, "0").slice(-8)).toString("base64url");
      const add: Edit = { edit: "add", group: "assistance", entry, values: { kind: "cash", xof } };
      apply(doc, "case", doc.heads(), A, NOON, [add]);
      const view = entriesOf(project("case", doc), "assistance").find((view) => view.entry === entry);
      expect(view?.fields["xof"]?.value).toBe(xof);
    }
    doc.free();
  });

  test("what is not written leaves the document as it was and says why", () => {
    const doc = blank("case");
    const shown = doc.heads();
    apply(doc, "case", shown, A, NOON, [set("card.code", "GOG-24-K7-0042-Y")]);
    const heads = doc.heads();
    const entry = "AAAAAAAAAAA";
    const cases: [string, Parameters<typeof apply>[1], readonly Edit[]][] = [
      ["edit-empty", "case", []],
      ["edit-nothing-changed", "case", [set("card.code", "GOG-24-K7-0042-Y")]],
      ["edit-once", "case", [set("identity.given", "Awa"), set("card.code", "GOG-24-K7-0043-W")]],
      ["edit-invalid", "case", [set("identity.given", " ")]],
      ["edit-invalid", "case", [set("identity.none", "Awa")]],
      ["edit-no-entry", "case", [{ edit: "void", group: "stays", entry, reason: "erreur" }]],
      ["edit-not-of-kind", "household", [set("unit.size", 3)]],
    ];
    for (const [code, kind, edits] of cases) {
      expect([edits, codeOf(() => apply(doc, kind, heads, A, NOON, edits))]).toEqual([edits, code]);
    }
    expect(codeOf(() => apply(doc, "case", shown, A, NOON, [set("identity.given", "Awa")]))).toBe("edit-actor-not-at-heads");
    expect(doc.heads()).toEqual(heads);
    expect(doc.keys(ROOT)).toContain("identity");
    doc.free();
  });
});
