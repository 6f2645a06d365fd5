/**
 * What is proved of each document at this moment, read from the state machine: on this phone, at the hub, in two places,
 * held or refused. Owns the reading only; which step of the ladder follows from it is decided in `lines.ts`.
 */
import type { Proofs } from "./lines.js";
import type { Session } from "./session.js";

/** The proofs of an open session. */
export function proofsOf(session: Session): Proofs {
  const { device } = session.driver;
  const works = new Map<string, ("open" | "held" | "refused")[]>();
  for (const { document, state } of device.works()) {
    const is = state.is === "heldWho" || state.is === "heldWhat" ? "held" : state.is === "refused" ? "refused" : "open";
    works.set(document, [...(works.get(document) ?? []), is]);
  }
  const parcels = new Map<string, number | null>();
  for (const [, info] of device.parcels()) {
    for (const [document] of info.documents) {
      const before = parcels.get(document);
      const at = info.again ? null : info.position;
      parcels.set(document, before === null || at === null ? null : Math.max(before ?? 0, at));
    }
  }
  const aside = device.aside().filter((one) => one.supersededBy === null);
  return {
    drafts: new Set([...session.drafts.values()].filter((draft) => draft.edits.length > 0).map((draft) => draft.document)),
    works,
    aside: new Set(aside.map((one) => one.document)),
    parcels,
    isUncounted: (document) => (device.entry(session.id(document))?.uncounted.length ?? 0) > 0,
    isReadable: (document) => device.entry(session.id(document))?.standing === "open",
    sending: session.isSending,
    head: device.head,
    copiedTo: device.copiedTo,
    readingLocked: session.around.isReadingLocked(),
    now: session.around.now(),
  };
}
