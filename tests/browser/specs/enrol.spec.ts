/**
 * Enrolling: by a QR code that the camera sees, by twelve typed characters. Until a person has compared the fingerprint
 * the work is kept at the hub and held, and the screens say so; then it is let in, and they say that, too.
 */
import { App, PASSPHRASE } from "../src/app.ts";
import { text } from "../src/json.ts";
import { SMALL } from "../src/phone.ts";
import { expect, test } from "../src/test.ts";

declare global {
  interface Window {
    /** What the camera sees next. */
    inSight?: string;
  }
}

test("an invitation is typed; what is recorded is held until the fingerprint is confirmed, and each step is said", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const page = await phone.open();
  const invitation = await hub.invite(await hub.addUser("Awa Diarra", ["GOG"]), false);
  // As somebody types who was told it by telephone.
  await page.locator("#invitation").pressSequentially(invitation.toLowerCase().replaceAll("-", " "));
  await page.locator("#passphrase").fill(PASSPHRASE);
  await page.locator("#repeated").fill(PASSPHRASE);
  await page.getByRole("button", { name: "Inscrire", exact: true }).click();
  await expect(page.getByText("En attendant sa confirmation, vous pouvez tout enregistrer.")).toBeVisible();
  const app = new App(page);
  await app.picture("enrolled-pending");
  const fingerprint = ((await page.locator(".fingerprint").textContent()) ?? "").replace(/\s/g, "");
  expect(fingerprint).toMatch(/^[0-9A-Z]{4}-?[0-9A-Z]{4}$/);
  await page.getByRole("link", { name: "Commencer" }).click();
  await app.isHome();

  await app.record("Aminata", "Canari");
  await app.sendNow();
  await expect(page.getByText("1 fiche attend une décision au serveur")).toBeVisible();
  await app.picture("sent-pending");
  await app.openCase("Aminata Canari");
  await expect(page.getByText("attend que votre appareil soit confirmé")).toBeVisible();
  await app.picture("case-pending");
  expect(await hub.cases()).toEqual([]);

  const [device] = await hub.devices();
  await hub.confirm(text(device ?? {}, "lease"), fingerprint);
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: 1, two: 0 });
  await expect(page.getByText("Votre appareil est confirmé.")).toBeVisible();
  await expect(page.getByText("En attendant sa confirmation")).toHaveCount(0);
  await app.picture("home-confirmed");
  await page.getByRole("link", { name: "Réglages et aide" }).click();
  await expect(page.getByText("confirmé par votre responsable")).toBeVisible();
  await expect.poll(async () => (await hub.cases()).length).toBe(1);
  expect(phone.complaints).toEqual([]);
  expect(phone.elsewhere).toEqual([]);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});

test("an invitation is read by the camera; another code is named as such, and the camera is given back", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link, { ...SMALL, camera: true });
  const page = await phone.openBrowser();
  // Reading codes is a part of Android's Chromium and of no other: the test says what is in sight. The camera is the browser's.
  await page.addInitScript(() => {
    class Reader {
      async detect(video: HTMLVideoElement): Promise<{ rawValue: string }[]> {
        return video.videoWidth > 0 && window.inSight !== undefined ? [{ rawValue: window.inSight }] : [];
      }
    }
    Object.defineProperty(window, "BarcodeDetector", { value: Reader });
  });
  await page.goto(`${link.url}/app/`);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const scan = text(await hub.ask("POST", "/v1/admin/invitations", { user, confirmed: true }), "scan");
  await page.getByRole("button", { name: "Scanner le code QR" }).click();
  await page.evaluate(() => void (window.inSight = "https://example.org/menu"));
  await expect(page.getByText("Ce code QR n'est pas une invitation.")).toBeVisible();
  await new App(page).picture("scan-other");
  await page.evaluate((seen) => void (window.inSight = seen), scan);
  await expect(page.locator("video")).toHaveCount(0);
  await expect(page.locator("#invitation")).toHaveValue(/^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  const app = new App(page);
  await app.enrol();
  await app.record("Aminata", "Canari");
  await app.sendNow();
  await expect.poll(async () => (await hub.cases()).length).toBe(1);
});
