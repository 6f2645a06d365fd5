/**
 * Two phones, one person: what both wrote is shown on both and at the hub until somebody decides, and a decision on one
 * settles it on the other.
 */
import { App } from "../src/app.ts";
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
