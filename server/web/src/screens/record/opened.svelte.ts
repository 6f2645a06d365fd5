/**
 * A document on a screen: opened when the screen is drawn, and again when the engine's line of it changes. What is shown stays
 * until the newer is there, so that nothing flickers and no sheet closes under a finger. One that cannot be opened is tried again
 * after each contact: the hub is asked for it.
 */
import { app } from "../../app/engine.svelte.js";
import type { Opened } from "../../engine/contract.js";
import { open, versionOf } from "./load.js";

export interface Opening {
  /** Null until it is there. */
  readonly opened: Opened | null;
  /** Why it could not be opened; null while it can. */
  readonly failure: unknown;
}

/** Called while a component is made. `document` may change; an empty one is nothing to open. */
export function opening(document: () => string): Opening {
  let opened = $state.raw<Opened | null>(null);
  let failure = $state.raw<unknown>(null);
  const version = $derived(versionOf(document()) + (failure === null ? "" : ` ${app().sync.contactAt}`));

  $effect(() => {
    void version;
    const wanted = document();
    let gone = false;
    if (wanted !== "") {
      open(wanted).then(
        (found) => {
          if (gone) return;
          opened = found;
          failure = null;
        },
        (error: unknown) => {
          if (!gone) failure = error;
        },
      );
    }
    return () => (gone = true);
  });

  return {
    get opened() {
      return opened;
    },
    get failure() {
      return failure;
    },
  };
}
