/**
 * What PROTOCOL.md shows in JavaScript makes the bytes that it says, and the story in `vectors/worked.json`, which the
 * Rust crate wrote, verifies and reads here.
 */
import * as A from "@automerge/automerge/slim";
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";

import { fromHex, toHex } from "../src/bytes.js";
import { conflicts } from "../src/documents/conflict.js";
import { blank, Doc } from "../src/documents/index.js";
import { ChangeHash, DocumentId } from "../src/ids.js";
import { Answer, leaf, leafSalt, leavesHash } from "../src/wire/answer.js";
import { fromCbor, read } from "../src/wire/codec.js";
import { startAutomerge } from "./start.js";

beforeAll(startAutomerge);

const FOLDER = new URL("../../", import.meta.url);
const text = (name: string): string => readFileSync(new URL(name, FOLDER), "utf8");
const story: Readonly<Record<string, string>> = JSON.parse(text("vectors/worked.json"));

function told(name: string): string {
  const found = story[name];
  if (found === undefined) throw new Error(`the story tells nothing of ${name}`);
  return found;
}

const bytes = (name: string): Uint8Array => fromHex(told(name));

interface Case {
  card: Record<string, unknown>;
  identity: Record<string, unknown>;
}

/** What the page's block of JavaScript defines. */
interface Shown {
  readonly blank: (constant: Uint8Array, actor: string) => A.Doc<Case>;
  readonly plain: (text: string) => unknown;
  readonly write: (
    doc: A.Doc<Case>,
    actor: string,
    seconds: number,
    heads: readonly string[],
    edit: (doc: Case) => void,
  ) => readonly [A.Doc<Case>, Uint8Array];
}

function shown(): Shown {
  const block = text("PROTOCOL.md").split("```js\n")[1]?.split("```")[0] ?? "";
  const code = block.replace('import * as A from "@automerge/automerge";', "");
  return new Function("A", `${code}; return { blank, plain, write };`)(A);
}

test("what the page shows in JavaScript makes the story's bytes", () => {
  const { blank, plain, write } = shown();
  const actor = "13131313131313130a0a0a0a0a0a0a0a";
  const begun = blank(fromHex(text("vectors/constants/case.hex").trim()), actor);
  const [first, one] = write(begun, actor, 1_773_507_900, A.getHeads(begun), (doc) => {
    doc.card["code"] = plain("GOG-26-K7-0002-G");
    doc.card["site"] = plain("GOG");
    doc.identity["given"] = plain("Awa");
  });
  expect(toHex(one)).toBe(told("the first change"));
  const heads = A.getHeads(first);
  const [both] = A.applyChanges(first, [bytes("Moussa's family name")]);
  const named = (doc: Case): void => void (doc.identity["family"] = plain("Traoré"));
  // At the heads that were shown: what came in between stays beside it.
  const [second, two] = write(both, actor, 1_773_507_960, heads, named);
  expect(toHex(two)).toBe(told("Awa's family name"));
  expect(Object.keys(A.getConflicts(second.identity, "family") ?? {})).toHaveLength(2);
  const [last, three] = write(second, actor, 1_773_508_020, A.getHeads(second), named);
  expect(toHex(three)).toBe(told("the choice"));
  expect(A.getConflicts(last.identity, "family")).toBeUndefined();
});

test("the story's answers verify, its conflict reads", () => {
  const hub = bytes("the hub's public key");
  for (const name of ["the first answer", "the last answer", "the colleague's answer"]) {
    const answer = read("answer", Answer, bytes(`${name}, its frame`));
    const { receipt, rest } = Answer.open(answer, hub);
    expect(receipt.parcels.map(({ manifest }) => manifest)).toEqual(
      name === "the colleague's answer" ? [] : [told(name.replace("answer", "parcel, its manifest's hash").replace("last", "second"))],
    );
    const [item] = rest.feed;
    if (item !== undefined && rest.seed !== null) {
      const hashes = [ChangeHash.parse(told("the first change, its hash"))];
      const made = leaf(leafSalt(rest.seed, 0), DocumentId.parse(told("the case")), item.kind, hashes);
      expect(receipt.leaves).toEqual(leavesHash([made]));
    }
  }
  expect(fromCbor(Answer, bytes("the first answer"))).toEqual(read("answer", Answer, bytes("the first answer, its frame")));
  const doc: Doc = blank("case");
  doc.apply([bytes("the first change"), bytes("Awa's family name"), bytes("Moussa's family name")]);
  expect(conflicts("case", doc)).toEqual(story["the conflict"]);
  doc.free();
});
