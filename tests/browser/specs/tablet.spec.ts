/**
 * One device, several hands: two caseworkers on one phone, each with their own key, and a phone whose profile was copied.
 * A person writes only as themselves (promise 8), and nothing of a clone is lost (promise 2).
 */
import { App, PASSPHRASE } from "../src/app.ts";
import { text } from "../src/json.ts";
import { expect, test } from "../src/test.ts";

test("two caseworkers on one phone see each other's people, and each signs as themselves", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const app = new App(await phone.open(`#i=${await hub.invite(await hub.addUser("Awa Diarra", ["GOG"]))}`));
  await app.enrol();
  await app.lock();
  await app.enrolAnother(await hub.invite(await hub.addUser("Sekou Keita", ["GOG"])), "une autre phrase, longue");
  await app.lock();

  link.set({ up: false });
  await app.choose("Awa Diarra");
  await app.unlock();
  await app.record("Fatoumata", "Canari");
  await app.lock();
  // The other one's passphrase opens nothing here, and theirs shows tonight's person.
  await app.choose("Sekou Keita");
  await app.page.locator("#passphrase").fill(PASSPHRASE);
  await app.page.getByRole("button", { name: "Ouvrir" }).click();
  await expect(app.page.getByRole("alert").or(app.page.getByRole("status")).first()).toBeVisible();
  await app.unlock("une autre phrase, longue");
  await app.rename("Fatoumata Canari", "Kanari");
  await app.lock();

  // Locked, the phone sends both.
  link.set({ up: true });
  await expect.poll(async () => (await hub.cases()).length).toBe(1);
  const [found] = await hub.cases();
  const document = text(found ?? {}, "document");
  await expect.poll(async () => writers(await hub.ask("GET", `/v1/cases/${document}`))).toBe(2);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});

/** How many leases wrote a case, by the prefixes of its actors. */
function writers(answer: object): number {
  const actors = JSON.stringify(answer).match(/"by":"[0-9a-f]{32}"/g) ?? [];
  return new Set(actors.map((actor) => actor.slice(6, 22))).size;
}

test("a phone whose profile was copied: both go on, nothing is lost, and the hub says so", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const app = new App(await phone.open(`#i=${await hub.invite(await hub.addUser("Awa Diarra", ["GOG"]))}`));
  await app.enrol();
  await app.record("Fatoumata", "Canari");
  await app.sendNow();
  await phone.close();
  const copy = await phone.copyTo(`${stage.folder}/copy`);
  link.set({ up: false });
  const apps = [new App(await phone.open()), new App(await copy.open())];
  try {
    for (const [number, one] of apps.entries()) {
      await one.unlock();
      await one.record(`Moussa${number}`, "Canari");
    }
    link.set({ up: true });
    for (const one of apps) await one.sendNow();
    for (const one of apps) await one.sendNow();
    await expect.poll(async () => (await hub.cases()).length).toBe(3);
    const devices = await hub.devices();
    expect(devices.some((device) => JSON.stringify(device).includes('"cloned":true'))).toBe(true);
  } finally {
    await copy.close();
  }
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});
