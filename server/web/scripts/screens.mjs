/**
 * Writes every screen as a PNG, in both languages and at the sizes of a cheap phone and an office screen, with the fixture's
 * invented people: `npm run screens -w server/web [-- part-of-a-name …]`. Into `screens/`, or where SCREENS_OUT says.
 * Ends with an error when a screen is wider than its window, breaks, or logs an error.
 */
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startChromium } from "./chromium.mjs";
import { serveFixture } from "./fixture.mjs";
import { SCREENS } from "./screens.list.mjs";

const OUT = process.env.SCREENS_OUT ?? fileURLToPath(new URL("../screens", import.meta.url));
const SIZES = [
  { name: "360", width: 360, height: 640 },
  { name: "1366", width: 1366, height: 768 },
];
const LANGUAGES = (process.env.SCREENS_LANGUAGES ?? "fr,en").split(",");

const wanted = process.argv.slice(2);
const chosen = SCREENS.filter((screen) => wanted.length === 0 || wanted.some((part) => screen.name.includes(part)));
const server = await serveFixture();
const browser = await startChromium();
const faults = [];

try {
  await mkdir(OUT, { recursive: true });
  for (const language of LANGUAGES) {
    for (const size of SIZES) {
      for (const screen of chosen) {
        const name = `${screen.name}-${language}-${size.name}`;
        try {
          await picture(name, screen, language, size);
        } catch (error) {
          faults.push(`${name}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
        }
      }
    }
  }
} finally {
  await browser.close();
  await server.stop();
}
for (const fault of faults) console.error(fault);
console.log(`${chosen.length * LANGUAGES.length * SIZES.length} pictures in ${OUT}, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function picture(name, screen, language, size) {
  const context = await browser.newContext({ viewport: size, colorScheme: screen.dark ? "dark" : "light", reducedMotion: "reduce" });
  try {
    await context.addInitScript((code) => localStorage.setItem("segin-language", code), language);
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(`${name}: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") faults.push(`${name}: ${message.text()}`);
    });
    await page.goto(`${server.url}?${screen.query}${screen.hash ?? ""}`);
    await page.locator("h1").first().waitFor({ state: "attached" });
    await screen.then?.(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) faults.push(`${name}: ${wide} px wider than the window`);
    await page.screenshot({ path: `${OUT}/${name}.png`, fullPage: screen.whole ?? true });
  } finally {
    await context.close();
  }
}
