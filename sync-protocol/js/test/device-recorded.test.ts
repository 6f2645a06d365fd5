/**
 * Traces of this device, for the other direction: stories that begin here, recorded in `vectors/traces-js/`, which the
 * Rust crate replays (`device/tests/js_traces.rs`). `SEGIN_WRITE_VECTORS=1` writes the files anew; a change in them is a
 * change of the protocol.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { sha256 } from "@noble/hashes/sha2.js";
import { beforeAll, expect, test } from "vitest";

import { utf8 } from "../src/bytes.js";
import { EditRequest } from "../src/device/index.js";
import type { Event, Report } from "../src/device/index.js";
import type { Edit, Kind } from "../src/documents/types.js";
import { DocumentId } from "../src/ids.js";
import type { ChangeHash } from "../src/ids.js";
import type { Fate } from "../src/wire/answer.js";
import { Invitation } from "../src/wire/enrolment.js";
import { Hub } from "./hub.js";
import { Phone } from "./phone.js";
import { startAutomerge } from "./start.js";

const FOLDER = new URL("../../vectors/traces-js/", import.meta.url);
/** Random stories. */
const STORIES = 12;
/** Steps of one. */
const STEPS = 9;

beforeAll(startAutomerge);

function isAsRecorded(name: string, phone: Phone): void {
  const file = new URL(`${name}.jsonl`, FOLDER);
  const text = phone.lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  if (process.env["SEGIN_WRITE_VECTORS"] !== undefined) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
  }
  const recorded = readFileSync(file, "utf8").split("\n");
  for (const [index, line] of text.split("\n").entries()) expect(line, `${name}, line ${index + 1}`).toBe(recorded[index]);
}

const set = (field: string, value: string): Edit => ({ edit: "set", field, value });
const begin = (kind: Kind, ...edits: readonly Edit[]): EditRequest => EditRequest.begin(kind, edits);
const edit = (...requests: readonly EditRequest[]): Event => ({ is: "edit", requests });

async function enrolled(name: string, hub: Hub): Promise<Phone> {
  const phone = new Phone(name);
  await phone.give({ is: "enrol", invitation: Invitation.parse("7K3Q-M2XP-9WTA") });
  await phone.goOn(hub);
  expect(phone.device.lease).not.toBeNull();
  return phone;
}

/** The documents that reports name as recorded, the oldest first. */
function recorded(reports: readonly Report[]): { readonly document: DocumentId; readonly change: ChangeHash }[] {
  return reports.flatMap((report) => (typeof report === "object" && "Recorded" in report ? [report.Recorded] : []));
}

test("an enrolment that is refused, cut and tried again", async () => {
  const hub = new Hub();
  const phone = new Phone("enrol");
  const invitation = Invitation.parse("7K3Q-M2XP-9WTA");
  await phone.give({ is: "sync", budget: 1 });
  await phone.give(edit(begin("case", set("identity.given", "Awa"))));
  await phone.give({ is: "vouch", key: new Uint8Array(33) });
  await phone.give({ is: "enrol", invitation });
  await phone.give({ is: "sync", budget: 1 });
  await phone.cut();
  phone.restart();
  await phone.give({ is: "enrol", invitation });
  await phone.goOn(hub);
  await phone.give({ is: "enrol", invitation });
  isAsRecorded("enrol", phone);
});

test("edits of every sort, refused ones, taps while the store is read, restarts, readings, vouchers", async () => {
  const phone = await enrolled("edits", new Hub());
  const note: Edit = { edit: "add", group: "notes", entry: "AAAAAAAAAAE", values: { text: "Vue à Gogui 🌍\n\"ok\"\t" } };
  await phone.give(edit(begin("case", set("identity.given", "N'Diaye \\ é"), note)));
  const [first] = recorded(phone.reports);
  if (first === undefined) throw new Error("the case was not recorded");
  const { document, change } = first;
  const on = (...edits: readonly Edit[]): EditRequest => EditRequest.change(document, "case", null, edits);
  const at = { at: "2024-04-30T14:25", source: "declared" } as const;
  const from = { case: document, group: "notes", entry: "AAAAAAAAAAE" } as const;
  const entry = "AAAAAAAAAAI";
  await phone.give(
    edit(
      on({ from, at, values: { lang: "fra", text: "b" }, entry, group: "notes", edit: "add" }),
      on({ edit: "rewrite", group: "notes", entry, field: "text", before: "b", after: "bonjour" }),
      on({ edit: "void", group: "notes", entry, reason: "twice", to: from }),
      on({ edit: "decide", group: "notes", entry, stands: true }),
    ),
  );
  const birth = { source: "declared", value: "1991", precision: "year", as_of: "2024-04-30" } as const;
  await phone.give(
    edit(
      on({ value: birth, field: "birth.date", edit: "set" }),
      on({ edit: "set", field: "birth.place_code", value: { vintage: 2021, scheme: "cod", code: "ML0103" } }),
      on({ edit: "set", field: "profile.children", value: 3 }, { edit: "set", field: "contact.safe", value: true }),
      on({ edit: "include", set: "languages", member: "bam", value: { state: "refused" } }),
      on({ edit: "exclude", set: "languages", member: "bam" }),
      on({ edit: "set", field: "identity.sex", value: "x" }),
      on({ edit: "set", field: "identity.nothing", value: "x" }),
      on({ edit: "amend", group: "notes", entry: "AAAAAAAAAAM", field: "text", value: "x" }),
      on(set("identity.given", "N'Diaye \\ é")),
      on(),
    ),
  );
  phone.restart();
  await phone.give({ is: "shown", documents: [document, DocumentId.fromBytes(new Uint8Array(16))] });
  await phone.give(
    edit(EditRequest.change(document, "case", [change], [set("identity.given", "Hawa")])),
    edit({ ...begin("movement", set("trip.from", "Tinzaouatine")), newId: DocumentId.fromBytes(new Uint8Array(16).fill(3)) }),
    { is: "sync", budget: 9 },
    { is: "shown", documents: [document] },
  );
  await phone.give({ is: "sync", budget: 9 });
  await phone.cut();
  await phone.give({ is: "vouch", key: phone.device.lease?.key ?? new Uint8Array(33) });
  await phone.give({ is: "vouch", key: phone.device.hub ?? new Uint8Array(33) });
  await phone.give({ is: "loaded", rows: [] });
  isAsRecorded("edits", phone);
});

/** Numbers drawn from a story's name. */
function dice(name: string): (sides: number) => number {
  let thrown = 0;
  return (sides) => {
    thrown += 1;
    const [high = 0, low = 0] = sha256(utf8(`${name} ${thrown}`));
    return (high * 256 + low) % sides;
  };
}

const FATES: readonly Fate[] = [
  { is: "refused", code: "gate-sequence-reused", sentence: "used before" },
  { is: "refused", code: "gate-length", sentence: "too long" },
  { is: "held", code: "held-who-pending" },
  { is: "held", code: "gate-note" },
  { is: "erased" },
];

const NAMES = ["Awa", "Moussa", "Traoré", "Fanta\nde 🌍"];

test.each(Array.from({ length: STORIES }, (_, number) => `random-${String(number).padStart(2, "0")}`))(
  "%s",
  async (name) => {
    const hub = new Hub();
    const throwing = dice(name);
    const phone = await enrolled(name, hub);
    const text = (): string => NAMES[throwing(NAMES.length)] ?? "";
    for (let step = 0; step < STEPS; step += 1) {
      const known = phone.device.entries();
      const [document, entry] = known[throwing(Math.max(known.length, 1))] ?? [];
      const isCase = entry?.kind === 1;
      const more = set(isCase ? "identity.family" : "trip.to", `${text()} ${step}`);
      const changed = document === undefined ? [] : [EditRequest.change(document, isCase ? "case" : "movement", null, [more])];
      switch (throwing(9)) {
        case 0:
          await phone.give(edit(begin("case", set("identity.given", text())), begin("movement", set("trip.from", text()))));
          break;
        case 1:
        case 2:
          await phone.give(edit(...changed));
          break;
        case 3:
          phone.restart();
          break;
        case 4:
        case 5:
        case 8: {
          await phone.give(edit(...changed, begin("case", set("identity.given", text()))));
          const fate = FATES[throwing(FATES.length)] ?? null;
          const odd = throwing(2);
          hub.verdict = (change) => (Number.parseInt(change.slice(-1), 16) % 2 === odd ? fate : null);
          await phone.sync(hub);
          hub.verdict = () => null;
          break;
        }
        case 6:
          await phone.give({ is: "shown", documents: known.map(([id]) => id) });
          await phone.give({ is: "sync", budget: 2_048 });
          await phone.cut();
          break;
        case 7:
          await phone.sync(hub);
          break;
      }
    }
    hub.orders = throwing(4) === 0 ? [{ is: "wipe", when: "after_receipts" }] : [{ is: "cloneSeen" }];
    await phone.sync(hub);
    isAsRecorded(name, phone);
  },
);
