/** The device as a shell holds it: turns one at a time, stores that are damaged, what a screen reads. */
import { beforeAll, expect, test } from "vitest";

import { changes, Device, EditRequest, RowError, view } from "../src/device/index.js";
import type { Effect, Event, Inputs, Report } from "../src/device/index.js";
import { Hub } from "./hub.js";
import { Phone } from "./phone.js";
import { startAutomerge } from "./start.js";
import { Invitation } from "../src/wire/enrolment.js";

beforeAll(startAutomerge);

const inputs = (byte: number): Inputs => ({ now: 1_714_488_300_000, seed: new Uint8Array(32).fill(byte) });

function begin(given: string): Event {
  const edits = [{ edit: "set", field: "identity.given", value: given }] as const;
  return { is: "edit", requests: [EditRequest.begin("case", edits)] };
}

async function enrolled(): Promise<Phone> {
  const phone = new Phone("device");
  await phone.give({ is: "enrol", invitation: Invitation.parse("7K3Q-M2XP-9WTA") });
  await phone.goOn(new Hub());
  return phone;
}

function reportsOf(effects: readonly Effect[]): Report[] {
  return effects.flatMap((effect) => (effect.is === "report" ? [effect.report] : []));
}

test("turns are taken one at a time, in the order in which they were handed in", async () => {
  const { device } = await enrolled();
  const events = ["Awa", "Moussa", "Fanta"].map(begin);
  const turns = await Promise.all(events.map((event, index) => device.handle(event, inputs(index + 1))));
  const codes = turns.flatMap(reportsOf).map((report) => {
    return typeof report === "object" && "Recorded" in report ? report.Recorded.code : null;
  });
  expect(codes.map((code) => code?.slice(0, 14))).toEqual(["GOG-24-K2-0001", "GOG-24-K2-0002", "GOG-24-K2-0003"]);
  expect(device.works().map((work) => work.sealed)).toEqual([1, 2, 3]);
  expect(device.counter).toBe(3);
});

test("after a turn that failed nothing more is taken", async () => {
  const { device } = await enrolled();
  const failed = device.handle(begin("Awa"), { now: 0, seed: new Uint8Array(31) });
  const next = device.handle(begin("Moussa"), inputs(2));
  await expect(failed).rejects.toThrow(RangeError);
  await expect(next).rejects.toThrow(RangeError);
  expect(device.works()).toEqual([]);
});

test("a stored row that cannot be read is named by its table and nothing else", async () => {
  const phone = await enrolled();
  await phone.give(begin("Awa"));
  for (const [damaged] of phone.store.hot()) {
    const rows = phone.store.hot().map(([key, bytes]) => [key, key === damaged ? bytes.slice(1) : bytes] as const);
    try {
      Device.open(rows, inputs(3));
      expect.unreachable(`${damaged.is} was read`);
    } catch (error) {
      expect(error).toBeInstanceOf(RowError);
      if (error instanceof RowError) expect(error.key).toBe(damaged.is);
    }
  }
});

test("rows are read in any order", async () => {
  const phone = await enrolled();
  for (const name of ["Awa", "Moussa", "Fanta"]) await phone.give(begin(name));
  const reopened = Device.open(phone.store.hot().reverse(), inputs(3));
  expect(reopened.works()).toEqual(phone.device.works());
  expect(reopened.entries()).toEqual(phone.device.entries());
});

test("a stored copy is read with its heads and its changes; a damaged one is not", async () => {
  const phone = await enrolled();
  await phone.give(begin("Awa"));
  const [work] = phone.device.works();
  if (work === undefined) throw new Error("nothing was recorded");
  const saved = phone.store.get({ is: "copy", document: work.document });
  if (saved === null) throw new Error("no copy was stored");
  const shown = view("case", saved);
  expect(shown?.heads).toEqual([work.hash]);
  expect(shown?.projection.groups["identity"]).toMatchObject({ given: { value: "Awa" } });
  expect(changes("case", saved)).toEqual([work.hash]);
  const damaged = saved.with(saved.length - 5, 255 - (saved[saved.length - 5] ?? 0));
  expect(view("case", damaged)).toBeNull();
  expect(changes("case", damaged)).toBeNull();
});
