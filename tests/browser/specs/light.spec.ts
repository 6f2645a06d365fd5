/**
 * What the app asks of a slow phone and a thin link: the first screen before the wasm, and little to send for one person.
 * Counted, not timed; times are measured by `npm run bench`.
 */
import { App, PASSPHRASE } from "../src/app.ts";
import { expect, test } from "../src/test.ts";

/** Changes of one intake, at most. */
const CHANGES_MAX = 3;
/** Bytes up of one intake, at most: its parcel and the request that carries it. */
const UP_MAX = 2_000;

test("the first screen is there, and can be filled in, while the wasm is on its way", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const release = link.hold(".wasm");
  const invitation = await hub.invite(await hub.addUser("Awa Diarra", ["GOG"]));
  const page = await stage.newPhone(link).open(`#i=${invitation}`);
  await expect(page.locator("h1").first()).toBeVisible();
  await page.locator("#passphrase").fill(PASSPHRASE);
  await page.locator("#repeated").fill(PASSPHRASE);
  const enrol = page.getByRole("button", { name: "Inscrire", exact: true });
  await enrol.click();
  await expect(page.locator('button[aria-busy="true"]')).toBeVisible();
  expect(link.passed.filter(({ path }) => path.endsWith(".wasm"))).toEqual([]);
  release();
  await page.getByRole("link", { name: "Commencer" }).click();
  await new App(page).isHome();
});

test("one intake at the gate: at most three changes and 2,000 bytes up", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const page = await stage.newPhone(link).open(`#i=${await hub.invite(await hub.addUser("Awa Diarra", ["GOG"]))}`);
  const app = new App(page);
  await app.enrol();
  await app.sendNow();
  await app.home();
  const before = link.of("/v1/exchange").length;

  // Every question of the gate is answered.
  const tap = (selector: string): Promise<void> => page.locator(selector).first().click();
  await tap("#do-intake");
  await page.getByLabel("Prénoms", { exact: true }).fill("Mamadou Lamine");
  await page.getByLabel("Nom de famille (jamu)", { exact: true }).fill("Coulibaly");
  await tap("#f-identity-sex-m");
  await page.locator("#f-birth-date").fill("34");
  await tap("#next");
  await tap("#f-origin-place label");
  await tap("#next");
  await tap("#consent label");
  await tap("#next");
  await tap("#give label");
  await tap("#finish");
  await expect(page.locator("#next-person")).toBeVisible();
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: 1, two: 0 });

  const up = link.of("/v1/exchange").slice(before).reduce((sum, passed) => sum + passed.up, 0);
  await hub.stop();
  const { changes, differences } = await hub.verify();
  console.log(`one intake: ${changes} changes, ${up} bytes up`);
  expect(differences).toEqual([]);
  expect(changes).toBeGreaterThan(0);
  expect(changes).toBeLessThanOrEqual(CHANGES_MAX);
  expect(up).toBeLessThanOrEqual(UP_MAX);
});
