/**
 * A recording as screens read it: the engine's `Editing`, so that whatever is drawn from it is drawn anew after each edit.
 *
 * Owns nothing but that. `failure` is what the last call said when it did not work; the answer then is not stored.
 */
import type { Answer, Edit } from "@segin/sync-protocol";
import { engine } from "../../app/engine.svelte.js";
import type { Editing, Engine, Opened } from "../../engine/contract.js";

export class Recording implements Editing {
  private turn = $state(0);
  failure = $state.raw<unknown>(null);

  constructor(private readonly editing: Editing) {}

  get document(): string {
    return this.editing.document;
  }
  get kind(): Editing["kind"] {
    return this.editing.kind;
  }
  get isNew(): boolean {
    return this.editing.isNew;
  }
  get opened(): Opened | null {
    void this.turn;
    return this.editing.opened;
  }
  get pending(): readonly Edit[] {
    void this.turn;
    return this.editing.pending;
  }

  answer(path: string): Answer | undefined {
    void this.turn;
    return this.editing.answer(path);
  }

  entry(): string {
    return this.editing.entry();
  }

  edit(edit: Edit): Promise<void> {
    return this.doing(() => this.editing.edit(edit));
  }

  /** Several edits, one after the other. */
  async all(edits: readonly Edit[]): Promise<void> {
    for (const edit of edits) await this.edit(edit);
  }

  leave(): Promise<{ readonly code: string | null }> {
    return this.doing(() => this.editing.leave());
  }

  drop(): Promise<void> {
    return this.doing(() => this.editing.drop());
  }

  private async doing<T>(what: () => Promise<T>): Promise<T> {
    try {
      const done = await what();
      this.failure = null;
      return done;
    } catch (error) {
      this.failure = error;
      throw error;
    } finally {
      this.turn += 1;
    }
  }
}

/** Begins or goes on with a recording. */
export async function record(target: Parameters<Engine["edit"]>[0]): Promise<Recording> {
  return new Recording(await engine().edit(target));
}

/** For handlers: what failed stands in `failure` of the recording and on the screen. */
export function quietly(promise: Promise<unknown>): void {
  promise.catch(() => undefined);
}
