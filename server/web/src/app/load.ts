/**
 * What is loaded after the first door is drawn: the screens behind it, and the engine. The real one, or while developing
 * `?fixture` one in memory with invented people.
 */
import type { Engine } from "../engine/contract.js";

/** Loads the engine, after the first screen is drawn. Rejects when a part of the app cannot be read. */
export async function loadEngine(): Promise<Engine> {
  // Constant when built: nothing of the fixture is in what the hub serves.
  if (import.meta.env.DEV) {
    const search = new URLSearchParams(location.search);
    if (search.has("fixture")) return (await import("../engine/fixture.js")).createFixture(search);
  }
  return (await import("./behind.js")).createEngine();
}

export type Screens = typeof import("./screens.js").SCREENS;

/** Loads the screens behind the open door. Rejects when a part of the app cannot be read. */
export async function loadScreens(): Promise<Screens> {
  return (await import("./behind.js")).SCREENS;
}
