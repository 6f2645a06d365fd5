/**
 * Looks at every screen of `screens.list.mjs` as a checker and not as a painter: `npm run audit -w server/web [-- part-of-a-name …]`. No serious
 * finding of axe (WCAG 2.2 AA, and 7:1 for text), every target at least 44 px, nothing cut and nothing wider than the window at
 * both sizes and at 200 %, and no error in the console under the hub's content policy. Ends with an error when there is one.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { startChromium } from "./chromium.mjs";
import { serveFixture } from "./fixture.mjs";
import { SCREENS } from "./screens.list.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** CSS pixels. */
const TARGET_MIN = 44;
const SIZES = [
  { name: "360", width: 360, height: 640, zoom: 1 },
  { name: "360 at 200 %", width: 360, height: 640, zoom: 2 },
  { name: "1366", width: 1366, height: 768, zoom: 1 },
  // A browser's zoom of 200 % on an office screen is half the window.
  { name: "1366 at 200 %", width: 683, height: 384, zoom: 1 },
];
const LANGUAGES = ["fr", "en"];

const wanted = process.argv.slice(2);
const chosen = SCREENS.filter((screen) => wanted.length === 0 || wanted.some((part) => screen.name.includes(part)));
const server = await serveFixture();
const browser = await startChromium();
const faults = [];
let looked = 0;

try {
  for (const language of LANGUAGES) {
    for (const size of SIZES) {
      for (const screen of chosen) await look(screen, language, size);
    }
  }
} finally {
  await browser.close();
  await server.stop();
}
for (const fault of new Set(faults)) console.error(fault);
console.log(`${looked} screens looked at, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function look(screen, language, size) {
  const name = `${screen.name}, ${language}, ${size.name}`;
  // axe is put in by the test and not by the page: its script is let past the policy, the page's own still are not.
  const context = await browser.newContext({
    viewport: { width: size.width, height: size.height }, colorScheme: screen.dark ? "dark" : "light", reducedMotion: "reduce",
  });
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
    if (size.zoom !== 1) {
      await page.evaluate((zoom) => {
        document.documentElement.style.fontSize = `${zoom * 100}%`;
      }, size.zoom);
    }
    for (const fault of await page.evaluate(measure, TARGET_MIN)) faults.push(`${name}: ${fault}`);
    if (size.zoom === 1 && size.height > 400) {
      await page.evaluate(AXE);
      const found = await page.evaluate(async () => {
        const rules = { "color-contrast-enhanced": { enabled: true } };
        const { violations } = await globalThis.axe.run(document, { rules, resultTypes: ["violations"] });
        return violations.map((one) => `axe ${one.impact} ${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(" | ")}`);
      });
      for (const fault of found) faults.push(`${name}: ${fault}`);
    }
    looked += 1;
  } catch (error) {
    faults.push(`${name}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  } finally {
    await context.close();
  }
}

/** In the page: targets that are too small, texts that are cut, a page wider than its window. */
function measure(least) {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`${root.scrollWidth - root.clientWidth} px wider than the window`);
  const said = (element) => `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""} “${(element.textContent ?? "").trim().slice(0, 30)}”`;
  for (const element of document.querySelectorAll("a[href], button, input, select, textarea, summary, [role=button]")) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || box.right <= 0) continue;
    if (box.width < least - 0.5 || box.height < least - 0.5) {
      found.push(`${said(element)} is ${Math.round(box.width)} × ${Math.round(box.height)} px`);
    }
  }
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    if (element.closest(".for-ears, .skip, svg, video") || element.getClientRects().length === 0) continue;
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
    if (!text) continue;
    if (style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1) found.push(`${said(element)} is cut at its side`);
    if (style.overflowY === "hidden" && element.scrollHeight > element.clientHeight + 1) found.push(`${said(element)} is cut below`);
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.left < -1 || box.right > root.clientWidth + 1)) found.push(`${said(element)} leaves the window`);
    for (let outer = element.parentElement; outer; outer = outer.parentElement) {
      const around = getComputedStyle(outer);
      if (around.overflowX === "visible" && around.overflowY === "visible") continue;
      const frame = outer.getBoundingClientRect();
      const scrolls = around.overflowY === "auto" || around.overflowY === "scroll";
      if (box.right > frame.right + 1 || (!scrolls && box.bottom > frame.bottom + 1)) found.push(`${said(element)} leaves what is around it`);
    }
  }
  return found;
}
