/**
 * When to exchange: after something was recorded, when the last contact is old, and again with growing pauses when it
 * did not work. One exchange at a time, also while the app is locked. What browsers say about the network is a hint to
 * try sooner, never a reason not to try. Owns the clockwork; what an exchange is stands in `session.ts` and `locked.ts`.
 */
import { CONTACT_MILLIS, RETRY_FIRST_MILLIS, RETRY_LAST_MILLIS, SEND_AFTER_MILLIS } from "../limits.js";

/** What one run came to. */
export interface Run {
  readonly failed: boolean;
  /** The hub answered at least once: a link that breaks again and again is tried again soon. */
  readonly moved: boolean;
  /** Something is unsent although nothing failed. */
  readonly left: boolean;
}

/** A timer, as browsers and tests have it. */
export interface Timer {
  set(step: () => void, millis: number): number;
  clear(timer: number): void;
}

/** Runs exchanges. */
export class Syncer {
  #running: Promise<void> | null = null;
  #again = false;
  #timer: number | null = null;
  #failures = 0;
  #stopped = true;

  constructor(
    /** Exchanges once; never rejects. */
    private readonly run: (byHand: boolean) => Promise<Run>,
    private readonly timer: Timer,
    /** Between 0 and 1, so that many devices do not come at once. */
    private readonly spread: () => number,
  ) {}

  /** Begins to look after exchanges. */
  start(): void {
    this.#stopped = false;
    this.#after(SEND_AFTER_MILLIS);
  }

  /** Ends it; the run under way ends by itself. */
  stop(): void {
    this.#stopped = true;
    this.#clear();
  }

  /** Something was recorded. Does not hurry a link that just failed. */
  recorded(): void {
    if (this.#failures === 0) this.#after(SEND_AFTER_MILLIS);
  }

  /** The network may be there again, or somebody looks: the pause is over. */
  hint(): void {
    if (this.#stopped) return;
    this.#failures = 0;
    this.#after(0);
  }

  /** Exchanges now; resolves when it is over. */
  async now(): Promise<void> {
    this.#clear();
    if (this.#running !== null) {
      // What was recorded since it began goes with another.
      this.#again = true;
      await this.#running;
      return;
    }
    await this.#go(true);
  }

  /** Resolves when no exchange is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #go(byHand: boolean): Promise<void> {
    this.#running = this.#runs(byHand);
    await this.#running;
  }

  async #runs(byHand: boolean): Promise<void> {
    let run: Run;
    do {
      this.#again = false;
      run = await this.run(byHand);
    } while (this.#again && !run.failed && !this.#stopped);
    this.#running = null;
    this.#failures = run.failed && !run.moved ? this.#failures + 1 : 0;
    this.#after(this.#pause(run));
  }

  #pause(run: Run): number {
    if (!run.failed && !run.left) return CONTACT_MILLIS;
    const doubled = RETRY_FIRST_MILLIS * 2 ** Math.min(this.#failures, 10);
    return Math.min(doubled, RETRY_LAST_MILLIS) * (0.75 + this.spread() / 2);
  }

  #after(millis: number): void {
    if (this.#stopped) return;
    this.#clear();
    this.#timer = this.timer.set(() => {
      this.#timer = null;
      if (this.#running === null) void this.#go(false);
    }, millis);
  }

  #clear(): void {
    if (this.#timer !== null) this.timer.clear(this.#timer);
    this.#timer = null;
  }
}
