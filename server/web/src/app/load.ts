/** Which engine the app gets: the real one, or while developing `?fixture` one in memory with invented people. */
import type { Engine } from "../engine/contract.js";

/** Loads the engine after the first screen is drawn. */
export async function loadEngine(): Promise<Engine> {
  if (import.meta.env.DEV) return (await import("../engine/fixture.js")).createFixture(new URLSearchParams(location.search));
  throw new Error("the engine is not built in yet");
}
