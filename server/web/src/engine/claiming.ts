/**
 * Notes of unsent work that cannot be read any more: the documents stay this user's own, so that the ladder goes on
 * counting them. What was sealed with them is sent as if nobody had unlocked it (`engine.ts`); then the notes go.
 */
import { writeSummary } from "./summary.js";
import type { Session } from "./session.js";

/** Keeps as own what this device wrote, and what the hub is not known to have. */
export async function claimLost(session: Session): Promise<void> {
  const summaries = new Map<string, Uint8Array>();
  for (const [document, entry] of session.driver.device.entries()) {
    const line = session.lines.get(document);
    const isOwn = entry.uncounted.some((change) => !entry.neighbours.includes(change));
    if (line === undefined || line.position !== null || !isOwn) continue;
    // Nowhere at the hub yet, and own.
    const own = { ...line, position: 0 };
    session.lines.set(document, own);
    summaries.set(document, writeSummary(own));
  }
  if (summaries.size > 0) await session.store.write([], { summaries });
}

/** Everything sealed is at the hub: notes that cannot be read are not named again at the next start. */
export async function forgetSent(session: Session): Promise<void> {
  if (session.lostWork.size === 0) return;
  await session.store.write([...session.lostWork].map((key) => ({ key, bytes: null })));
  session.lostWork.clear();
}
