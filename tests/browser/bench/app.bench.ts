/**
 * What the app costs on a slow phone: 5,000 people on the device, the processor slowed down four times, the real hub.
 * Prints milliseconds as the page itself sees them, from the touch to the picture that shows the answer; judges nothing.
 * `npm run bench -w tests/browser` with `SEGIN_BIN`; the machine should do nothing else.
 */
import type { CDPSession, Page } from "@playwright/test";
import { App, PASSPHRASE } from "../src/app.ts";
import { register } from "../src/crowd.ts";
import type { Link } from "../src/link.ts";
import { test } from "../src/test.ts";

/** People on the device. */
const PEOPLE = 5_000;
/** How many times slower than this machine. */
const SLOWER = 4;
/** What is looked for: names in other spellings, with their fathers' or other names, codes, villages. */
const WORDS = ["Aminata Traore", "musa kulibali", "sekou jara", "Djeneba", "Sidibe Nana", "GOG-24", "keita ibrahim", "Ousman Diarra", "village 12", "x"];
/** Cases that are opened. */
const CASES = 10;
/** Exchanges after which something is wrong. */
const EXCHANGES = 400;
/** An answer below brings nothing but itself. */
const QUIET_BYTES = 500;

declare global {
  interface Window {
    /** Waits until the page shows what the selector names and has been drawn; milliseconds since `from`. */
    shownAfter?: (from: number, isShown: () => boolean) => Promise<number>;
  }
}

test("bench", async ({ stage }) => {
  test.setTimeout(0);
  const { hub } = stage;
  await register(hub, `${stage.folder}/crowd`, PEOPLE);
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  let page = await phone.open(`#i=${await hub.invite(await hub.addUser("Awa Diarra", ["GOG"]))}`);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const app = new App(page);
  const began = performance.now();
  await app.enrol();
  await untilQuiet(app, link);
  say(`first exchange of ${PEOPLE} people, this machine's speed`, [performance.now() - began]);
  await phone.close();

  // Cold: the browser is started, the app comes from the device.
  page = await phone.openBrowser();
  const tools = await slowDown(page);
  await page.goto(`${phone.origin}/app/`);
  const door = await page.locator("#passphrase").waitFor().then(() => firstPaint(page));
  say("start to the first picture", [door]);
  say("passphrase to the home screen", [await unlock(page)]);
  say("the same once more, after locking", [await lockAndUnlock(page)]);

  await page.locator("#do-find").click();
  await page.locator("#find-text").waitFor();
  await prepare(page);
  const found: number[] = [];
  for (const words of WORDS) found.push(await find(page, words));
  say("list after typing (each letter is one more)", found);

  const opened: number[] = [];
  for (let number = 0; number < CASES; number += 1) opened.push(await openCase(page, number));
  say("a case, from the touch", opened);
  await tools.detach();
});

function say(what: string, times: readonly number[]): void {
  const sorted = [...times].sort((a, b) => a - b);
  const [middle = 0, most = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const numbers = times.length === 1 ? `${Math.round(middle)} ms` : `median ${Math.round(middle)} ms, at most ${Math.round(most)} ms of ${times.length}`;
  console.log(`${what}: ${numbers}`);
}

async function slowDown(page: Page): Promise<CDPSession> {
  const tools = await page.context().newCDPSession(page);
  await tools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  return tools;
}

function firstPaint(page: Page): Promise<number> {
  return page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);
}

/** Puts the page's own stopwatch in: a picture is there when the frame after the change was asked for. */
async function prepare(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.shownAfter = async (from, isShown) => {
      while (!isShown()) await new Promise((done) => requestAnimationFrame(done));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - from;
    };
  });
}

async function unlock(page: Page): Promise<number> {
  await prepare(page);
  await page.locator("#passphrase").fill(PASSPHRASE);
  return page.evaluate(() => {
    const button = document.querySelector<HTMLElement>("form button[type=submit], form button");
    const from = performance.now();
    button?.click();
    return window.shownAfter?.(from, () => document.querySelector("#do-find") !== null) ?? 0;
  });
}

async function lockAndUnlock(page: Page): Promise<number> {
  await new App(page).lock();
  await page.locator("#passphrase").waitFor();
  return unlock(page);
}

/** Types all but the last letter, then measures what the last one costs. */
async function find(page: Page, words: string): Promise<number> {
  await page.locator("#find-text").fill(words.slice(0, -1));
  return page.evaluate(async (text) => {
    const field = document.querySelector<HTMLInputElement>("#find-text");
    const title = document.querySelector("#hits-title");
    if (!field || !title) throw new Error("the screen is another one");
    await new Promise((done) => setTimeout(done, 300));
    const from = performance.now();
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    // The list is worked out and written before the event returns, or in the next frame.
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - from;
  }, words);
}

async function openCase(page: Page, number: number): Promise<number> {
  await page.locator("#find-text").waitFor();
  await page.locator("#find-text").fill("Aminata");
  await page.locator("#hits a").nth(number).waitFor();
  const time = await page.evaluate((at) => {
    const row = document.querySelectorAll<HTMLElement>("#hits a")[at];
    const from = performance.now();
    row?.click();
    return window.shownAfter?.(from, () => document.querySelector("#case-code") !== null) ?? 0;
  }, number);
  await page.goBack();
  return time;
}

async function untilQuiet(app: App, link: Link): Promise<void> {
  for (let tries = 0; tries < EXCHANGES; tries += 1) {
    await app.sendNow();
    const last = link.of("/v1/exchange").at(-1);
    if (last?.status === 200 && last.down < QUIET_BYTES) return;
  }
  throw new Error(`after ${EXCHANGES} exchanges something still comes`);
}
