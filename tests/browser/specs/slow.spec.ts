/**
 * A first exchange over a link as they are at border posts: 32 kbit a second, 300 ms, cut again and again. It finishes,
 * shows that it goes on, and after a cut at most one batch travels again (promise 6).
 */
import { App } from "../src/app.ts";
import { register } from "../src/crowd.ts";
import { text } from "../src/json.ts";
import type { Link } from "../src/link.ts";
import { expect, test } from "../src/test.ts";

/** People whom the hub knows already. */
const PEOPLE = 500;
/** Bytes a second of 32 kbit a second. */
const PACE = 4_000;
/** The app sizes a batch to what the link carries in four seconds; at most so many bytes, with its header, travel again. */
const BATCH_BYTES = 4 * PACE;
/** An answer below brings nothing but itself. */
const QUIET_BYTES = 400;
/** Exchanges after which something is wrong: six cuts, and pieces of four seconds. */
const TRIES = 40;

test("a first exchange of 500 people over a slow link that breaks ends with everything, and little twice", async ({ stage }) => {
  test.setTimeout(240_000);
  const { hub } = stage;
  await register(hub, `${stage.folder}/crowd`, PEOPLE);
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  // The app itself is installed where there is a network; the enrolment's own first exchange is cut off.
  const page = await phone.open(`#i=${await hub.invite(user)}`);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const app = new App(page);
  const cuts = [700, 3_000, 5_000, 1, 9_000, 2_500];
  link.cutAfter("down", cuts, "/v1/exchange");
  link.set({ bytesPerSecond: PACE, delayMs: 300 });
  await app.enrol();

  await app.record("Sira", "Canari");
  const progress = page.getByText(/fiches lues/).first().waitFor();
  await untilQuiet(app, link);
  await progress;
  expect(link.cuts).toBe(cuts.length);
  await app.home();
  await app.expectRungs({ phone: 0, hub: 1, two: 0 });
  const cases = await hub.cases();
  for (const one of cases.filter((_, number) => number % 50 === 0)) await app.expectFound(text(one, "code"));

  // What the cuts cost: the same over a whole link on another phone is the measure.
  const other = await stage.newLink();
  const fresh = new App(await stage.newPhone(other).open(`#i=${await hub.invite(user)}`));
  await fresh.enrol();
  await untilQuiet(fresh, other);
  expect(downOf(link)).toBeLessThanOrEqual(downOf(other) + cuts.length * BATCH_BYTES);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});

function downOf(link: Link): number {
  return link.of("/v1/exchange").reduce((sum, one) => sum + one.down, 0);
}

/** Exchanges until an answer brings nothing more. */
async function untilQuiet(app: App, link: Link): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    await app.sendNow();
    const last = link.of("/v1/exchange").at(-1);
    if (last?.status === 200 && last.down < QUIET_BYTES) return;
  }
  throw new Error(`after ${TRIES} exchanges something still comes`);
}
