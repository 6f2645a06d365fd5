/** Which engine the app gets: the real one, or while developing `?fixture` one in memory with invented people. */
import type { Engine } from "../engine/contract.js";

/** Loads the engine, after the first screen is drawn. Rejects when a part of the app cannot be read. */
export async function loadEngine(): Promise<Engine> {
  // Constant when built: nothing of the fixture is in what the hub serves.
  if (import.meta.env.DEV) {
    const search = new URLSearchParams(location.search);
    if (search.has("fixture")) return (await import("../engine/fixture.js")).createFixture(search);
  }
  return (await import("../engine/browser.js")).createEngine();
}
