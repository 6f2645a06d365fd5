/**
 * Nothing recorded is dropped (promise 2), also when the people around the phone fail: a passphrase that nobody
 * remembers, a device that is revoked with work on it.
 */
import { App } from "../src/app.ts";
import { rowsOf, search, storedText } from "../src/disk.ts";
import { list, text } from "../src/json.ts";
import { expect, test } from "../src/test.ts";

/** People whom nobody has sent yet. */
const UNSENT = 20;
/** Stands on the phone in clear. */
const WITNESS = "Ouagadougou1960";

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

test("a device is revoked with twenty unsent intakes: twenty are held, then nothing of them is left on it", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const app = new App(await phone.open(`#i=${await hub.invite(user)}`));
  await app.enrol();
  // What the search below must find: it shows that a word that is stored in clear would be found.
  await app.page.evaluate((witness) => localStorage.setItem("witness", witness), WITNESS);
  link.set({ up: false });
  for (let person = 0; person < UNSENT; person += 1) await app.record(`Zanzibar${person}`, "Canari");
  const [device] = await hub.devices();
  await hub.revoke(text(device ?? {}, "lease"), "left in a taxi");

  // The order to erase is in this answer, and nobody hears it: without its receipts nothing goes.
  link.loseAnswers(1);
  link.set({ up: true });
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: UNSENT, hub: 0, two: 0 });
  expect(await rowsOf(app.page, "sealed")).toBe(UNSENT);

  await app.sendNow();
  await expect(app.page.getByRole("heading", { name: "Cet appareil a été vidé" })).toBeVisible();
  await expect(app.page.getByText("a d'abord été envoyé au serveur et confirmé")).toBeVisible();
  await app.picture("wiped");
  const held = list(await hub.ask("GET", "/v1/held?limit=500"), "held");
  expect(new Set(held.map((one) => text(one, "document"))).size).toBe(UNSENT);
  expect(new Set(held.map((one) => text(one, "code")))).toEqual(new Set(["held-who-revoked"]));

  // What is left says that it was emptied, and when; the reserve is room and holds nothing.
  for (const table of ["rows", "sealed", "summaries", "drafts", "tonight"]) expect(await rowsOf(app.page, table), table).toBe(0);
  expect(await rowsOf(app.page, "own")).toBe(1);
  const stored = await storedText(app.page);
  expect(["Zanzibar", "Canari", "Awa Diarra"].filter((word) => stored.includes(word))).toEqual([]);
  await phone.close();
  const { found } = await search(phone.folder, ["Zanzibar", "Canari", WITNESS]);
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter((one) => !one.startsWith(WITNESS))).toEqual([]);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});
