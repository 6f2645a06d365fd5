/**
 * Promise checked here: dates, births, human codes, shapes and the signed configuration are read as in the Rust crate,
 * which wrote `vectors/values.json` and `vectors/configuration.json`.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { ageOn, birthDays, birthEnglish, birthFrench, birthText, BirthError, parseBirth } from "../src/documents/birth.js";
import { codeText, CodeError, deviceLetters, nextCode, parseCode } from "../src/documents/code.js";
import { codeOf, ConfigurationError, placesNamed, SignedConfiguration } from "../src/documents/config.js";
import { dateEnglish, dateFrench, dateOfEpochDays, dateText, firstDay, lastDay, nextDay, parseDate } from "../src/documents/date.js";
import { shape } from "../src/documents/schema.js";
import type { ShapeJson } from "../src/documents/schema.js";
import { wanted } from "../src/documents/shape.js";
import type { Birth, Configuration, Label } from "../src/documents/types.js";
import { encode } from "../src/documents/value.js";
import { fromHex } from "../src/bytes.js";
import { fromCbor } from "../src/wire/codec.js";

/** The files' own form: written by this repository's Rust tests. */
interface Values {
  readonly dates: readonly { text: string; first?: string; last?: string; next?: string; fr?: string; en?: string }[];
  readonly epoch_days: readonly (readonly [number, string])[];
  readonly births: readonly ({ text: string; error: string } | BirthRead)[];
  readonly days: readonly string[];
  readonly codes: readonly { text: string; is?: string; error?: string }[];
  readonly next_codes: readonly { year: number; letters: string; last: number; is: string | null; error: string | null }[];
  readonly letters: readonly (readonly [number, string | null])[];
  readonly texts: readonly string[];
  readonly shapes: readonly { shape: ShapeJson; wanted: Label; fits: readonly number[] }[];
}
interface BirthRead {
  readonly text: string;
  readonly error?: never;
  readonly is: Birth;
  readonly written: string;
  readonly days: readonly [string, string];
  readonly fr: string;
  readonly en: string;
  readonly ages: readonly (readonly [number, number] | null)[];
}
interface Signed {
  readonly hub: string;
  readonly signed: string;
  readonly later: string;
  readonly other_constants: string;
  readonly configuration: unknown;
  readonly words: readonly (readonly [string, string | null])[];
  readonly places: readonly (readonly [string, readonly string[]])[];
}

const vector = (name: string): string => readFileSync(new URL(`../../vectors/${name}`, import.meta.url), "utf8");
const values: Values = JSON.parse(vector("values.json"));
const configured: Signed = JSON.parse(vector("configuration.json"));

function outcome<T>(step: () => T): T | string {
  try {
    return step();
  } catch (error) {
    if (error instanceof BirthError || error instanceof CodeError || error instanceof ConfigurationError) return error.code;
    throw error;
  }
}

test("dates", () => {
  for (const { text, ...known } of values.dates) {
    const date = parseDate(text);
    const read = date && {
      first: dateText(firstDay(date)),
      last: dateText(lastDay(date)),
      next: dateText(nextDay(date)),
      fr: dateFrench(date),
      en: dateEnglish(date),
    };
    expect([text, read ?? {}]).toStrictEqual([text, known]);
    if (date !== undefined) expect(dateText(date)).toBe(text);
  }
  for (const [days, text] of values.epoch_days) expect(dateText(dateOfEpochDays(days))).toBe(text);
});

test("births", () => {
  for (const known of values.births) {
    if (known.error !== undefined) {
      expect([known.text, outcome(() => parseBirth(known.text))]).toStrictEqual([known.text, known.error]);
      continue;
    }
    const birth = parseBirth(known.text);
    const ages = values.days.map((text) => {
      const day = parseDate(text);
      return day === undefined ? null : (ageOn(birth, day) ?? null);
    });
    const read = {
      text: known.text,
      is: birth,
      written: birthText(birth),
      days: birthDays(birth).map(dateText),
      fr: birthFrench(birth),
      en: birthEnglish(birth),
      ages,
    };
    expect(read).toStrictEqual(known);
  }
});

test("human codes", () => {
  for (const { text, is, error } of values.codes) {
    expect([text, outcome(() => codeText(parseCode(text)))]).toStrictEqual([text, is ?? error]);
  }
  for (const { year, letters, last, is, error } of values.next_codes) {
    expect([last, outcome(() => codeText(nextCode("GOG", year, letters, last)))]).toStrictEqual([last, is ?? error]);
  }
  for (const [n, text] of values.letters) expect(deviceLetters(n) ?? null).toBe(text);
});

test("which texts fit which shape", () => {
  expect(new Set(values.shapes.map((known) => shape(known.shape).is)).size).toBe(16);
  for (const known of values.shapes) {
    const of = shape(known.shape);
    const fits = values.texts.flatMap((text, at) => (encode(text, of) === undefined ? [] : [at]));
    expect([of, fits, wanted(of)]).toStrictEqual([of, known.fits, known.wanted]);
  }
  // What no Rust text can be: half of a character.
  expect(encode("\ud800", { is: "text" })).toBe(undefined);
});

const verified = (hex: string): Configuration =>
  SignedConfiguration.verify(fromCbor(SignedConfiguration, fromHex(hex)), fromHex(configured.hub));

test("a configuration that Rust signed is read, one with other constants is not", () => {
  expect(verified(configured.signed)).toStrictEqual(configured.configuration);
  expect(verified(configured.later)).toStrictEqual(configured.configuration);
  expect(outcome(() => verified(configured.other_constants))).toBe("configuration-constants");
});

test("clerks' words find their codes", () => {
  const configuration = verified(configured.signed);
  for (const [word, code] of configured.words) {
    expect([word, codeOf(configuration, "countries", word) ?? null]).toStrictEqual([word, code]);
  }
  for (const [name, codes] of configured.places) {
    expect(placesNamed(configuration, name).map((place) => place.code)).toStrictEqual(codes);
  }
});
