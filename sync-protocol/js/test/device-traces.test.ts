/** Every recorded trace of the Rust device, replayed: the same events lead to the same effects, turn by turn. */
import { beforeAll, expect, test } from "vitest";

import { Device } from "../src/device/index.js";
import { startAutomerge } from "./start.js";
import { effectsOf, eventOf, inputsOf, keyOf, readPacked, readTrace, Store, traceNames } from "./traces.js";
import type { Line } from "./traces.js";

beforeAll(startAutomerge);

const packed = readPacked("traces-more");

async function replay(name: string, lines: readonly Line[]): Promise<void> {
  const store = new Store();
  let device = Device.open([], { now: 0, seed: new Uint8Array(32) });
  for (const [index, line] of lines.entries()) {
    if (line.event === "opened") {
      device = Device.open(store.hot(), inputsOf(line));
    } else if (line.event.lost !== undefined) {
      for (const key of line.event.lost) store.lose(keyOf(key));
    } else {
      const effects = await device.handle(eventOf(line.event), inputsOf(line));
      expect(effectsOf(effects), `${name}, line ${index + 1}`).toEqual(line.effects);
      if (line.failed !== true) store.do(effects);
    }
  }
}

test.each(traceNames("traces"))("%s", (name) => replay(name, readTrace("traces", name)));

test.each(packed)("%s", replay);

test("there are two hundred traces and more, of both devices", () => {
  const all = [...traceNames("traces"), ...traceNames("traces-js"), ...packed.map(([name]) => name)];
  expect(all.length).toBeGreaterThanOrEqual(200);
});
