/**
 * A recording as screens read it: the engine's `Editing`, so that whatever is drawn from it is drawn anew after each edit.
 *
 * Owns what was entered on the screen: the engine makes a change of it after a quiet minute, and the screen goes on showing
 * it. `failure` is what the last call said when it did not work; the engine then keeps the answer in memory and stores it with
 * the next one.
 */
import type { Answer, Edit } from "@segin/sync-protocol";
import { engine } from "../../app/engine.svelte.js";
import type { Editing, Engine, Opened } from "../../engine/contract.js";
import { withEdit } from "../../flow/pending.js";

export class Recording implements Editing {
  private turn = $state(0);
  failure = $state.raw<unknown>(null);
  /** Everything entered since it began, also what is committed by now. */
  private entered: readonly Edit[];

  constructor(private readonly editing: Editing) {
    this.entered = editing.pending;
  }

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
    return this.entered;
  }

  answer(path: string): Answer | undefined {
    void this.turn;
    return this.editing.answer(path);
  }

  entry(): string {
    return this.editing.entry();
  }

  edit(edit: Edit): Promise<void> {
    return this.doing(async () => {
      this.entered = withEdit(this.entered, edit);
      await this.editing.edit(edit);
    });
  }

  /** Several edits, one after the other. */
  async all(edits: readonly Edit[]): Promise<void> {
    for (const edit of edits) await this.edit(edit);
  }

  leave(): Promise<{ readonly code: string | null }> {
    return this.doing(() => this.editing.leave());
  }

  drop(): Promise<void> {
    return this.doing(async () => {
      await this.editing.drop();
      this.entered = [];
    });
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

/** One for each of the engine's: two screens of one document show the same. */
const known = new WeakMap<Editing, Recording>();

/** Begins or goes on with a recording. Without a draft it begins at what the document is now. */
export async function record(target: Parameters<Engine["edit"]>[0]): Promise<Recording> {
  const { document } = target;
  const asks = engine();
  const draft = asks.drafts().some((one) => one.document === document);
  const here = document !== undefined && asks.state.rows.some((row) => row.document === document);
  const fresh = here && !draft && target.shown === undefined && document !== undefined;
  const editing = await asks.edit(fresh ? { ...target, shown: await asks.open(document) } : target);
  const found = known.get(editing) ?? new Recording(editing);
  known.set(editing, found);
  return found;
}

/** For handlers: what failed stands in `failure` of the recording and on the screen. */
export function quietly(promise: Promise<unknown>): void {
  promise.catch(() => undefined);
}
