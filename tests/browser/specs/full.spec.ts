/**
 * The phone's storage is full: what fits the room that was kept goes on being recorded, then a clear sentence. Nothing
 * that was recorded is dropped, and it all arrives (promise 2).
 */
import type { Page } from "@playwright/test";
import { App } from "../src/app.ts";
import { rowsOf } from "../src/disk.ts";
import { expect, test } from "../src/test.ts";

const FULL = "La mémoire de l'appareil est pleine.";
/** People recorded out of the room that was kept. */
const OUT_OF_RESERVE = 12;

function used(page: Page): Promise<number> {
  return page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
}

test("full storage: the reserve takes what comes, then it is said; nothing is lost and all arrives", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  let app = new App(await phone.open(`#i=${await hub.invite(await hub.addUser("Awa Diarra", ["GOG"]))}`));
  await app.enrol();
  await app.page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await expect.poll(() => rowsOf(app.page, "reserve")).toBeGreaterThan(5);
  const blocks = await rowsOf(app.page, "reserve");
  for (const given of ["Aminata", "Bintou"]) await app.record(given, "Canari");
  await app.sendNow();
  link.set({ up: false });
  await app.record("Coumba", "Canari");
  // Read here: the browser counts a database from when it is opened.
  const full = await used(app.page);
  await phone.close();

  // Hardly a byte more than what is used now: what is recorded takes the place of the reserve.
  link.set({ up: true });
  let page = await phone.openBrowser();
  await page.goto(`${link.url}/healthz`);
  await phone.allow(page, full);
  link.set({ up: false });
  await page.goto(`${link.url}/app/`);
  app = new App(page);
  await app.unlock();
  for (let person = 0; person < OUT_OF_RESERVE; person += 1) await app.record(`Fanta${person}`, "Canari");
  expect(await rowsOf(page, "reserve")).toBeLessThan(blocks);
  await app.home();
  await app.expectRungs({ phone: OUT_OF_RESERVE + 1, hub: 2, two: 0 });
  await app.picture("full-reserve");
  await phone.close();

  // Then nothing at all: it is said at once, and nothing of what was recorded goes.
  link.set({ up: true });
  page = await phone.openBrowser();
  await page.goto(`${link.url}/healthz`);
  await phone.allow(page, 1);
  link.set({ up: false });
  await page.goto(`${link.url}/app/`);
  app = new App(page);
  await app.unlock();
  await app.expectRungs({ phone: OUT_OF_RESERVE + 1, hub: 2, two: 0 });
  await page.locator("#do-intake").click();
  await expect(page.getByRole("alert").getByText(FULL).first()).toBeVisible();
  await app.picture("full-begin");
  expect(await rowsOf(page, "reserve")).toBe(0);
  await phone.close();

  link.set({ up: true });
  app = new App(await phone.open());
  await app.unlock();
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: OUT_OF_RESERVE + 3, two: 0 });
  await expect.poll(async () => (await hub.cases()).length).toBe(OUT_OF_RESERVE + 3);
  await expect.poll(() => rowsOf(app.page, "reserve")).toBe(blocks);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});
