/**
 * Nothing recorded is dropped (promise 2), also when the people around the phone fail: a passphrase that nobody
 * remembers, a device that is revoked with work on it.
 */
import { App } from "../src/app.ts";
import { list, text } from "../src/json.ts";
import { expect, test } from "../src/test.ts";

/** People whom nobody has sent yet. */
const UNSENT = 20;

test("a passphrase is lost with twenty unsent intakes: all twenty reach the hub", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const app = new App(await phone.open(`#i=${await hub.invite(user)}`));
  await app.enrol();
  await app.page.evaluate(async () => void (await navigator.serviceWorker.ready));
  link.set({ up: false });
  for (let person = 0; person < UNSENT; person += 1) await app.record(`Aminata${person}`, "Canari");
  await phone.close();

  // Nobody unlocks it any more: it is only switched on where there is a network.
  link.set({ up: true });
  const page = await phone.open();
  await expect(page.locator("#passphrase")).toBeVisible();
  await expect.poll(async () => (await hub.cases()).length).toBe(UNSENT);
  await expect(page.getByText("Tout est confirmé")).toBeVisible();
  expect(phone.elsewhere).toEqual([]);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});

test("a device is revoked with twenty unsent intakes: twenty are held, then it is empty", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const app = new App(await phone.open(`#i=${await hub.invite(user)}`));
  await app.enrol();
  link.set({ up: false });
  for (let person = 0; person < UNSENT; person += 1) await app.record(`Aminata${person}`, "Canari");
  const [device] = await hub.devices();
  await hub.revoke(text(device ?? {}, "lease"), "left in a taxi");
  link.set({ up: true });
  await app.sendNow();
  await expect(app.page.getByRole("heading", { name: /vidé|retirées/ })).toBeVisible();
  const held = list(await hub.ask("GET", "/v1/held?limit=500"), "held");
  expect(new Set(held.map((one) => text(one, "document"))).size).toBe(UNSENT);
  expect(new Set(held.map((one) => text(one, "code")))).toEqual(new Set(["held-who-revoked"]));
  // What is left says that it was emptied, and when; the reserve is room and holds nothing.
  const rows = await app.page.evaluate(async () => {
    const done = <T>(asked: IDBRequest<T>): Promise<T> =>
      new Promise((good, bad) => {
        asked.onsuccess = () => good(asked.result);
        asked.onerror = () => bad(asked.error);
      });
    let count = 0;
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name ?? ""));
      for (const table of [...database.objectStoreNames].filter((one) => one !== "reserve")) count += await done(database.transaction(table).objectStore(table).count());
      database.close();
    }
    return count;
  });
  expect(rows).toBeLessThanOrEqual(2);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});
