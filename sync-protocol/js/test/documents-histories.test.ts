/**
 * Promise checked here: the histories that the Rust crate wrote (`vectors/histories/`) become the same changes, hash by
 * hash, are refused with the same codes, and read to the same projection, conflicts, problems and line of the list.
 */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";

import { hashOfChange } from "../src/documents/am.js";
import type { Doc } from "../src/documents/am.js";
import { blank, constantHashes } from "../src/documents/constant.js";
import { EditError } from "../src/documents/edit.js";
import { read } from "../src/documents/project.js";
import { summary } from "../src/documents/summary.js";
import type { Edit, Kind } from "../src/documents/types.js";
import { apply } from "../src/documents/write.js";
import { fromHex } from "../src/bytes.js";
import { Actor, ChangeHash } from "../src/ids.js";
import { startAutomerge } from "./start.js";

beforeAll(startAutomerge);

/** The files' own form: written by this repository's Rust tests. */
type Step =
  | { readonly raw: string; readonly hash: string }
  | {
      readonly raw?: never;
      readonly shown: readonly (number | string)[];
      readonly actor: string;
      readonly at: number;
      readonly edits: readonly Edit[];
      readonly hash?: string;
      readonly error?: string;
      readonly problem?: string;
      readonly path?: string;
    };
interface History {
  readonly kind: Kind;
  readonly steps: readonly Step[];
  readonly heads: readonly string[];
  readonly projection: unknown;
  readonly conflicts: unknown;
  readonly problems: readonly (readonly [string, string])[];
  readonly messages: readonly (readonly [string, string, string])[];
  readonly summary: unknown;
}

const DIRECTORY = fileURLToPath(new URL("../../vectors/histories/", import.meta.url));
const FILES = readdirSync(DIRECTORY);

function outcome(doc: Doc, kind: Kind, step: Step, hashes: readonly (string | undefined)[]): unknown {
  if (step.raw !== undefined) {
    const raw = fromHex(step.raw);
    doc.apply([raw]);
    return { hash: hashOfChange(raw) };
  }
  const shown = step.shown.map((name) => ChangeHash.parse(typeof name === "number" ? (hashes[name] ?? "") : name));
  const heads = shown.length === 0 ? constantHashes(kind) : shown;
  try {
    const { hash, raw } = apply(doc, kind, heads, Actor.parse(step.actor), step.at, step.edits);
    expect(hashOfChange(raw)).toBe(hash);
    return { hash };
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    const { code, problem } = error;
    return { error: code, ...(problem === null ? {} : { problem: problem.code, path: problem.path }) };
  }
}

test("the histories are there", () => {
  expect(FILES.length).toBeGreaterThanOrEqual(60);
});

test.each(FILES)("%s is written and read as in Rust", (file) => {
  const history: History = JSON.parse(readFileSync(DIRECTORY + file, "utf8"));
  const { kind } = history;
  const doc = blank(kind);
  const hashes: (string | undefined)[] = [];
  history.steps.forEach((step, at) => {
    const { hash } = step;
    const { error, problem, path } = "error" in step ? step : {};
    const wanted = error === undefined ? { hash } : { error, ...(problem === undefined ? {} : { problem, path }) };
    expect([at, outcome(doc, kind, step, hashes)]).toStrictEqual([at, wanted]);
    hashes.push(hash);
  });
  expect(doc.heads()).toStrictEqual(history.heads);
  const { projection, conflicts, problems } = read(kind, doc);
  expect(projection).toStrictEqual(history.projection);
  expect(conflicts).toStrictEqual(history.conflicts);
  expect(problems.map(({ path, code }) => [path, code])).toStrictEqual(history.problems);
  const messages = new Set(problems.map(({ code, message }) => JSON.stringify([code, message.fr, message.en])));
  expect(messages).toStrictEqual(new Set(history.messages.map((message) => JSON.stringify(message))));
  expect(kind === "case" ? summary(projection) : null).toStrictEqual(history.summary);
  doc.free();
});
