/**
 * The engine as screens see it: one object to ask, one state to show, both from `engine/contract.ts`. Owns the joint
 * between the engine's listener and Svelte; refuses to know what is behind it. The state is replaced as a whole.
 */
import { EngineError, type Engine, type EngineState, type Words } from "../engine/contract.js";
import { t, tell } from "../words/index.svelte.js";

const NOTHING: EngineState = {
  phase: { is: "starting" },
  users: [],
  ladder: { onPhone: 0, atHub: 0, inTwo: 0, held: 0, refused: 0 },
  sync: { running: false, contactAt: null, triedAt: null, failure: null, fed: 0, more: false, bytesUp: 0, bytesDown: 0 },
  rows: [],
  configuration: null,
  notices: [],
  updateWaiting: false,
};

let connected: Engine | undefined;
let shown = $state.raw<EngineState>(NOTHING);

/** What the engine said last; the phase is `starting` before it is there. */
export function app(): EngineState {
  return shown;
}

/** The engine. Only screens call it, and no screen is drawn before it is there. */
export function engine(): Engine {
  if (!connected) throw new Error("a screen asked the engine before it was connected");
  return connected;
}

/** Connects the engine and starts it. */
export async function connect(given: Engine): Promise<void> {
  connected = given;
  shown = given.state;
  given.subscribe((next) => {
    shown = next;
  });
  await given.start();
}

const NOT_LOADED: Words = {
  fr: "Une partie de l'application n'a pas pu être chargée. Fermez et rouvrez-la. Si cela revient, montrez cet écran à votre responsable.",
  en: "A part of the app could not be loaded. Close it and open it again. If it comes back, show this screen to your supervisor.",
};

/**
 * Shows that a part of the app cannot be loaded. What exactly failed may name things of the device: the person is told what to
 * do, and nothing else is written anywhere.
 */
export function breakDown(): void {
  if (shown.phase.is === "broken") return;
  shown = { ...shown, phase: { is: "broken", reason: NOT_LOADED } };
}

/** What to tell the person about a failed promise. */
export function explain(error: unknown): string {
  return error instanceof EngineError ? tell(error.words) : t().common.problemUnknown;
}
