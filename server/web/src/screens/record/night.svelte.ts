/**
 * What goes on from one person to the next while somebody works: the movement, the family, what was given last, who
 * witnesses. In memory only and ids only: what a family shares is read again from its last member's case.
 */
import type { Gift } from "../../flow/given.js";

/** With what the next intake begins. */
export interface Start {
  readonly movement?: string;
  /** The household, whose answers are copied, and whose family name is offered. */
  readonly family?: { readonly household: string; readonly like: string; readonly head: string };
  /** A typed code that is not known here. */
  readonly named?: string;
  /** The text of a scanned card of a case that may be unknown here. */
  readonly card?: string;
}

interface Night {
  /** How each intake began, by its document; and what the next one begins with. */
  readonly started: Map<string, Start>;
  next: Start;
  gifts: readonly Gift[];
  witness: string;
  /** The arrival that was looked at last: people who are known already are added to it. */
  movement: string | null;
}

const nights = new Map<string, Night>();
const fresh = (): Night => ({ started: new Map(), next: {}, gifts: [], witness: "", movement: null });

/** The night of who is working; another user of the device has their own. */
export function night(user: string): Night {
  let found = nights.get(user);
  if (!found) {
    found = fresh();
    nights.set(user, found);
  }
  return found;
}
