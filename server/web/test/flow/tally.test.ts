/** The headcount and the movement: 100 people in at most 25 taps, however they are made up; clerks are summed. */
import { describe, expect, test } from "vitest";
import { addAnonymous, announce, beginArrival, compare, tickArrived, untick } from "../../src/flow/movement.js";
import { announcedOf, COUNT_STEPS, NOBODY, sum, Tally, total, type CountGroup } from "../../src/flow/tally.js";
import { FakeEditing, ME, NOW } from "./fake.js";

/** How a finger counts up to a number with the buttons: large ones first, one less where that is shorter. */
function tapsFor(count: number): (typeof COUNT_STEPS)[number][] {
  const up = (rest: number): (typeof COUNT_STEPS)[number][] => {
    const taps: (typeof COUNT_STEPS)[number][] = [];
    for (const step of [10, 5, 1] as const) for (; rest >= step; rest -= step) taps.push(step);
    return taps;
  };
  const less: (typeof COUNT_STEPS)[number][] = [...up(count + 1), -1];
  const straight = up(count);
  return less.length < straight.length ? less : straight;
}

describe("the headcount", () => {
  test("100 people, however they are made up of men, women, boys and girls: at most 25 taps", () => {
    let most = 0;
    const needed = Array.from({ length: 101 }, (_, count) => tapsFor(count).length);
    for (let men = 0; men <= 100; men += 1) {
      for (let women = 0; men + women <= 100; women += 1) {
        for (let boys = 0; men + women + boys <= 100; boys += 1) {
          const taps = [men, women, boys, 100 - men - women - boys].reduce((sum, count) => sum + (needed[count] ?? 0), 0);
          most = Math.max(most, taps);
        }
      }
    }
    console.info(`a headcount of 100: at most ${most} taps`);
    expect(most).toBeLessThanOrEqual(25);
  });

  test("taps make one entry of this clerk's, corrected downwards and never below nobody", async () => {
    const editing = new FakeEditing("m1", "movement");
    const tally = new Tally(editing, ME);
    const counts: [CountGroup, number][] = [["men", 41], ["women", 30], ["boys", 17], ["girls", 12]];
    let taps = 0;
    for (const [group, count] of counts) {
      for (const step of tapsFor(count)) {
        await tally.tap(group, step);
        taps += 1;
      }
    }
    expect(taps).toBeLessThanOrEqual(25);
    expect(tally.mine).toEqual({ men: 41, women: 30, boys: 17, girls: 12, others: 0 });
    expect(total(tally.all)).toBe(100);
    await tally.tap("others", -1);
    expect(tally.mine.others).toBe(0);
    await tally.tap("girls", 10);
    await tally.undo();
    expect(tally.mine.girls).toBe(12);
    await editing.leave();
    expect(editing.committed[0]).toHaveLength(1);
    // After the change it is amended, also by who opens the movement again.
    const again = new Tally(editing, ME);
    await again.tap("men", 1);
    expect(again.mine.men).toBe(42);
    expect(editing.pending).toMatchObject([{ edit: "amend", field: "men", value: 42 }]);
    // Another clerk has a tally of their own, and both are summed.
    const other = new Tally(editing, "ffffffffffffffff");
    await other.tap("men", 5);
    expect(other.mine).toEqual({ ...NOBODY, men: 5 });
    expect(other.all.men).toBe(47);
    expect(sum([other.mine, NOBODY]).men).toBe(5);
  });
});

test("taps that come faster than the store saves are all counted", async () => {
  const editing = new FakeEditing("m1", "movement");
  const stored = editing.edit.bind(editing);
  editing.edit = (edit) => Promise.resolve().then(() => stored(edit));
  const tally = new Tally(editing, ME);
  await Promise.all([1, 2, 3].flatMap(() => [tally.tap("men", 10), tally.tap("girls", 1), tally.tap("men", -1)]));
  expect(tally.mine).toEqual({ ...NOBODY, men: 27, girls: 3 });
  expect(editing.pending).toHaveLength(1);
});

describe("a movement", () => {
  test("announced and counted are different things, ticked against the list", async () => {
    const editing = new FakeEditing("m1", "movement");
    for (const edit of beginArrival({ site: "GOG", now: NOW, country: "MRT", category: "expulsion", mode: "road", vehicle: "" })) await editing.edit(edit);
    for (const edit of announce({ total: 110, men: 60 }, "Consulat")) await editing.edit(edit);
    expect(editing.pending.some((edit) => edit.edit === "set" && edit.field === "trip.vehicle")).toBe(false);
    expect(editing.answer("trip.arrived")).toEqual({ at: "2024-04-30T02:10", source: "clock" });
    expect(announcedOf(editing)).toEqual({ total: 110, men: 60 });
    for (const expected of ["a", "b", "c"]) await editing.edit({ edit: "include", set: "expected", member: expected });
    for (const arrived of ["a", "x", "y"]) await editing.edit(tickArrived(arrived, NOW));
    await editing.edit(untick("y"));
    await editing.edit(addAnonymous(editing.entry(), { sex: "m", band: "18-59", items: "Eau" }, NOW));
    await editing.leave();
    expect(compare(editing.pending, editing.opened?.projection, 110, 100)).toEqual({
      announced: 110, counted: 100, registered: 2, anonymous: 1, missing: 97, absent: ["b", "c"], unlisted: ["x"],
    });
    const line = editing.committed[0]?.find((edit) => edit.edit === "add" && edit.group === "anonymous");
    expect(line).toMatchObject({ values: { sex: "m", band: "18-59", items: "Eau" } });
  });

  test("announced by parts alone is summed", async () => {
    const editing = new FakeEditing("m1", "movement");
    for (const edit of announce({ men: 102, women: 75, boys: 41, girls: 29 })) await editing.edit(edit);
    expect(announcedOf(editing).total).toBe(247);
  });
});
