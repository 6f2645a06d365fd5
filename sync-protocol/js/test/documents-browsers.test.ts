/**
 * Promise checked here: what a browser writes is for ever the same bytes. The files of `vectors/histories-js/` are also
 * read by the Rust crate, whose gate must take every change of them and read the same.
 *
 * `SEGIN_WRITE_VECTORS=1` writes the files anew; then run the Rust test `documents` too.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";

import { KIND_CODES } from "../src/documents/types.js";
import type { Kind } from "../src/documents/types.js";
import { history, replayed } from "./generate.js";
import type { Made } from "./generate.js";
import { startAutomerge } from "./start.js";

beforeAll(startAutomerge);

/** Histories of each kind; a case holds more, so it has more. */
const SEEDS: Readonly<Record<Kind, number>> = { case: 6, movement: 4, household: 3, annex: 3, link: 2, referral: 4 };
const KINDS: readonly Kind[] = ["case", "movement", "household", "annex", "link", "referral"];
const FILES = KINDS.flatMap((kind) => Array.from({ length: SEEDS[kind] }, (_, seed) => ({ kind, seed })));
const DIRECTORY = fileURLToPath(new URL("../../vectors/histories-js/", import.meta.url));

test("every kind has histories", () => {
  expect(KINDS).toHaveLength(Object.keys(KIND_CODES).length);
});

test.each(FILES)("$kind-$seed is written as it was", ({ kind, seed }) => {
  const path = `${DIRECTORY}${kind}-${seed}.json`;
  if (process.env["SEGIN_WRITE_VECTORS"] !== undefined) {
    mkdirSync(DIRECTORY, { recursive: true });
    writeFileSync(path, replayed(kind, history(kind, seed)));
  }
  const text = readFileSync(path, "utf8");
  const { steps }: { readonly steps: readonly Made[] } = JSON.parse(text);
  expect(replayed(kind, steps) === text, "not as it was: SEGIN_WRITE_VECTORS=1 writes it anew").toBe(true);
});
