/**
 * The screens of which pictures are taken: `query` and `hash` open them with the fixture, `then` does what leads to the state that
 * is shown. A new screen is one more line.
 */
import { FIELD_SCREENS } from "./screens.field.mjs";

const id = (number) => `f1c70000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

/** A document of the fixture: 0 is the arrival, 1 has a field with two values, 2 is held, 3 refused. */
export const documentId = id;

export const SCREENS = [
  { name: "door-enrol", query: "fixture=new" },
  { name: "door-enrol-link", query: "fixture=new", hash: "#i=7K3Q-M2XP-9WTA" },
  {
    name: "door-enrol-wrong",
    query: "fixture=new",
    async then(page) {
      await page.locator("#invitation").fill("7k3q-m2x");
      await page.locator("#passphrase").fill("baobab");
      await page.locator("#repeated").fill("baobob");
      await page.locator("button[type=submit]").click();
    },
  },
  { name: "door-enrolled", query: "fixture&pending", hash: "#/enrolled" },
  { name: "door-unlock", query: "fixture=locked" },
  { name: "door-unlock-pin", query: "fixture=locked", then: (page) => page.locator("#user-u-awa").click() },
  { name: "door-unlock-passphrase", query: "fixture=locked", then: (page) => page.locator("#user-u-bakary").click() },
  {
    name: "door-unlock-wrong",
    query: "fixture=locked",
    async then(page) {
      await page.locator("#user-u-rokia").click();
      await page.locator("#pin").press("0");
      for (const digit of "12345") await page.keyboard.press(digit);
      await page.locator("[role=alert]").first().waitFor();
    },
  },
  { name: "door-pin", query: "fixture", hash: "#/pin" },
  { name: "door-elsewhere", query: "fixture=elsewhere" },
  { name: "door-wiped", query: "fixture=wiped" },
  { name: "door-broken", query: "fixture=broken" },
  { name: "home", query: "fixture" },
  { name: "home-first", query: "fixture&people=0&pending" },
  { name: "home-full", query: "fixture&full" },
  { name: "home-dark", query: "fixture&full", dark: true },
  { name: "sent", query: "fixture&full", hash: "#/sent" },
  {
    name: "sent-done",
    query: "fixture",
    hash: "#/sent",
    async then(page) {
      for (const card of (await page.locator(".card > button.button").all()).reverse()) await card.click();
      await page.locator(".slip").waitFor();
    },
  },
  { name: "settings", query: "fixture", hash: "#/settings" },
  { name: "settings-dark", query: "fixture", hash: "#/settings", dark: true },
  { name: "not-found", query: "fixture", hash: "#/nowhere" },
  ...FIELD_SCREENS,
];
