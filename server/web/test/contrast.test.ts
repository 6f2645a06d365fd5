/** The colours of `tokens.css`: 7:1 for everything that is read, 3:1 for what is only seen, and one night for switch and wish. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const sheet = readFileSync(new URL("../src/style/tokens.css", import.meta.url), "utf8");

/** Custom properties with a plain colour in the block that follows `selector`. */
function colours(selector: string): ReadonlyMap<string, string> {
  const start = sheet.indexOf(`${selector} {`);
  if (start < 0) throw new Error(`tokens.css has no ${selector}`);
  const block = sheet.slice(start, sheet.indexOf("}", start));
  return new Map([...block.matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6}|rgb\([^)]*\))/g)].map((found) => [found[1] ?? "", found[2] ?? ""]));
}

function luminance(hex: string): number {
  const part = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

/** The contrast of two colours as WCAG 2 defines it, 1 to 21. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const READ: readonly (readonly [ink: string, ground: string])[] = [
  ...["--ink", "--soft", "--leaf", "--sun", "--red"].flatMap((ink) => [[ink, "--paper"], [ink, "--card"]] as const),
  ["--ink", "--leaf-pale"], ["--ink", "--sun-pale"], ["--ink", "--red-pale"],
  ["--soft", "--leaf-pale"], ["--soft", "--sun-pale"], ["--soft", "--red-pale"],
  ["--leaf", "--leaf-pale"], ["--sun", "--sun-pale"], ["--red", "--red-pale"], ["--red", "--sun-pale"], ["--leaf", "--sun-pale"], ["--sun", "--leaf-pale"],
  ["--on-leaf", "--leaf"], ["--on-sun", "--sun"], ["--on-red", "--red"], ["--on-bar", "--bar"],
];
const SEEN: readonly (readonly [line: string, ground: string])[] = [
  ["--edge", "--card"], ["--edge", "--paper"], ["--edge", "--leaf-pale"], ["--edge", "--sun-pale"],
  ["--focus", "--card"], ["--focus", "--paper"], ["--focus", "--leaf-pale"], ["--focus", "--sun-pale"], ["--focus-bar", "--bar"],
];

describe.each([[":root"], [':root[data-theme="dark"]']])("colours of %s", (selector) => {
  const tokens = colours(selector);
  const token = (name: string) => {
    const found = tokens.get(name);
    if (found === undefined) throw new Error(`${selector} has no ${name}`);
    return found;
  };

  it.each(READ)("%s is read on %s", (ink, ground) => {
    expect(contrast(token(ink), token(ground))).toBeGreaterThanOrEqual(7);
  });

  it.each(SEEN)("%s is seen on %s", (line, ground) => {
    expect(contrast(token(line), token(ground))).toBeGreaterThanOrEqual(3);
  });
});

describe("the measures", () => {
  it("has one night for the switch and for the device's wish", () => {
    expect([...colours(':root:not([data-theme="light"])')]).toEqual([...colours(':root[data-theme="dark"]')]);
  });

  it("knows contrast", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
    expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 1);
  });

  it("has no type below 17 px and no target below 44 px", () => {
    const rem = (name: string) => Number(new RegExp(`${name}: ([\\d.]+)rem`).exec(sheet)?.[1]) * 16;
    expect(rem("--type-small")).toBeGreaterThanOrEqual(17);
    expect(rem("--type")).toBeGreaterThanOrEqual(17);
    expect(rem("--target")).toBeGreaterThanOrEqual(44);
  });
});
