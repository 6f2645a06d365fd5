/**
 * What a phone gives away and what it may get wrong: nothing that is stored can be read without the passphrase, and a
 * clock that is a year off loses nothing and decides nothing (promise 9 of the README).
 */
import { App } from "../src/app.ts";
import { search, storedText } from "../src/disk.ts";
import { expect, test } from "../src/test.ts";

/** Names that stand nowhere else. */
const CANARIES = Array.from({ length: 20 }, (_, number) => `Zanzibar${number}`);

test("neither the browser's database nor its files show any of twenty names", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const app = new App(await phone.open(`#i=${await hub.invite(user)}`));
  await app.enrol();
  link.set({ up: false });
  for (const name of CANARIES) await app.record(name, "Canari");

  const stored = await storedText(app.page);
  expect(stored.length).toBeGreaterThan(10_000);
  expect(CANARIES.filter((name) => stored.includes(name))).toEqual([]);
  expect(stored).not.toContain("Canari");

  await phone.close();
  const { bytes, found } = await search(phone.folder, ["Zanzibar", "Canari"]);
  expect(found).toEqual([]);
  expect(bytes).toBeGreaterThan(1_000_000);
});

test("a clock that is a year ahead records, and the hub takes it", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const page = await phone.openBrowser();
  await page.clock.install({ time: Date.now() + 365 * 24 * 3_600_000 });
  await page.goto(`${link.url}/app/#i=${await hub.invite(user)}`);
  const app = new App(page);
  await app.enrol();
  await app.record("Aminata", "Canari");
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: 1, two: 0 });
  await expect.poll(async () => (await hub.cases()).length).toBe(1);
});
