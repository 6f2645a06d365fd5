/**
 * What screens may ask of the engine, and nothing else: no screen touches storage, keys, Automerge or the network.
 *
 * Owns the words between screens and engine. The engine (`engine.ts`) answers them with the state machine of
 * `@segin/sync-protocol`, the encrypted store and the hub. All of it is about one device; a device has several users,
 * of whom at most one is working.
 */
import type { Answer, Configuration, Conflict, Edit, Kind, Projection } from "@segin/sync-protocol";

/** A caseworker of this device, as shown before anybody has unlocked it: names of staff, never of registered people. */
export interface UserCard {
  /** The user's id. */
  readonly id: string;
  readonly name: string;
  readonly site: string;
  /** Whether six digits open it now: a PIN was set and the app was not restarted since. */
  readonly pin: boolean;
  /** Wrong PINs left before the passphrase is wanted. */
  readonly pinTriesLeft: number;
  /** Sealed work of this user that no hub has confirmed yet. */
  readonly unsent: number;
}

/** Which of the app's doors is shown. */
export type Phase =
  | { readonly is: "starting" }
  /** Nobody is enrolled here: only enrolling is possible. */
  | { readonly is: "new" }
  /** Somebody is enrolled and nobody is working. */
  | { readonly is: "locked" }
  | { readonly is: "open"; readonly user: User }
  /** Another tab or window has the app open. */
  | { readonly is: "elsewhere" }
  /** Everything was erased by order of the hub. */
  | { readonly is: "wiped"; readonly at: number; readonly all: boolean }
  /** The store cannot be used; `reason` says why and what to do. */
  | { readonly is: "broken"; readonly reason: Words };

/** A sentence in both languages. */
export interface Words {
  readonly fr: string;
  readonly en: string;
}

/** Who is working. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly site: string;
  readonly siteName: string;
  /** The device's letters on human codes. */
  readonly letters: string;
  /** The first half of this user's actors here. */
  readonly prefix: string;
  /** What a supervisor compares, e.g. `7K3Q-M2XP`. */
  readonly fingerprint: string;
  /** As the hub said last. */
  readonly standing: "active" | "pending" | "revoked";
  /** No contact for so long that old cases are locked for reading; recording never is. */
  readonly readingLocked: boolean;
}

/** The ladder, in changes and in documents of this user. Honest: what is not proved stands on the lower step. */
export interface Ladder {
  /** Documents with a draft or a change that no receipt covers. */
  readonly onPhone: number;
  /** Documents whose every change is receipted, not all of them covered by a second copy. */
  readonly atHub: number;
  /** Documents whose every change stands in two places. */
  readonly inTwo: number;
  /** Documents with a change that waits at the hub for a person. */
  readonly held: number;
  /** Documents with a change that was not accepted and is kept aside. */
  readonly refused: number;
}

/** Where a record is. */
export type Step = "draft" | "phone" | "sending" | "held" | "refused" | "hub" | "two";

/** How the last or present exchange goes. */
export interface Sync {
  readonly running: boolean;
  /** Hub time of the last answer, in milliseconds since 1970; none: never. */
  readonly contactAt: number | null;
  /** By this device's clock: when the last try ended. */
  readonly triedAt: number | null;
  /** Why the last try ended early; null when it did not. */
  readonly failure: Words | null;
  /** Documents read in this exchange, and whether more follow. */
  readonly fed: number;
  readonly more: boolean;
  /** Bytes up and down since the app was installed. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** One line of a list, held in memory for every readable document. */
export interface Row {
  readonly document: string;
  readonly kind: Kind;
  readonly code: string | null;
  /** As shown: given and family name, or what the person is called; empty: no name. For a movement, its vehicle or origin. */
  readonly name: string;
  /** Every spelling and name to be found by: given, family, called, on paper, father, mother. */
  readonly names: readonly string[];
  readonly sex: "f" | "m" | "unknown" | null;
  /** Years now, where the birth says enough; null: unknown. */
  readonly age: number | null;
  readonly site: string | null;
  /** Documents of the movements in which the person arrived. */
  readonly movements: readonly string[];
  /** Documents of the cases that it is about: a household's members, the case of an annex or a referral. Left out: unknown. */
  readonly about?: readonly string[];
  /** Members of the set `urgent`. */
  readonly urgent: readonly string[];
  /** An unaccompanied or separated child of whom nobody has recorded who was told. */
  readonly childAlone: boolean;
  /** The step of the outcome that holds. */
  readonly status: string | null;
  /** Entered first, and last; milliseconds since 1970 by the writers' clocks. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Fields with more than one value. */
  readonly conflicts: number;
  readonly step: Step;
}

/** One change of a document, for its history. */
export interface Past {
  readonly change: string;
  readonly at: number;
  /** The user's name where the writer is known, else the prefix. */
  readonly who: string;
  readonly site: string | null;
  readonly mine: boolean;
  /** Paths that it wrote, e.g. `identity.family`. */
  readonly paths: readonly string[];
}

/** A document as it is shown. */
export interface Opened {
  readonly document: string;
  readonly kind: Kind;
  /** An edit names them. */
  readonly heads: readonly string[];
  readonly projection: Projection;
  readonly conflicts: readonly Conflict[];
  readonly history: readonly Past[];
  readonly step: Step;
  /** Why it is held or refused, where it is. */
  readonly why: Words | null;
  readonly code: string | null;
  /** What stands in the QR of the card: code, document, card token; cases that this device issued or scanned. */
  readonly card: string | null;
}

/** A document being recorded. Every call is saved at once to an encrypted draft; `leave` makes it one change. */
export interface Editing {
  readonly document: string;
  readonly kind: Kind;
  readonly isNew: boolean;
  /** What stood on the screen when editing began; null for a new document. */
  readonly opened: Opened | null;
  /** Edits not committed yet, in order. */
  readonly pending: readonly Edit[];
  /** What a field shows: the pending edit, else what was opened. */
  answer(path: string): Answer | undefined;
  /**
   * Adds an edit; a later `set` of the same field, or `include`/`exclude` of the same member, replaces the earlier; an
   * `amend` of a pending entry changes it, and a `void` of a pending entry takes it back. `flow/pending.ts` does this.
   */
  edit(edit: Edit): Promise<void>;
  /** A new random entry id for an `add`. */
  entry(): string;
  /** Commits what is pending as one change. Resolves with the human code of a new case, else null. */
  leave(): Promise<{ readonly code: string | null }>;
  /** Forgets what is pending. */
  drop(): Promise<void>;
}

/** What this device stores and has used. */
export interface Storage {
  readonly usedBytes: number;
  /** What the browser allows; null: it does not say. */
  readonly quotaBytes: number | null;
  /** Kept free for intakes; 0 when even that is used. */
  readonly reservedBytes: number;
  /** Whether the browser promised not to evict it. */
  readonly persistent: boolean;
}

/** Everything that a screen shows without asking; replaced as a whole whenever anything in it changes. */
export interface EngineState {
  readonly phase: Phase;
  readonly users: readonly UserCard[];
  readonly ladder: Ladder;
  readonly sync: Sync;
  readonly rows: readonly Row[];
  /** Sites, code lists and places; null before enrolment. */
  readonly configuration: Configuration | null;
  /** Things to say once, newest last. */
  readonly notices: readonly Notice[];
  /** A new version of the app waits; it is taken at the next start. */
  readonly updateWaiting: boolean;
}

/** Something that happened and should be said. */
export interface Notice {
  readonly id: number;
  readonly words: Words;
  /** Which documents it is about, the last named last; none: the device or all of it. */
  readonly documents: readonly string[];
  readonly tone: "good" | "calm" | "urgent";
}

/** An error for the person: never a stack, always what to do. */
export class EngineError extends Error {
  constructor(
    /** Stable. */
    readonly code: string,
    readonly words: Words,
  ) {
    super(code);
  }
}

/** What a return file said. */
export interface ReturnTaken {
  /** Records and changes that the hub now has. */
  readonly confirmed: number;
  /** Of those, what waits there for a person. */
  readonly held: number;
  /** People and lists read. */
  readonly read: number;
  /** Numbers of files of this device that never came to the hub, first and last of each run. */
  readonly missing: readonly (readonly [number, number])[];
}

/** The engine. Every promise rejects with an `EngineError`. */
export interface Engine {
  readonly state: EngineState;
  /** Calls the listener after each change; returns how to stop. */
  subscribe(listener: (state: EngineState) => void): () => void;
  start(): Promise<void>;

  enrol(request: { invitation: string; passphrase: string }): Promise<void>;
  unlock(user: string, passphrase: string): Promise<void>;
  unlockWithPin(user: string, pin: string): Promise<void>;
  setPin(pin: string): Promise<void>;
  /** Commits drafts, forgets keys and readable data in memory; sealed work goes on being sent. */
  lock(): Promise<void>;

  open(document: string): Promise<Opened>;
  /**
   * Begins or goes on with recording. `shown`: what is on the screen; else it is opened now. `card`: the text of a card's
   * QR that was scanned, see `flow/card.ts`; its `document` may be unknown here.
   */
  edit(target: { kind: Kind; document?: string; shown?: Opened; card?: string }): Promise<Editing>;
  /** Drafts left from before, e.g. after a crash: documents with pending edits. */
  drafts(): readonly { readonly document: string; readonly kind: Kind }[];

  /** Sends and reads now; resolves when nothing is left or the link failed (then `sync.failure` says why). */
  syncNow(): Promise<void>;
  /** Everything sealed and unsent, of all users of this device, as one file. */
  courierFile(): Promise<{ readonly name: string; readonly bytes: Uint8Array; readonly parcels: number }>;
  /** Takes the file that came back; rejects with a sentence, and nothing was changed, when it is not for this device. */
  takeReturn(file: Uint8Array): Promise<ReturnTaken>;
  storage(): Promise<Storage>;
  /** To be read out or texted at the end of a shift. */
  slip(): Promise<{ readonly counts: Ladder; readonly lastCode: string | null; readonly checksum: string }>;
  dismiss(notice: number): void;
  /** Takes the waiting version of the app; everything is stored first. */
  update(): Promise<void>;
}
