/**
 * Two phones, one person: what both wrote is shown on both and at the hub until somebody decides, and a decision on one
 * settles it on the other.
 */
import { App } from "../src/app.ts";
import type { Link } from "../src/link.ts";
import { expect, test } from "../src/test.ts";

test("two phones change one name offline: both values everywhere, decided on one, settled on the other", async ({ stage }) => {
  const { hub } = stage;
  const apps: App[] = [];
  const links = [];
  for (const name of ["Awa Diarra", "Sekou Keita"]) {
    const link = await stage.newLink();
    const phone = stage.newPhone(link);
    const user = await hub.addUser(name, ["GOG"]);
    const app = new App(await phone.open(`#i=${await hub.invite(user)}`));
    await app.enrol();
    links.push(link);
    apps.push(app);
  }
  const [one, two] = apps;
  if (one === undefined || two === undefined) throw new Error("two phones were opened");
  await one.record("Fatoumata", "Canari");
  await one.sendNow();
  await two.sendNow();
  await two.openCase("Fatoumata Canari");

  for (const link of links) link.set({ up: false });
  await one.rename("Fatoumata Canari", "Kanari");
  await two.rename("Fatoumata Canari", "Canaris");
  for (const link of links) link.set({ up: true });
  await one.sendNow();
  await two.sendNow();
  await one.sendNow();

  const given = /^Fatoumata/;
  for (const app of apps) {
    await app.home();
    await app.page.getByRole("link", { name: given }).click();
    const conflict = app.page.getByRole("region", { name: /^Deux valeurs/ });
    await expect(conflict.getByText("Kanari", { exact: true })).toBeVisible();
    await expect(conflict.getByText("Canaris", { exact: true })).toBeVisible();
  }
  await one.page.getByRole("button", { name: "Garder « Kanari »" }).click();
  await expect(one.page.getByRole("region", { name: /^Deux valeurs/ })).toHaveCount(0);
  await one.sendNow();
  await two.sendNow();
  await two.openCase("Fatoumata Kanari");
  await expect(two.page.getByRole("region", { name: /^Deux valeurs/ })).toHaveCount(0);
  await hub.stop();
  const verdict = await hub.verify();
  expect(verdict.differences).toEqual([]);
  expect(verdict.conflicts).toBe(0);
});

test("what arrives in the background while a name is being changed stays beside it", async ({ stage }) => {
  const { hub } = stage;
  const apps: App[] = [];
  const links: Link[] = [];
  for (const name of ["Awa Diarra", "Sekou Keita"]) {
    const link = await stage.newLink();
    const app = new App(await stage.newPhone(link).open(`#i=${await hub.invite(await hub.addUser(name, ["GOG"]))}`));
    await app.enrol();
    links.push(link);
    apps.push(app);
  }
  const [one, two] = apps;
  const [link] = links;
  if (one === undefined || two === undefined || link === undefined) throw new Error("two phones were opened");
  await one.record("Fatoumata", "Canari");
  await one.sendNow();
  await two.sendNow();

  // One has the name on the screen; the other changes it and sends.
  await one.openCase("Fatoumata Canari");
  await one.page.locator("#do-intake").click();
  const family = one.page.getByLabel("Nom de famille (jamu)", { exact: true });
  await expect(family).toHaveValue("Canari");
  await two.rename("Fatoumata Canari", "Canaris");
  await two.sendNow();
  // It arrives here by itself: nobody leaves the screen.
  const before = link.of("/v1/exchange").length;
  await one.page.evaluate(() => void dispatchEvent(new Event("online")));
  await expect.poll(() => link.of("/v1/exchange").length).toBeGreaterThan(before);
  await expect(one.page.getByRole("banner").getByText("échange…")).toHaveCount(0);
  await expect(family).toHaveValue("Canari");
  await family.fill("Kanari");
  for (const step of [2, 3, 4]) {
    await one.page.locator("#next").click();
    await expect(one.page.getByText(`Étape ${step} sur 4`)).toBeVisible();
  }
  await one.page.locator("#finish").click();
  await expect(one.page.locator("#next-person")).toBeVisible();
  await one.home();
  await one.page.getByRole("link", { name: /^Fatoumata/ }).click();
  const conflict = one.page.getByRole("region", { name: /^Deux valeurs/ });
  await expect(conflict.getByText("Kanari", { exact: true })).toBeVisible();
  await expect(conflict.getByText("Canaris", { exact: true })).toBeVisible();
  await one.picture("background-two-values");
  await one.sendNow();
  await hub.stop();
  const verdict = await hub.verify();
  expect(verdict.differences).toEqual([]);
  expect(verdict.conflicts).toBe(1);
});
