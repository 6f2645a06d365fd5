/**
 * Versions of the app on a phone: kept whole, fetched in as many tries as the link needs, changed when somebody asks for it
 * and with work waiting that stays.
 */
import type { Page } from "@playwright/test";
import { App } from "../src/app.ts";
import type { Link } from "../src/link.ts";
import { expect, test } from "../src/test.ts";

/** Names of the versions that are kept. */
function versions(page: Page): Promise<string[]> {
  return page.evaluate(() => caches.keys());
}

/** Lets the hub's next version differ in its name alone; that name. */
async function nextVersion(link: Link, page: Page): Promise<string> {
  const [now = ""] = await versions(page);
  const next = `${now}-next`;
  const worker = await (await fetch(`${link.url}/app/sw.js`)).text();
  expect(worker).toContain(`"${now}"`);
  link.replace("/app/sw.js", worker.replace(`"${now}"`, `"${next}"`));
  return next;
}

test("a new version waits until somebody takes it, costs what changed, and finds the unsent work", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const page = await phone.open(`#i=${await hub.invite(await hub.addUser("Awa Diarra", ["GOG"]))}`);
  const app = new App(page);
  await app.enrol();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const [first = ""] = await versions(page);
  const next = await nextVersion(link, page);

  await page.reload();
  await app.unlock();
  const take = page.getByRole("button", { name: "La prendre maintenant" });
  await expect(take).toBeVisible();
  const before = link.passed.length;
  await hub.kill();
  await app.record("Sira", "Canari");
  await app.home();
  await app.expectRungs({ phone: 1, hub: 0, two: 0 });
  expect((await versions(page)).sort()).toEqual([first, next]);

  const loaded = page.waitForEvent("load");
  await take.click();
  await loaded;
  await app.unlock();
  await app.expectRungs({ phone: 1, hub: 0, two: 0 });
  await expect.poll(() => versions(page)).toEqual([next]);
  await expect(take).toBeHidden();
  // Every file was there already.
  expect(link.passed.slice(before).filter(({ path }) => path.startsWith("/app/assets/"))).toEqual([]);
});

test("the app is kept in as many tries as the link needs, and then starts without one", async ({ stage }) => {
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const page = await phone.openBrowser();
  const wasm = (): number => link.passed.filter(({ path, status }) => path.endsWith(".wasm") && status === 200).length;
  // The last file, and the largest one, breaks off twice.
  link.cutAfter("down", [20_000, 300_000], "/app/assets/automerge");
  const isKept = (): Promise<boolean> => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active != null);
  for (const cuts of [1, 2]) {
    await page.goto(`${link.url}/app/`);
    await expect.poll(() => link.cuts).toBe(cuts);
    expect(await isKept()).toBe(false);
  }
  const small = link.of("/app/icon-512.png").length;
  await page.goto(`${link.url}/app/`);
  await expect.poll(isKept).toBe(true);
  expect(wasm()).toBeGreaterThan(0);
  // What the tries before brought was not fetched again.
  expect(link.of("/app/icon-512.png").length).toBe(small);

  link.set({ up: false });
  await page.goto(`${link.url}/app/`);
  await expect(page.locator("#invitation")).toBeVisible();
});
