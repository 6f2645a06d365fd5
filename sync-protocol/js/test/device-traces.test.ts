/** Every recorded trace of the Rust device, replayed: the same events lead to the same effects, turn by turn. */
import { beforeAll, expect, test } from "vitest";

import { Device } from "../src/device/index.js";
import { startAutomerge } from "./start.js";
import { effectsOf, eventOf, inputsOf, keyOf, readTrace, Store, traceNames } from "./traces.js";

beforeAll(startAutomerge);

test.each(traceNames("traces"))("%s", async (name) => {
  const store = new Store();
  let device = Device.open([], { now: 0, seed: new Uint8Array(32) });
  for (const [index, line] of readTrace("traces", name).entries()) {
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
});
