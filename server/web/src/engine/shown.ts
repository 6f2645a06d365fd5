/** The state as screens see it, read out of the parts. Owns no state; replaced as a whole whenever anything changes. */
import type { EngineState, Notice, Phase, User } from "./contract.js";
import { EMPTY_LADDER } from "./lines.js";
import type { Roster } from "./roster.js";
import { problem } from "./sentences.js";
import type { Session } from "./session.js";

/** How the last exchange went. */
export type Tried = Pick<EngineState["sync"], "running" | "triedAt" | "failure">;

/** The parts of the engine. */
export interface Parts {
  readonly phase: Phase;
  /** Of the user who works; null: nobody does. */
  readonly session: Session | null;
  readonly roster: Roster;
  readonly notices: readonly Notice[];
  readonly sync: Tried;
  readonly updateWaiting: boolean;
}

/** The state now. */
export function readState({ phase, session, roster, notices, sync, updateWaiting }: Parts): EngineState {
  const proofs = session?.proofs() ?? null;
  const { bytesUp, bytesDown } = roster.device;
  return {
    phase,
    users: roster.cards(),
    ladder: session && proofs ? session.lines.ladder(proofs) : EMPTY_LADDER,
    sync: {
      ...sync,
      contactAt: session?.driver.device.syncedAt ?? null,
      fed: session?.fed ?? 0,
      more: session?.isSending ?? false,
      bytesUp,
      bytesDown,
    },
    rows: session && proofs ? session.lines.rows(proofs) : [],
    configuration: session?.configuration ?? null,
    notices,
    updateWaiting,
  };
}

/** Who works. */
export function userOf(session: Session): User {
  const { device } = session.driver;
  const { lease } = device;
  const { enrolment } = session.record;
  if (lease === null || enrolment === null) throw problem("rows-damaged");
  const site = session.configuration?.sites.find((one) => one.code === lease.site);
  return {
    id: lease.user,
    name: lease.name,
    site: lease.site,
    siteName: site?.name ?? enrolment.siteName,
    letters: lease.letters,
    prefix: lease.prefix,
    fingerprint: device.fingerprint ?? "",
    // Before the first answer nobody has said that the device is confirmed.
    standing: device.syncedAt === null && device.standing === "active" ? "pending" : device.standing,
    readingLocked: session.around.isReadingLocked(),
  };
}
