/**
 * Seeded random histories as a browser makes them: several actors, concurrent work at older heads, every kind of edit.
 * Its own generator, not the Rust crate's: what one did not think of, the other may have. All of it is made up.
 */
import type { Doc } from "../src/documents/am.js";
import { blank } from "../src/documents/constant.js";
import { makeBirth } from "../src/documents/birth.js";
import { codeText, deviceLetters, nextCode } from "../src/documents/code.js";
import { EditError } from "../src/documents/edit.js";
import { entriesOf, read } from "../src/documents/project.js";
import { groups, hasEntries } from "../src/documents/schema.js";
import type { Field, Group, Shape } from "../src/documents/schema.js";
import { STATES } from "../src/documents/shape.js";
import type { Answer, Edit, Kind, When } from "../src/documents/types.js";
import { actorFits, apply } from "../src/documents/write.js";
import { toHex } from "../src/bytes.js";
import { Actor, ChangeHash } from "../src/ids.js";

/** Random numbers that are the same for ever. */
class Random {
  constructor(private state: number) {}

  /** A whole number from 0 to `end` - 1. */
  below(end: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  one<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }

  percent(chance: number): boolean {
    return this.below(100) < chance;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

const WORDS = [
  "Kadiatou",
  "Sékou",
  "Ousmane dit « Vieux »",
  "🧕🏾 vendeuse",
  "ⴰⵎⴰⵣⵉⵖ",
  "à deux\nlignes",
  "ﷺ",
  "Z\u0335a\u0335",
  "\u{10ffff}",
  "\u2028ligne",
  "?peut-être",
];

const uuid = (n: number): string => `${String(n).repeat(8)}-0000-4000-8000-${String(n).repeat(12)}`;

/** Noon of 30 April 2024. */
const NOON = 1_714_478_400_000;

export interface Made {
  readonly shown: readonly string[];
  readonly actor: string;
  readonly at: number;
  readonly edits: readonly Edit[];
  readonly hash?: string;
  readonly raw?: string;
  readonly error?: string;
}

type Step = Pick<Made, "shown" | "actor" | "at" | "edits">;

/** One call of `apply`, and what came of it. */
function stepped(doc: Doc, kind: Kind, step: Step): Made {
  const { shown, actor, at, edits } = step;
  try {
    const { hash, raw } = apply(doc, kind, shown.map(ChangeHash.parse), Actor.parse(actor), at, edits);
    return { ...step, hash, raw: toHex(raw) };
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    return { ...step, error: error.code };
  }
}

class Writer {
  readonly steps: Made[] = [];
  readonly doc: Doc;
  private readonly screens: ChangeHash[][];
  private readonly actors: Actor[];
  private readonly entries = new Map<string, string[]>();
  private readonly groups: readonly Group[];

  constructor(
    private readonly kind: Kind,
    private readonly random: Random,
  ) {
    this.doc = blank(kind);
    this.screens = [this.doc.heads()];
    this.actors = [1, 2, 3].map((lease) => this.actor(lease));
    const all = groups(kind);
    const some = all.filter(() => random.percent(40));
    this.groups = some.length === 0 ? all : some;
  }

  private actor(lease: number): Actor {
    return Actor.parse(`${String(lease).repeat(16)}${toHex(this.random.bytes(8))}`);
  }

  private entryId(): string {
    return Buffer.from(this.random.bytes(8)).toString("base64url");
  }

  step(turn: number): void {
    const { random, doc } = this;
    const shown = random.percent(65) ? doc.heads() : random.one(this.screens);
    let actor = random.one(this.actors);
    if (!actorFits(doc, shown, actor)) {
      actor = this.actor(1 + random.below(3));
      this.actors.push(actor);
    }
    const at = random.percent(5) ? -86_400_001 : NOON + turn * 90_000 + random.below(2_000);
    const edits = Array.from({ length: 1 + random.below(4) }, () => this.edit());
    const made = stepped(doc, this.kind, { shown, actor, at, edits });
    this.steps.push(made);
    if (made.error !== undefined) return;
    for (const edit of edits) {
      if (edit.edit === "add") this.entries.set(edit.group, [...(this.entries.get(edit.group) ?? []), edit.entry]);
    }
    this.screens.push(doc.heads());
  }

  private edit(): Edit {
    const group = this.random.one(this.groups);
    if (hasEntries(group)) return this.entry(group);
    if (group.rule.is !== "set") {
      const field = this.random.one(group.fields.slice(0, this.random.percent(50) ? 2 : undefined));
      return { edit: "set", field: `${group.key}.${field.key}`, value: this.answer(field.shape, group) };
    }
    const member = group.rule.member.is === "document" ? uuid(this.random.below(5)) : this.random.one(["bam", "fra", "snk"]);
    if (this.random.percent(25)) return { edit: "exclude", set: group.key, member };
    const said = this.random.percent(50) ? { value: this.answer(group.rule.value, group) } : {};
    return { edit: "include", set: group.key, member, ...said };
  }

  private entry(group: Group): Edit {
    const known = this.entries.get(group.key) ?? [];
    const place = { group: group.key, entry: known.length === 0 ? "" : this.random.one(known) };
    const chance = known.length === 0 ? 0 : this.random.below(10);
    const late = group.fields.filter((field) => field.late);
    if (chance >= 8) return { edit: "void", ...place, reason: "doublon", ...(chance === 9 ? {} : { to: this.reference() }) };
    if (chance === 7) return { edit: "decide", ...place, stands: this.random.percent(50) };
    if (chance < 4 || late.length === 0) return this.add(group);
    const field = this.random.one(late);
    if (field.shape.is === "note") return this.rewrite(place, field);
    return { edit: "amend", ...place, field: field.key, value: this.answer(field.shape, group) };
  }

  private add(group: Group): Edit {
    const fields = group.fields.filter((field) => field.required || this.random.percent(40));
    const values = Object.fromEntries(fields.map((field) => [field.key, this.answer(field.shape, group)]));
    const at = this.random.percent(30) ? { at: this.when() } : {};
    const from = this.random.percent(10) ? { from: this.reference() } : {};
    return { edit: "add", group: group.key, entry: this.entryId(), values, ...at, ...from };
  }

  private rewrite(place: { readonly group: string; readonly entry: string }, field: Field): Edit {
    const { projection } = read(this.kind, this.doc);
    const view = entriesOf(projection, place.group).find(({ entry }) => entry === place.entry);
    const shown = view?.fields[field.key]?.value;
    const before = typeof shown === "string" ? shown : "";
    const letters = [...before];
    const at = this.random.below(letters.length + 1);
    const after = [...letters.slice(0, at), this.random.one(WORDS), ...letters.slice(at + this.random.below(3))].join("");
    return { edit: "rewrite", ...place, field: field.key, before: this.random.percent(80) ? before : "autre", after };
  }

  private when(): When {
    const at = this.random.one(["2024-05", "2024-05-01", "2024-05-01T00:59", "2019"]);
    return { at, source: this.random.one(["clock", "declared", "paper"] as const) };
  }

  private reference(): { readonly case: string; readonly group: string; readonly entry: string } {
    return { case: uuid(this.random.below(5)), group: "assistance", entry: this.entryId() };
  }

  private answer(shape: Shape, group: Group): Answer {
    const { random } = this;
    if (random.percent(10)) return { state: random.one(STATES) };
    switch (shape.is) {
      case "text":
        return random.one(WORDS);
      case "note":
        return `${random.one(WORDS)} — ${random.one(WORDS)}`;
      case "code":
        return random.one(["SEN", "GIN", "autre.2", "a-b_c"]);
      case "choice":
        return random.one(shape.choices);
      case "number":
        return random.one([shape.least, shape.most, Math.floor((shape.least + shape.most) / 2)]);
      case "flag":
        return random.percent(50);
      case "date":
        return random.one(["1987", "1987-12", "2000-02-29"]);
      case "when":
        return this.when();
      case "birth":
        return random.one([
          makeBirth("day", "2000-02-29", "document"),
          makeBirth("approximate", "1970", "estimated"),
          makeBirth("age_only", "007", "declared", "2024-04-30"),
          "month 1988-10 declared",
        ]);
      case "place":
        return { code: random.one(["ML05", "ML0501"]), scheme: "cod", vintage: random.one([2019, 2021]) };
      case "document":
        return uuid(random.below(5));
      case "site":
        return random.one(["GOG", "KAY"]);
      case "partner":
        return random.one(["OIM", "CRM"]);
      case "humanCode":
        return codeText(nextCode("KAY", 24, deviceLetters(random.below(961)) ?? "AA", random.below(99_999)));
      case "entry":
        return this.reference();
      case "entries":
        return [...(this.entries.get(group.key) ?? []).slice(-2), this.entryId()];
    }
  }
}

/** A new history. */
export function history(kind: Kind, seed: number): readonly Made[] {
  const random = new Random(seed * 7_919 + kind.length);
  const writer = new Writer(kind, random);
  for (let turn = 0, turns = 8 + random.below(8); turn < turns; turn += 1) writer.step(turn);
  writer.doc.free();
  return writer.steps;
}

/** The file of a history whose steps are made again, and how it reads in the end. */
export function replayed(kind: Kind, made: readonly Made[]): string {
  const doc = blank(kind);
  const steps = made.map(({ shown, actor, at, edits }) => JSON.stringify(stepped(doc, kind, { shown, actor, at, edits }))).join(",\n");
  const { projection, conflicts } = read(kind, doc);
  const rest = Object.entries({ heads: doc.heads(), projection, conflicts });
  doc.free();
  const reading = rest.map(([key, value]) => `,\n"${key}":${JSON.stringify(value)}`).join("");
  return `{"kind":"${kind}","steps":[\n${steps}]${reading}}\n`;
}
