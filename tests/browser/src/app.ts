/**
 * The app as a caseworker uses it: what is touched and read on its screens, in French. Knows the screens' words and
 * nothing of what is behind them.
 */
import { join } from "node:path";
import { expect, type Page, type Request } from "@playwright/test";
import { EXCHANGE_MS } from "./limits.ts";

/** A passphrase for tests. */
export const PASSPHRASE = "quatre mots pour la nuit";

/** Where the records are, as the home screen counts them. */
export interface Rungs {
  readonly phone: number;
  readonly hub: number;
  readonly two: number;
}

/** The app in one page. */
export class App {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Writes the screen as PNG, where `SEGIN_STATES` names a folder: states are looked at, too. */
  async picture(name: string): Promise<void> {
    const folder = process.env.SEGIN_STATES;
    if (folder !== undefined) await this.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  #button(name: string | RegExp) {
    return this.page.getByRole("button", { name });
  }

  /** Enrols with the invitation of the address; ends on the home screen. */
  async enrol(passphrase = PASSPHRASE): Promise<void> {
    await this.page.locator("#passphrase").fill(passphrase);
    await this.page.locator("#repeated").fill(passphrase);
    await this.page.getByRole("button", { name: "Inscrire", exact: true }).click();
    await this.page.getByRole("link", { name: "Commencer" }).click();
    await this.isHome();
  }

  /** Opens with the passphrase, the only user of the device. */
  async unlock(passphrase = PASSPHRASE): Promise<void> {
    await this.page.locator("#passphrase").fill(passphrase);
    await this.#button("Ouvrir").click();
    await this.isHome();
  }

  /** Locks, to hand the phone over. */
  async lock(): Promise<void> {
    await this.#button("Verrouiller ou passer la main").click();
    await expect(this.#button("Inscrire un autre agent")).toBeVisible();
  }

  /** On the locked phone: one of its users. */
  async choose(name: string): Promise<void> {
    const other = this.#button("Ce n'est pas moi");
    if (await other.isVisible()) await other.click();
    await this.#button(new RegExp(`^${name}`)).click();
  }

  /** On the locked phone: a further user, with an invitation that is typed. */
  async enrolAnother(invitation: string, passphrase: string): Promise<void> {
    await this.#button("Inscrire un autre agent").click();
    await this.page.locator("#invitation").fill(invitation);
    await this.enrol(passphrase);
  }

  /** Waits for the home screen. */
  async isHome(): Promise<void> {
    await expect(this.page.getByRole("list", { name: "Où sont vos fiches" })).toBeVisible();
  }

  /** Back to the home screen. */
  async home(): Promise<void> {
    await this.page.getByRole("link", { name: /^Accueil : / }).click();
    await this.isHome();
  }

  /** One person at the gate, with the least that is asked; the code for the card. */
  async record(given: string, family: string): Promise<string> {
    await this.home();
    await this.page.locator("#do-intake").click();
    await this.page.getByLabel("Prénoms", { exact: true }).fill(given);
    await this.page.getByLabel("Nom de famille (jamu)", { exact: true }).fill(family);
    for (const step of [2, 3, 4]) {
      await this.page.locator("#next").click();
      await expect(this.page.getByText(`Étape ${step} sur 4`)).toBeVisible();
    }
    await this.page.locator("#finish").click();
    await expect(this.page.locator("#next-person")).toBeVisible();
    const code = await this.page.getByText(/^[A-Z]{3}-\d\d-[A-Z0-9]{2}-\d{4}-[A-Z0-9]$/).first().textContent();
    return (code ?? "").trim();
  }

  /** Opens a person from the home screen's list; ends on the case. */
  async openCase(name: string): Promise<void> {
    await this.home();
    await this.page.getByRole("link", { name: new RegExp(`^${name}`) }).click();
    await expect(this.page.locator("#case-code")).toBeVisible();
  }

  /** Waits until a person is found by the code of the card. */
  async expectFound(code: string): Promise<void> {
    await this.home();
    await this.page.locator("#do-find").click();
    await this.page.getByRole("searchbox").fill(code);
    await expect(this.page.getByRole("link", { name: new RegExp(code) })).toBeVisible();
  }

  /** Goes through the gate's first screen of a case again and says another family name. */
  async rename(name: string, family: string): Promise<void> {
    await this.openCase(name);
    await this.page.locator("#do-intake").click();
    await this.page.getByLabel("Nom de famille (jamu)", { exact: true }).fill(family);
    for (const step of [2, 3, 4]) {
      await this.page.locator("#next").click();
      await expect(this.page.getByText(`Étape ${step} sur 4`)).toBeVisible();
    }
    await this.page.locator("#finish").click();
    await expect(this.page.locator("#next-person")).toBeVisible();
  }

  /** The ladder, as counted on the home screen. */
  async rungs(): Promise<Rungs> {
    const read = async (rung: string): Promise<number> =>
      Number(((await this.page.locator(`ol.ladder li.${rung} .count`).textContent()) ?? "").replace(/\D/g, ""));
    return { phone: await read("phone"), hub: await read("hub"), two: await read("two") };
  }

  /** Waits until the ladder counts so. */
  async expectRungs(rungs: Rungs): Promise<void> {
    await expect.poll(() => this.rungs()).toEqual(rungs);
  }

  /** *Sent and not sent*: makes the courier file and saves it here. */
  async saveCourier(to: string): Promise<void> {
    await this.page.getByRole("banner").getByRole("link", { name: /Sur ce téléphone/ }).click();
    await this.#button("Préparer le fichier").click();
    const saved = this.page.waitForEvent("download");
    await this.page.getByRole("link", { name: "Enregistrer le fichier" }).click();
    await (await saved).saveAs(to);
  }

  /** On the same screen: takes a return file. */
  async takeReturn(file: string): Promise<void> {
    await this.page.getByLabel("Choisir le fichier de retour").setInputFiles(file);
  }

  /** *Sent and not sent*, then *try now*; ends when the exchange has ended, well or not. */
  async sendNow(): Promise<void> {
    await this.page.getByRole("banner").getByRole("link", { name: /Sur ce téléphone/ }).click();
    const isExchange = (asked: Request): boolean => asked.url().endsWith("/v1/exchange");
    const ended = Promise.race([
      this.page.waitForEvent("requestfinished", isExchange),
      this.page.waitForEvent("requestfailed", isExchange),
    ]);
    await this.#button("Essayer maintenant").click();
    await ended;
    await expect(this.page.locator('button[aria-busy="true"]')).toHaveCount(0, { timeout: EXCHANGE_MS });
  }
}
