/** What the engine needs of the browser, so that tests can give their own: network, clock, timers, locks, storage. */
import type { Protocol } from "./protocol.js";
import type { Timer } from "./syncer.js";

/** What the engine needs of the browser; tests give their own. */
export interface Surroundings {
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
  readonly timer: Timer;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly loadProtocol: () => Promise<Protocol>;
  /** Resolves when this is the only tab that works; `elsewhere` is called when another one is first. */
  readonly alone: (elsewhere: () => void) => Promise<void>;
  /** Calls when the network may be there again, or somebody looks at the app. */
  readonly hints: (hint: () => void) => void;
  /** Watches for a new version; answers how to take it. */
  readonly watchUpdates: (waiting: () => void) => () => Promise<void>;
  readonly storage: {
    estimate(): Promise<{ readonly usage?: number; readonly quota?: number }>;
    persisted(): Promise<boolean>;
    persist(): Promise<boolean>;
  } | null;
}
