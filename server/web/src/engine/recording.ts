/**
 * Recording: every edit is saved at once to an encrypted draft; leaving a step, locking, an exchange by hand, or a
 * minute without a keystroke makes one change of what is pending, in the same transaction in which the draft goes. Owns
 * when and how a draft becomes a change. An edit names the heads that were on the screen, so that what arrived in
 * between stays beside it. What a full store did not take stays in memory and goes with the next edit that it takes.
 */
import type { Answer, ChangeHash, Edit, EditRequest, Kind, Report } from "@segin/sync-protocol";
import { DRAFT_COMMIT_MILLIS } from "../limits.js";
import { randomBytes } from "../vault/bytes.js";
import type { Editing, EngineError, Opened } from "./contract.js";
import { withEdit } from "../flow/pending.js";
import { pendingAnswer, writeDraft } from "./drafts.js";
import type { Draft } from "./drafts.js";
import { editRefused, engineError, problem } from "./sentences.js";
import type { Session } from "./session.js";
import type { Timer } from "./syncer.js";

/** Beginnings of the state machine's reasons that mean something else than a mistake. */
const NOTHING_NEW = "nothing to write";
const OTHER_COPY = "it was shown from another copy";

/** One document being recorded. */
export class Recording implements Editing {
  #draft: Draft;
  /** What this recording has committed, in order: still on the screen. */
  #committed: readonly Edit[] = [];
  #code: string | null = null;
  #timer: number | null = null;
  #unstored: EngineError | null = null;
  /** One thing after the other. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly session: Session,
    private readonly timer: Timer,
    draft: Draft,
    readonly opened: Opened | null,
  ) {
    this.#draft = draft;
  }

  get document(): string {
    return this.#draft.document;
  }

  get kind(): Kind {
    return this.#draft.kind;
  }

  get isNew(): boolean {
    return this.#draft.isNew;
  }

  get pending(): readonly Edit[] {
    return this.#draft.edits;
  }

  answer(path: string): Answer | undefined {
    const entered = pendingAnswer([...this.#committed, ...this.#draft.edits], path);
    if (entered !== undefined) return entered ?? undefined;
    const [group = "", key = "", field] = path.split(".");
    const found = this.opened?.projection.groups[group];
    if (found === undefined) return undefined;
    if (isFields(found)) return field === undefined ? found[key]?.value : undefined;
    return field === undefined ? undefined : found.find((entry) => entry.entry === key)?.fields[field]?.value;
  }

  edit(edit: Edit): Promise<void> {
    return this.#next(async () => {
      const draft = { ...this.#draft, edits: withEdit(this.#draft.edits, edit) };
      const stored = draft.edits.length === 0 ? null : writeDraft(draft);
      this.#keep(draft);
      this.#wait();
      try {
        await this.session.store.write([], { drafts: new Map([[draft.document, stored]]) });
        this.#unstored = null;
      } catch (error) {
        this.#unstored = engineError(error);
        throw error;
      }
    });
  }

  entry(): string {
    const text = btoa(String.fromCharCode(...randomBytes(8)));
    return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  }

  async leave(): Promise<{ readonly code: string | null }> {
    await this.commit();
    return { code: this.#code };
  }

  drop(): Promise<void> {
    return this.#next(async () => {
      this.#rest();
      await this.session.store.write([], { drafts: new Map([[this.document, null]]) });
      this.#keep({ ...this.#draft, edits: [] });
    });
  }

  /** Why what was entered stands in memory alone; null: it is stored. */
  get unstored(): EngineError | null {
    return this.#draft.edits.length > 0 ? this.#unstored : null;
  }

  /** Makes one change of what is pending. */
  commit(): Promise<void> {
    return this.#next(async () => {
      this.#rest();
      if (this.#draft.edits.length > 0) await this.#commit(this.#draft.shown);
    });
  }

  async #commit(shown: Draft["shown"]): Promise<void> {
    const draft = this.#draft;
    const gone = { drafts: new Map<string, Uint8Array | null>([[draft.document, null]]) };
    const event = { is: "edit", requests: [this.#request(draft, shown)] } as const;
    const { reports } = await this.session.driver.handle(event, (said) => (said.some(isRecorded) ? gone : {}));
    for (const report of reports) {
      if (typeof report === "string") continue;
      if ("Recorded" in report) {
        this.#code ??= report.Recorded.code;
        this.#committed = [...this.#committed, ...draft.edits];
        this.#keep({ ...draft, isNew: false, shown: [report.Recorded.change], edits: [] });
        this.session.around.recorded();
        return;
      }
      if ("EditRefused" in report) {
        const { reason } = report.EditRefused;
        // What stands already need not be written.
        if (reason.startsWith(NOTHING_NEW)) {
          await this.session.store.write([], gone);
          this.#keep({ ...draft, edits: [] });
          return;
        }
        // The change that was on the screen was written again meanwhile: what stands now is taken.
        if (shown !== null && reason.includes(OTHER_COPY)) return this.#commit(null);
        throw editRefused(reason);
      }
    }
    throw problem("busy");
  }

  #request(draft: Draft, shown: Draft["shown"]): EditRequest {
    const { protocol } = this.session.around;
    const document = this.session.id(draft.document);
    const heads = shown?.map((head): ChangeHash => protocol.ChangeHash.parse(head)) ?? null;
    return {
      tag: 0,
      document: draft.isNew ? null : document,
      newId: draft.isNew ? document : null,
      kind: draft.kind,
      shown: draft.isNew ? null : heads,
      edits: draft.edits,
      card: draft.card === null ? null : protocol.fromHex(draft.card),
      beside: [],
    };
  }

  #keep(draft: Draft): void {
    this.#draft = draft;
    if (draft.edits.length > 0) this.session.drafts.set(draft.document, draft);
    else this.session.drafts.delete(draft.document);
    this.session.around.changed();
  }

  #wait(): void {
    this.#rest();
    this.#timer = this.timer.set(() => {
      this.#timer = null;
      this.commit().catch((error: unknown) => {
        this.session.around.notices.add(engineError(error).words, "urgent", this.document);
        this.session.around.changed();
      });
    }, DRAFT_COMMIT_MILLIS);
  }

  #rest(): void {
    if (this.#timer !== null) this.timer.clear(this.#timer);
    this.#timer = null;
  }

  #next(step: () => Promise<void>): Promise<void> {
    const result = this.#before.then(step).catch((error: unknown) => {
      throw engineError(error);
    });
    this.#before = result.catch(() => undefined);
    return result;
  }
}

function isRecorded(report: Report): boolean {
  return typeof report !== "string" && "Recorded" in report;
}

function isFields<T, U>(group: Readonly<Record<string, T>> | readonly U[]): group is Readonly<Record<string, T>> {
  return !Array.isArray(group);
}
