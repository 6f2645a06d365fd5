/**
 * `segin demo --browser` as a visitor tries it: two phones in frames of one page, each with a store of its own, airplane
 * mode that lets a phone go on, a hub that is killed and comes back, and `segin verify` that agrees.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { FrameLocator, Page } from "@playwright/test";
import { fields, text } from "../src/json.ts";
import { HEARD_OF_MS } from "../src/limits.ts";
import { LAPTOP, Phone } from "../src/phone.ts";
import { expect, test } from "../src/test.ts";

const PASSPHRASE = "quatre mots pour la visite";

async function demo(): Promise<{ readonly process: ChildProcess; readonly control: string }> {
  const process_ = spawn(process.env.SEGIN_BIN ?? "", ["demo", "--browser", "--json"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line]: unknown[] = await once(createInterface({ input: process_.stdout }), "line");
  const addresses: unknown = JSON.parse(String(line));
  return { process: process_, control: text(fields(addresses, "the demo's line"), "control") };
}

function phone(page: Page, name: string): FrameLocator {
  return page.frameLocator(`[data-phone="${name}"] iframe`);
}

async function enrol(app: FrameLocator): Promise<void> {
  await app.locator("#passphrase").fill(PASSPHRASE);
  await app.locator("#repeated").fill(PASSPHRASE);
  await app.getByRole("button", { name: "Inscrire" }).click();
  await app.getByRole("link", { name: "Commencer" }).click();
  await expect(app.locator("#do-intake")).toBeVisible();
}

async function home(app: FrameLocator): Promise<void> {
  await app.getByRole("link", { name: /^Accueil : / }).click();
  await expect(app.locator("#do-intake")).toBeVisible();
}

/** From the names to the end, with nothing else said. */
async function finish(app: FrameLocator): Promise<void> {
  for (const step of [2, 3, 4]) {
    await app.locator("#next").click();
    await expect(app.getByText(`Étape ${step} sur 4`)).toBeVisible();
  }
  await app.locator("#finish").click();
  await expect(app.locator("#next-person")).toBeVisible();
}

async function record(app: FrameLocator, given: string, family: string): Promise<void> {
  await home(app);
  await app.locator("#do-intake").click();
  await app.getByLabel("Prénoms", { exact: true }).fill(given);
  await app.getByLabel("Nom de famille (jamu)", { exact: true }).fill(family);
  await finish(app);
  await home(app);
}

async function openCase(app: FrameLocator, given: string): Promise<void> {
  await home(app);
  await app.getByRole("link", { name: new RegExp(`^${given}`) }).click();
  await expect(app.locator("#case-code")).toBeVisible();
}

async function rename(app: FrameLocator, given: string, family: string): Promise<void> {
  await openCase(app, given);
  await app.locator("#do-intake").click();
  await app.getByLabel("Nom de famille (jamu)", { exact: true }).fill(family);
  await finish(app);
  await openCase(app, given);
}

test("a visitor's five minutes: two values are kept, nothing is lost, verify agrees", async ({ stage }) => {
  // It may wait a minute for a phone to ask again.
  test.slow();
  const { process: child, control } = await demo();
  const browser = new Phone(`${stage.folder}/visitor`, control.replace(/\/$/, ""), { ...LAPTOP, width: 1440, height: 960 });
  // With `SEGIN_PICTURES` naming a folder, the strip of pictures of the README is written there.
  const pictures = process.env.SEGIN_PICTURES;
  try {
    const page = await browser.openBrowser();
    const picture = async (name: string) => void (pictures && (await page.screenshot({ path: `${pictures}/demo-${name}.png` })));
    await page.goto(control);
    const [gogui, kayes] = [phone(page, "gogui"), phone(page, "kayes")];
    const planes = ["gogui", "kayes"].map((name) => page.locator(`[data-phone="${name}"] .switch`));
    await enrol(gogui);
    await enrol(kayes);
    await record(gogui, "Aminata", "Diarra");
    await openCase(kayes, "Aminata");
    await picture("1-recorded");

    for (const plane of planes) {
      await plane.click();
      await expect(plane).toHaveAttribute("aria-checked", "true");
    }
    await rename(gogui, "Aminata", "Diara");
    await rename(kayes, "Aminata", "Jara");
    await page.getByRole("button", { name: "Tuer le hub" }).click();
    await expect(page.getByText("Le hub est mort")).toBeVisible();
    await record(gogui, "Boubacar", "Traoré");
    await openCase(gogui, "Aminata");
    await picture("2-alone");

    await page.getByRole("button", { name: "Redémarrer le hub" }).click();
    await expect(page.getByText("Le hub tourne")).toBeVisible();
    for (const plane of planes) await plane.click();
    for (const app of [gogui, kayes]) {
      const both = app.getByRole("region", { name: /^Deux valeurs/ });
      // Whichever synced first hears of the other's name when it asks the next time.
      await expect(both.getByText("Diara", { exact: true })).toBeVisible({ timeout: HEARD_OF_MS });
      await expect(both.getByText("Jara", { exact: true })).toBeVisible();
    }
    await picture("3-both-values");
    for (const app of [gogui, kayes]) {
      await home(app);
      await expect(app.locator("ol.ladder li.phone .count")).toHaveText("0");
    }
    await expect(kayes.getByRole("link", { name: /^Boubacar/ })).toBeVisible();
    await page.getByRole("button", { name: "Vérifier" }).click();
    await expect(page.getByText("segin verify : tout concorde.")).toBeVisible();
    await expect(page.locator("#verdict")).toContainText("kept : 1");
    await picture("4-verified");
  } finally {
    await browser.close();
    child.kill("SIGTERM");
    await once(child, "exit");
  }
});
