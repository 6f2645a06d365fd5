/** Which engine the app gets: the real one, or while developing `?fixture` one in memory with invented people. */
import type { Engine } from "../engine/contract.js";

/** Loads the engine after the first screen is drawn. */
export async function loadEngine(): Promise<Engine> {
  const search = new URLSearchParams(location.search);
  if (import.meta.env.DEV && search.has("fixture")) return (await import("../engine/fixture.js")).createFixture(search);
  return (await import("../engine/browser.js")).createEngine();
}
