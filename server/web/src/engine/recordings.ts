/**
 * All that one user is recording: which document has which recording, what a recording begins with, and committing all
 * of it when the app is locked or an exchange is asked for by hand. One recording of one document at a time, so that two
 * screens never write two drafts of it.
 */
import { readCard } from "../flow/card.js";
import type { Editing, Opened } from "./contract.js";
import type { Draft } from "./drafts.js";
import { lookAt } from "./looking.js";
import { Recording } from "./recording.js";
import { engineError, problem } from "./sentences.js";
import type { Session } from "./session.js";
import type { Timer } from "./syncer.js";

/** What is to be recorded. */
export interface Target {
  readonly kind: Editing["kind"];
  readonly document?: string;
  readonly shown?: Opened;
  /** The text of a card's QR. */
  readonly card?: string;
}

/** The recordings of a session. */
export class Recordings {
  readonly #open = new Map<string, Recording>();

  constructor(
    private readonly session: Session,
    private readonly timer: Timer,
  ) {}

  /** Begins or goes on with recording. */
  async edit(target: Target): Promise<Editing> {
    const { session } = this;
    const card = target.card === undefined ? null : readCard(target.card);
    if (target.card !== undefined && card === null) throw problem("card-form");
    const document = target.document ?? card?.document ?? crypto.randomUUID();
    const known = this.#open.get(document);
    const draft = session.drafts.get(document);
    if (known !== undefined && (draft !== undefined || target.shown === undefined)) return known;
    const isKnown = session.kindOf(document) !== null;
    const opened = target.shown ?? (isKnown ? await lookAt(session, document) : null);
    const begun: Draft = {
      document,
      kind: target.kind,
      isNew: !isKnown && card === null,
      shown: opened?.heads ?? null,
      card: card?.token ?? null,
      edits: [],
    };
    const recording = new Recording(session, this.timer, draft ?? begun, opened);
    this.#open.set(document, recording);
    // The case is another post's and not here yet: the first change says which code it bears.
    if (card !== null && !isKnown && draft === undefined) {
      await recording.edit({ edit: "set", field: "card.code", value: card.code });
    }
    return recording;
  }

  /** @throws EngineError while something that was entered stands in memory alone: forgetting it would lose it. */
  mustBeStored(): void {
    for (const { unstored } of this.#open.values()) if (unstored !== null) throw unstored;
  }

  /** Makes changes of all drafts. One that is not accepted stays a draft, and that is said. */
  async commitAll(): Promise<void> {
    for (const draft of [...this.session.drafts.values()]) {
      const recording = this.#open.get(draft.document) ?? new Recording(this.session, this.timer, draft, null);
      await recording.commit().catch((error: unknown) => {
        this.session.around.notices.add(engineError(error).words, "urgent", draft.document);
      });
    }
  }
}
