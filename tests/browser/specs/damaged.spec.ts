/**
 * A damaged record: rows of the app's database are overwritten between two starts, as bad flash memory does. A clear
 * sentence, everything else works, what was damaged comes back from the hub or goes there from its sealed copy: nothing
 * is lost (promise 2).
 */
import type { Page } from "@playwright/test";
import { App } from "../src/app.ts";
import { damage } from "../src/disk.ts";
import { expect, test } from "../src/test.ts";

/** The document of the person on the screen, as it stands in the keys of rows. */
function documentOf(page: Page): string {
  return (/[0-9a-f-]{36}/.exec(page.url())?.[0] ?? "").replaceAll("-", "");
}

/** What stands in the keys of rows: a copy, and the summary of a document. */
const [COPY, ENTRY, WORK] = ["/81", "/03", "/04"];

const DAMAGED = "Ce dossier ne peut plus être lu ici.";

test("damaged rows of three people: a clear sentence, the others go on, all comes back or is sent", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  let app = new App(await phone.open(`#i=${await hub.invite(await hub.addUser("Awa Diarra", ["GOG"]))}`));
  await app.enrol();
  const documents: string[] = [];
  for (const given of ["Aminata", "Bintou", "Coumba"]) {
    await app.record(given, "Canari");
    documents.push(documentOf(app.page));
  }
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: 3, two: 0 });
  link.set({ up: false });
  for (const given of ["Djénéba", "Fanta"]) {
    await app.record(given, "Canari");
    documents.push(documentOf(app.page));
  }
  await phone.close();

  link.set({ up: true });
  let page = await phone.openBrowser();
  await page.goto(`${link.url}/healthz`);
  const [aminata = "", bintou = "", , djeneba = ""] = documents;
  await damage(page, "rows", COPY + aminata);
  await damage(page, "rows", ENTRY + bintou);
  // Recorded, not sent: its readable copy goes, and Fanta's note that it is to be sent.
  await damage(page, "rows", COPY + djeneba);
  await damage(page, "rows", `${WORK}0000000000000005`);
  link.set({ up: false });
  await page.goto(`${link.url}/app/`);
  app = new App(page);
  await app.unlock();
  // Bintou's summary and Fanta's note are read at once, and that they cannot be read is said.
  await expect(page.getByText(DAMAGED)).toBeVisible();
  await expect(page.getByText("Une ligne stockée ici ne peut pas être lue et a été mise de côté.")).toBeVisible();
  await app.openCase("Coumba Canari");
  await app.record("Hawa", "Canari");
  for (const name of ["Aminata Canari", "Djénéba Canari"]) {
    await app.home();
    await page.getByRole("link", { name: new RegExp(`^${name}`) }).first().click();
    await expect(page.getByRole("alert").getByText(DAMAGED).first()).toBeVisible();
    await expect(page.getByText("faute de place")).toHaveCount(0);
    await app.picture(`damaged-${name.split(" ")[0]}`);
  }

  link.set({ up: true });
  await app.sendNow();
  await expect.poll(async () => (await hub.cases()).length).toBe(6);
  await app.sendNow();
  for (const name of ["Aminata", "Bintou", "Coumba", "Djénéba", "Fanta", "Hawa"]) await app.openCase(`${name} Canari`);
  await app.home();
  await app.picture("damaged-healed");
  expect(await app.rungs()).toEqual({ phone: 0, hub: 6, two: 0 });
  await phone.close();

  // At the next start nobody speaks of it any more.
  page = await phone.open();
  app = new App(page);
  await app.unlock();
  await app.expectRungs({ phone: 0, hub: 6, two: 0 });
  await expect(page.getByText(/ne peut (plus|pas) être lu/)).toHaveCount(0);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});

test("the row that everything hangs on is damaged: it is said at the door, what is sealed goes, a new invitation begins anew", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  let app = new App(await phone.open(`#i=${await hub.invite(user)}`));
  await app.enrol();
  link.set({ up: false });
  await app.record("Aminata", "Canari");
  await phone.close();

  link.set({ up: true });
  const page = await phone.openBrowser();
  await page.goto(`${link.url}/healthz`);
  await damage(page, "rows", "/01");
  await page.goto(`${link.url}/app/`);
  app = new App(page);
  await page.locator("#passphrase").fill("quatre mots pour la nuit");
  await page.getByRole("button", { name: "Ouvrir" }).click();
  await expect(page.getByText("Vos données ici ne peuvent plus être lues.")).toBeVisible();
  await app.picture("damaged-door");
  await expect.poll(async () => (await hub.cases()).length).toBe(1);
  await app.enrolAnother(await hub.invite(user), "une autre phrase, longue");
  await app.sendNow();
  await app.openCase("Aminata Canari");
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});
