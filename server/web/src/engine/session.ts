/**
 * A user at work: the state machine over their rows, the lines of their lists, their drafts, and the exchange. Owns what
 * is in memory while the app is open, and forgets it when it is closed. What is shown of one document is in
 * `looking.ts`, recording in `recording.ts`; which user works, and when to exchange, in `engine.ts`.
 */
import type { Configuration, Entry, Kind, Report, Write } from "@segin/sync-protocol";
import { LINES_AT_ONCE } from "../limits.js";
import type { Database } from "../store/database.js";
import { UserStore } from "../store/user_store.js";
import type { Beside, Rows } from "../store/user_store.js";
import type { UserRecord } from "../store/record.js";
import type { OpenKeys } from "../vault/keys.js";
import type { Words } from "./contract.js";
import { claimLost } from "./claiming.js";
import { readDraft } from "./drafts.js";
import type { Draft } from "./drafts.js";
import { Driver } from "./driver.js";
import type { Companion, Extra, Step } from "./driver.js";
import { kindOf } from "./kinds.js";
import { Lines } from "./lines.js";
import type { Proofs } from "./lines.js";
import { LinkError } from "./link.js";
import type { Link } from "./link.js";
import type { Notices } from "./notices.js";
import { proofsOf } from "./proofs.js";
import type { Protocol } from "./protocol.js";
import { sayReport } from "./reports.js";
import { exchangeWords, problem, sentence } from "./sentences.js";
import { readSummary, summarise, writeSummary } from "./summary.js";
import type { Summary } from "./summary.js";

/** Rows without which nothing can be recorded: who this device is, and its counters. */
const NEEDED = ["01", "02"];

/** What a session needs of the app around it. */
export interface Around {
  readonly protocol: Protocol;
  readonly db: Database;
  readonly link: Link;
  readonly notices: Notices;
  readonly now: () => number;
  /** Something changed that is shown. */
  readonly changed: () => void;
  /** Something was stored that is to be sent. */
  readonly recorded: () => void;
  /** What is left for colleagues of the device, in the same transaction. */
  readonly forColleagues: (session: Session, reports: readonly Report[]) => Promise<Beside["ops"]>;
  /** Erases this user, in one transaction. */
  readonly wipe: (slot: string, then: readonly Write[]) => Promise<void>;
  readonly isReadingLocked: () => boolean;
}

/** How an exchange of the open user went. */
export interface Exchanged {
  readonly failure: Words | null;
  /** Whether the hub answered at least once. */
  readonly moved: boolean;
  /** Whether something is left to send, or about to stand in two places: worth another exchange soon. */
  readonly left: boolean;
}

/** One user's open device. */
export class Session {
  readonly lines = new Lines();
  readonly drafts = new Map<string, Draft>();
  /** Names of writers, by the prefix of their actors. */
  readonly writers = new Map<string, { readonly name: string; readonly site: string | null }>();
  configuration: Configuration | null = null;
  isSending = false;
  /** Documents stored in the present exchange. */
  fed = 0;
  isWiped = false;
  /** Keys of notes of unsent work that cannot be read: `claiming.ts`. */
  readonly lostWork = new Set<string>();
  /** Nobody works with it any more. */
  isClosed = false;
  readonly #lost = new Set<string>();
  /** Copies that are there and cannot be read. */
  readonly #damagedCopies = new Set<string>();
  readonly #kinds: ReadonlyMap<number, Kind>;
  /** Documents by the counter of the parcel that holds them. */
  #packed: ReadonlyMap<number, readonly string[]> = new Map();

  private constructor(
    readonly record: UserRecord,
    readonly keys: OpenKeys,
    readonly store: UserStore,
    readonly driver: Driver,
    readonly around: Around,
  ) {
    const codes = Object.entries(around.protocol.KIND_CODES);
    const kinds = codes.flatMap(([name, code]): [number, Kind][] => {
      const kind = kindOf(name);
      return kind === null ? [] : [[code, kind]];
    });
    this.#kinds = new Map(kinds);
  }

  /** Opens a user's device. */
  static async open(record: UserRecord, keys: OpenKeys, around: Around): Promise<Session> {
    const store = new UserStore(around.db, record.slot, keys.data);
    // Read and opened side by side: thousands of rows each.
    const [{ driver, damaged }, lines, drafts] = await Promise.all([
      Driver.open(around.protocol, store, around.now),
      store.summaries(),
      store.drafts(),
    ]);
    if (damaged.some((key) => NEEDED.includes(key))) throw problem("rows-damaged");
    const session = new Session(record, keys, store, driver, around);
    driver.accompany(session.#companion());
    session.#notePacked();
    for (const key of damaged) session.#damaged(key);
    session.#readLines(lines.rows);
    if (session.lostWork.size > 0) await claimLost(session);
    for (const [, bytes] of drafts.rows) {
      const draft = readDraft(bytes);
      if (draft !== null) session.drafts.set(draft.document, draft);
    }
    await session.readConfiguration();
    await session.forgetLost();
    return session;
  }

  /** The kind of a document that the state machine knows. */
  kindOf(document: string): Kind | null {
    const entry = this.driver.device.entry(this.id(document));
    return entry === null ? null : (this.#kinds.get(entry.kind) ?? null);
  }

  /** A document's id, checked. Throws where it is none: a screen's mistake. */
  id(document: string): ReturnType<Protocol["DocumentId"]["parse"]> {
    return this.around.protocol.DocumentId.parse(document);
  }

  #readLines(rows: Rows["rows"]): void {
    for (const [, bytes] of rows) {
      const summary = readSummary(bytes);
      if (summary !== null) this.lines.set(summary.document, summary);
    }
  }

  /**
   * Makes lines again that are missing: of another version of the app, or damaged. Beside everything else, a few at a
   * time, so that nobody waits for thousands of them before recording; ends when the session is closed.
   */
  async makeLines(): Promise<void> {
    const isMissing = ([document, entry]: readonly [string, Entry]): boolean =>
      entry.standing === "open" && this.lines.get(document) === undefined;
    const missing = this.driver.device.entries().filter(isMissing).map(([document]) => document);
    for (let at = 0; at < missing.length && !this.isClosed; at += LINES_AT_ONCE) {
      await this.driver.exclusive(async () => {
        const made = new Map<string, Uint8Array>();
        for (const document of missing.slice(at, at + LINES_AT_ONCE)) {
          const saved = await this.driver.read({ is: "copy", document });
          const summary = saved === null ? null : this.#summaryOf(document, saved);
          if (summary === null) continue;
          this.lines.set(document, summary);
          made.set(document, writeSummary(summary));
        }
        if (!this.isClosed) await this.store.write([], { summaries: made });
      });
      this.around.changed();
    }
  }

  #summaryOf(document: string, saved: Uint8Array): Summary | null {
    const kind = this.kindOf(document);
    const view = kind === null ? null : this.around.protocol.view(kind, saved);
    if (view === null) return null;
    const before = this.lines.get(document);
    const code = this.driver.device.entry(this.id(document))?.code ?? before?.code ?? null;
    const position = before?.position ?? null;
    return summarise(document, view.projection, view.conflicts.length, { code, position });
  }

  #companion(): Companion {
    return {
      beside: (batch, reports, extra) => this.#beside(batch, reports, extra),
      stored: (batch, beside) => this.#stored(batch, beside),
      wipe: async (then) => {
        this.isWiped = true;
        await this.around.wipe(this.record.slot, then);
      },
      damaged: (key) => this.#damaged(key),
    };
  }

  async #beside(batch: readonly Write[], reports: readonly Report[], extra: Extra | null): Promise<Beside> {
    const changed = new Map<string, Summary | null>();
    for (const write of batch) {
      if (write.key.is !== "copy") continue;
      const { document } = write.key;
      // A copy that cannot be read keeps the line that it had.
      if (write.is === "put") changed.set(document, this.#summaryOf(document, write.bytes) ?? this.lines.get(document) ?? null);
      else changed.set(document, this.#closed(document));
    }
    for (const [document, position] of this.#receipted(batch)) {
      const line = changed.get(document) ?? this.lines.get(document);
      if (line && (line.position ?? 0) < position) changed.set(document, { ...line, position });
    }
    const more = extra?.(reports) ?? {};
    const forColleagues = await this.around.forColleagues(this, reports);
    const lines = [...changed].map(([document, line]): [string, Uint8Array | null] => [
      document,
      line === null ? null : writeSummary(line),
    ]);
    return {
      summaries: new Map([...lines, ...(more.summaries ?? [])]),
      ...(more.drafts === undefined ? {} : { drafts: more.drafts }),
      ops: [...(more.ops ?? []), ...(forColleagues ?? [])],
    };
  }

  /** What stays of a document whose copy goes: that an own annex is at the hub. */
  #closed(document: string): Summary | null {
    const line = this.lines.get(document);
    const standing = this.driver.device.entry(this.id(document))?.standing;
    if (line === undefined || standing !== "closed") return null;
    return { ...line, name: "", names: [], code: null, birth: null, movements: [], about: [], urgent: [], closed: true };
  }

  /** Documents of parcels that this batch notes as receipted, and where they stand at the highest. */
  #receipted(batch: readonly Write[]): ReadonlyMap<string, number> {
    const { device } = this.driver;
    const receipts = new Set(batch.flatMap(({ is, key }) => (is === "put" && key.is === "receipt" ? [key.number] : [])));
    const positions = new Map<string, number>();
    if (receipts.size === 0) return positions;
    const kept = new Map(device.parcels());
    for (const counter of receipts) {
      // A parcel that a second copy covers goes with its receipt; it stands at the receipt's head or before.
      const position = kept.get(counter)?.position ?? device.head;
      for (const document of this.#packed.get(counter) ?? []) {
        positions.set(document, Math.max(positions.get(document) ?? 0, position));
      }
    }
    return positions;
  }

  /** Remembers what is in which parcel: when its receipt comes, it may be gone. */
  #notePacked(): void {
    const parcels = this.driver.device.parcels();
    this.#packed = new Map(parcels.map(([counter, info]) => [counter, info.documents.map(([document]) => document)]));
  }

  #stored(batch: readonly Write[], beside: Beside): void {
    for (const [document, bytes] of beside.summaries ?? []) {
      this.lines.set(document, bytes === null ? null : readSummary(bytes));
    }
    for (const { is, key } of batch) if (is === "put" && key.is === "copy") this.#damagedCopies.delete(key.document);
    if (batch.some((write) => write.key.is === "parcel")) this.#notePacked();
    if (this.isSending) this.fed += batch.filter((write) => write.key.is === "copy").length;
    this.around.changed();
  }

  /** A row that cannot be read: a copy's document is asked for again, the rest goes on. */
  #damaged(key: string): void {
    const parsed = this.around.protocol.Key.fromBytes(this.around.protocol.fromHex(key));
    if (parsed?.is === "copy" || parsed?.is === "entry") {
      this.#lost.add(parsed.document);
      this.#damagedCopies.add(parsed.document);
      this.around.notices.add(sentence("document-damaged"), "urgent", parsed.document);
    } else {
      if (parsed?.is === "work") this.lostWork.add(key);
      this.around.notices.add(sentence("row-aside"), "urgent");
    }
    this.around.changed();
  }

  /** Whether a document's copy stands here and cannot be read. */
  isDamaged(document: string): boolean {
    return this.#damagedCopies.has(document);
  }

  /** Notes a document whose copy is gone or unreadable. */
  lose(document: string): void {
    this.#lost.add(document);
  }

  /**
   * Forgets lost documents that have nothing unsent, so that the next exchange finds them missing and brings them whole.
   * Those with unsent work wait until it is receipted.
   */
  async forgetLost(): Promise<void> {
    const { device } = this.driver;
    const free = [...this.#lost].filter((document) => device.worksOf(this.id(document)).length === 0);
    if (free.length === 0 || device.isBusy) return;
    const { Key } = this.around.protocol;
    await this.driver.exclusive(async () => {
      const keys = free.map((text) => this.id(text)).flatMap((document) => [Key.order({ is: "copy", document }), Key.order({ is: "entry", document })]);
      // Their lines stay, unseen, and with them that they are this user's own.
      await this.store.write(keys.map((key) => ({ key, bytes: null })));
      await this.driver.reopen();
    });
    for (const document of free) this.#lost.delete(document);
  }

  /** Reads the configuration that the hub signed. */
  async readConfiguration(): Promise<void> {
    const { protocol } = this.around;
    const row = await this.driver.read({ is: "configuration" });
    const { hub } = this.driver.device;
    if (row === null || hub === null) return;
    try {
      const signed = protocol.fromCbor(protocol.SignedConfiguration, row);
      this.configuration = protocol.SignedConfiguration.verify(signed, hub);
    } catch {
      // Another version's: the one that was read before stands, the hub gives it again.
    }
  }

  /** Exchanges until nothing is left to say or the link fails. */
  async exchange(): Promise<Exchanged> {
    await this.forgetLost();
    this.isSending = true;
    this.fed = 0;
    this.around.changed();
    let failure: Words | null = null;
    let moved = false;
    const { head } = this.driver.device;
    try {
      let step = await this.driver.handle({ is: "sync", budget: this.around.link.budget });
      failure = this.#hear(step, null);
      while (step.outgoing !== null) {
        const { number, to, bytes } = step.outgoing;
        let cut: LinkError | null = null;
        let event: Parameters<Driver["handle"]>[0];
        try {
          const answer = await this.around.link.post(to, bytes);
          event = { is: "answer", number, bytes: answer, budget: this.around.link.budget };
          moved = true;
        } catch (error) {
          if (!(error instanceof LinkError)) throw error;
          cut = error;
          // An error of the hub's own has its code; the device may know what to do about it.
          const { code } = error;
          const answered = !code.startsWith("link-");
          event = answered ? { is: "turnedAway", number, code, reason: code } : { is: "failed", number, reason: code };
        }
        step = await this.driver.handle(event);
        failure = this.#hear(step, cut);
      }
      await this.readConfiguration();
    } finally {
      this.isSending = false;
      this.around.changed();
    }
    return { failure, moved, left: this.hasUnsent() || this.#isBeingCopied(head) };
  }

  /** Whether the hub has something new since `head` that its second copy, where it keeps one, does not cover yet. */
  #isBeingCopied(before: number): boolean {
    const { head, copiedTo } = this.driver.device;
    return head > before && copiedTo > 0 && copiedTo < head;
  }

  /** Says what is to be said; the reason why an exchange ended early. */
  #hear(step: Step, cut: LinkError | null): Words | null {
    let failure: Words | null = null;
    for (const report of step.reports) {
      sayReport(report, this.around.notices);
      if (typeof report !== "string" && "SyncFailed" in report) failure = cut?.words ?? exchangeWords(report.SyncFailed.reason);
    }
    return failure;
  }

  /** The last human code that this device gave; null: none yet. */
  lastCode(): string | null {
    const mark = `-${this.driver.device.lease?.letters ?? ""}-`;
    const codes = this.driver.device.entries().flatMap(([, entry]) => (entry.code?.includes(mark) ? [entry.code] : []));
    // By the counter, which stands behind the letters; the year before it changes with the lease.
    return codes.sort((a, b) => counterOf(a) - counterOf(b)).at(-1) ?? null;
  }

  /** Whether something is recorded that the hub is not known to have. */
  hasUnsent(): boolean {
    return this.driver.device.works().some((work) => work.state.is === "local" || work.state.is === "packed");
  }

  /** What is proved now, for {@link Lines}. */
  proofs(): Proofs {
    return proofsOf(this);
  }
}

function counterOf(code: string): number {
  return Number.parseInt(code.split("-").at(-2) ?? "", 10) || 0;
}
