/** The link's budget and the clockwork of exchanges, without a network and without waiting. */
import { describe, expect, it } from "vitest";
import { BUDGET_MAX, BUDGET_MIN, Link, measured } from "../src/engine/link.js";
import { Syncer } from "../src/engine/syncer.js";
import type { Run } from "../src/engine/syncer.js";
import { CONTACT_MILLIS, RETRY_FIRST_MILLIS, RETRY_LAST_MILLIS, SEND_AFTER_MILLIS } from "../src/limits.js";

describe("a batch", () => {
  it("is what the link carries in four seconds", () => {
    expect(measured(64_000, 40_000, 10_000)).toBe(16_000);
    expect(measured(64_000, 500, 100)).toBe(128_000);
    expect(measured(64_000, 500, 2_000)).toBe(64_000);
    expect(measured(64_000, 1_000_000, 1)).toBe(BUDGET_MAX);
    expect(measured(64_000, 10_000, 1_000_000)).toBe(BUDGET_MIN);
  });

  it("is smaller after a cut, and the hub's own words are told", async () => {
    const answers: (() => Response)[] = [
      () => {
        throw new TypeError("cut");
      },
      () => Response.json({ code: "store-full", message: "the disk is full" }, { status: 507 }),
      () => new Response(Uint8Array.of(1, 2, 3)),
    ];
    let carried = 0;
    const link = new Link(async () => (answers.shift() ?? (() => Response.error()))(), () => 0, (up, down) => (carried += up + down));
    const before = link.budget;
    await expect(link.post("exchange", Uint8Array.of(1))).rejects.toMatchObject({ code: "link-cut" });
    expect(link.budget).toBe(before / 2);
    await expect(link.post("exchange", Uint8Array.of(1))).rejects.toMatchObject({ code: "store-full" });
    expect(await link.post("exchange", Uint8Array.of(1))).toEqual(Uint8Array.of(1, 2, 3));
    expect(carried).toBeGreaterThan(4);
  });
});

describe("exchanges", () => {
  function clockwork(run: () => Promise<Run>): { syncer: Syncer; due: () => number | null; ring: () => void } {
    let next: { step: () => void; millis: number } | null = null;
    const timer = {
      set: (step: () => void, millis: number) => {
        next = { step, millis };
        return 1;
      },
      clear: () => {
        next = null;
      },
    };
    const syncer = new Syncer(run, timer, () => 0.5);
    return { syncer, due: () => next?.millis ?? null, ring: () => next?.step() };
  }

  it("pause longer and longer while nobody answers, and no longer once something moves", async () => {
    let run: Run = { failed: true, moved: false, left: true };
    const { syncer, due } = clockwork(async () => run);
    syncer.start();
    expect(due()).toBe(SEND_AFTER_MILLIS);
    const pauses: (number | null)[] = [];
    for (let n = 0; n < 8; n += 1) {
      await syncer.now();
      pauses.push(due());
    }
    expect(pauses[0]).toBe(2 * RETRY_FIRST_MILLIS);
    expect(pauses.at(-1)).toBe(RETRY_LAST_MILLIS);
    expect(pauses).toEqual([...pauses].sort((a, b) => (a ?? 0) - (b ?? 0)));
    syncer.recorded();
    expect(due()).toBe(RETRY_LAST_MILLIS);
    run = { failed: true, moved: true, left: true };
    await syncer.now();
    expect(due()).toBe(RETRY_FIRST_MILLIS);
    syncer.hint();
    expect(due()).toBe(0);
    run = { failed: false, moved: true, left: false };
    await syncer.now();
    expect(due()).toBe(CONTACT_MILLIS);
  });

  it("are made one at a time; what was asked meanwhile follows", async () => {
    let [running, most, runs] = [0, 0, 0];
    const { syncer } = clockwork(async () => {
      running += 1;
      runs += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return { failed: false, moved: true, left: false };
    });
    syncer.start();
    await Promise.all([syncer.now(), syncer.now(), syncer.now()]);
    expect(most).toBe(1);
    expect(runs).toBe(2);
  });
});
