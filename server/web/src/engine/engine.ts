/**
 * The engine: answers the contract with the state machine, the encrypted store and the hub. Owns which door is shown and
 * who works, and joins the parts: roster (who), session (a user at work), syncer (when to exchange), link. Nothing that
 * a screen asks for is done half: a promise that resolves means stored.
 */
import { STATE_MILLIS } from "../limits.js";
import { Database } from "../store/database.js";
import { Reserve } from "../store/reserve.js";
import type { OpenKeys } from "../vault/keys.js";
import { openKeys } from "../vault/keys.js";
import { isPin } from "../vault/passphrase.js";
import type { UserRecord } from "../store/record.js";
import type { Editing, Engine, EngineState, Opened, Phase, ReturnTaken, Storage, Words } from "./contract.js";
import { forgetSent } from "./claiming.js";
import { Courier } from "./courier.js";
import { Enrolling } from "./enrolling.js";
import { Evicting } from "./evicting.js";
import { Link } from "./link.js";
import { SealedWork } from "./locked.js";
import { lookAt } from "./looking.js";
import { Neighbours } from "./neighbours.js";
import { Notices } from "./notices.js";
import { contact, isReadingLocked, seen } from "./reading.js";
import { Recordings } from "./recordings.js";
import { Roster } from "./roster.js";
import { engineError, problem, sentence } from "./sentences.js";
import { Session } from "./session.js";
import type { Exchanged } from "./session.js";
import { readState, userOf } from "./shown.js";
import type { Tried } from "./shown.js";
import { slipOf } from "./slip.js";
import { fillReserve, storageOf } from "./space.js";
import type { Surroundings } from "./surroundings.js";
import { Syncer } from "./syncer.js";
import type { Run } from "./syncer.js";

/** The real engine. */
export class FieldEngine implements Engine {
  readonly #db = new Database();
  readonly #reserve = new Reserve(this.#db);
  readonly #roster = new Roster(this.#db);
  readonly #courier = new Courier(this.#db, this.#roster);
  readonly #notices = new Notices();
  readonly #link: Link;
  readonly #syncer: Syncer;
  readonly #enrolling: Enrolling;
  readonly #sealed: SealedWork;
  readonly #listeners = new Set<(state: EngineState) => void>();
  #session: Session | null = null;
  #recordings: Recordings | null = null;
  #evicting: (() => void) | null = null;
  #phase: Phase = { is: "starting" };
  #sync: Tried = { running: false, triedAt: null, failure: null };
  #takeUpdate: (() => Promise<void>) | null = null;
  #updateWaiting = false;
  #state: EngineState;
  /** Takes back the publishing that is to come; null: none is. */
  #publishing: (() => void) | null = null;
  /** Doors are opened and closed one at a time. */
  #doors: Promise<unknown> = Promise.resolve();

  constructor(private readonly around: Surroundings) {
    this.#link = new Link(around.fetch, around.now, (up, down) => this.#roster.carried(up, down));
    this.#syncer = new Syncer((byHand) => this.#run(byHand), around.timer, around.random);
    this.#enrolling = new Enrolling(this.#db, this.#roster, this.#link, around.now);
    this.#sealed = new SealedWork(this.#db, this.#link, (slot) => this.#roster.isReplaced(slot));
    this.#state = this.#read();
  }

  get state(): EngineState {
    return this.#state;
  }

  subscribe(listener: (state: EngineState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    try {
      await this.around.alone(() => this.#show({ is: "elsewhere" }));
      if ((await this.#roster.read()) > 0) this.#notices.addForAll(sentence("row-aside"), "urgent");
      this.#show(this.#closedPhase());
      this.#takeUpdate = this.around.watchUpdates(() => {
        this.#updateWaiting = true;
        this.#changed();
      });
      this.around.hints(() => this.#syncer.hint());
      this.#syncer.start();
      await this.#fillReserve();
    } catch (error) {
      this.#show({ is: "broken", reason: engineError(error).words });
    }
  }

  enrol(request: { invitation: string; passphrase: string }): Promise<void> {
    return this.#door(async () => {
      await this.#close();
      const protocol = await this.around.loadProtocol();
      const { record, keys } = await this.#enrolling.enrol(protocol, request);
      await this.#open(record, keys);
      await this.around.storage?.persist().catch(() => false);
      await this.#fillReserve();
    });
  }

  unlock(user: string, passphrase: string): Promise<void> {
    return this.#door(async () => {
      const record = this.#known(user);
      const keys = await openKeys(record.keys, passphrase);
      if (keys === null) throw problem("passphrase-wrong");
      await this.#close();
      await this.#open(record, keys);
    });
  }

  unlockWithPin(user: string, pin: string): Promise<void> {
    return this.#door(async () => {
      const record = this.#known(user);
      if (this.#roster.pins.triesLeft(record.slot) === 0) throw problem("pin-gone");
      const keys = await this.#roster.pins.open(record.slot, record.keys, pin);
      this.#changed();
      if (keys === null) throw problem(this.#roster.pins.triesLeft(record.slot) === 0 ? "pin-gone" : "pin-wrong");
      await this.#close();
      await this.#open(record, keys);
    });
  }

  setPin(pin: string): Promise<void> {
    return this.#asked(async () => {
      const session = this.#working();
      if (!isPin(pin)) throw problem("pin-form");
      await this.#roster.pins.set(session.record.slot, session.keys, pin);
      this.#changed();
    });
  }

  lock(): Promise<void> {
    return this.#door(() => this.#close());
  }

  open(document: string): Promise<Opened> {
    return this.#asked(() => lookAt(this.#working(), document));
  }

  edit(target: { kind: Editing["kind"]; document?: string; shown?: Opened; card?: string }): Promise<Editing> {
    return this.#asked(() => {
      if (this.#recordings === null) throw problem("not-open");
      return this.#recordings.edit(target);
    });
  }

  drafts(): readonly { readonly document: string; readonly kind: Editing["kind"] }[] {
    return [...(this.#session?.drafts.values() ?? [])].map(({ document, kind }) => ({ document, kind }));
  }

  syncNow(): Promise<void> {
    return this.#asked(() => this.#syncer.now());
  }

  courierFile(): ReturnType<Courier["make"]> {
    return this.#asked(async () => this.#courier.make(await this.#recorded(true), this.around.now()));
  }

  takeReturn(file: Uint8Array): Promise<ReturnTaken> {
    return this.#asked(async () => {
      const session = await this.#recorded(true);
      const taken = await this.#courier.take(session, file);
      if (!this.#isGone(session)) this.#refreshUser();
      await this.#roster.count();
      this.#changed();
      return taken;
    });
  }

  storage(): Promise<Storage> {
    return this.#asked(() => storageOf(this.around.storage, this.#reserve));
  }

  slip(): ReturnType<typeof slipOf> {
    return this.#asked(async () => slipOf(await this.#recorded()));
  }

  dismiss(notice: number): void {
    this.#notices.dismiss(notice);
    this.#changed();
  }

  update(): Promise<void> {
    return this.#door(async () => {
      await this.#close();
      this.#syncer.stop();
      await this.#syncer.idle();
      await this.#takeUpdate?.();
    });
  }

  /** The user at work, with everything recorded; `idle`: and no exchange under way. */
  async #recorded(idle = false): Promise<Session> {
    const session = this.#working();
    await this.#recordings?.commitAll();
    if (idle) await this.#syncer.idle();
    return session;
  }

  #known(user: string): UserRecord {
    const record = this.#roster.find(user);
    if (record === null) throw problem("user-unknown");
    return record;
  }

  #working(): Session {
    if (this.#session === null) throw problem("not-open");
    return this.#session;
  }

  async #asked<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      throw engineError(error);
    }
  }

  #door(step: () => Promise<void>): Promise<void> {
    const result = this.#doors.then(() => this.#asked(step));
    this.#doors = result.catch(() => undefined);
    return result;
  }

  async #open(record: UserRecord, keys: OpenKeys): Promise<void> {
    const neighbours = new Neighbours(this.#db, this.#roster, this.around.now);
    const current = this.#noteTime(record);
    const protocol = await this.around.loadProtocol();
    const session = await Session.open(current, keys, {
      protocol,
      db: this.#db,
      link: this.#link,
      notices: this.#notices,
      now: this.around.now,
      changed: () => this.#changed(),
      recorded: () => this.#syncer.recorded(),
      forColleagues: (one, reports) => neighbours.leave(one, reports),
      wipe: (slot) => this.#roster.erase(slot, this.around.now()),
      isReadingLocked: () => isReadingLocked(this.#roster.users.find((one) => one.slot === current.slot) ?? current),
    });
    await neighbours.take(session);
    this.#session = session;
    this.#recordings = new Recordings(session, this.around.timer);
    this.#evicting = this.#db.addRoom(() => new Evicting(session).free());
    this.#show({ is: "open", user: userOf(session) });
    // What cannot be made now is made when the app is opened again.
    session.makeLines().catch(() => undefined);
    this.#syncer.hint();
  }

  /** Notes the highest time that the clock has shown. */
  #noteTime(record: UserRecord): UserRecord {
    const current = { ...record, ...seen(record, this.around.now()) };
    this.#roster.take(current);
    return current;
  }

  /** Commits drafts, forgets keys and what is in memory. A draft that is not accepted stays a draft; one not stored, open. */
  async #close(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    await this.#recordings?.commitAll();
    this.#recordings?.mustBeStored();
    this.#link.stop();
    await this.#syncer.idle();
    await session.driver.exclusive(async () => undefined);
    this.#forget();
    await this.#roster.count();
    this.#show(this.#closedPhase());
    this.#syncer.recorded();
  }

  /** Whether everything of this user was erased by order: then nobody is at work. */
  #isGone({ isWiped }: Session): boolean {
    if (isWiped) {
      this.#forget();
      this.#show(this.#closedPhase());
    }
    return isWiped;
  }

  #forget(): void {
    if (this.#session !== null) this.#session.isClosed = true;
    this.#session = null;
    this.#evicting?.();
    this.#evicting = null;
    this.#recordings = null;
    this.#notices.forgetUser();
  }

  #closedPhase(): Phase {
    if (this.#roster.current.length > 0) return { is: "locked" };
    const { wiped } = this.#roster.device;
    return wiped === null ? { is: "new" } : { is: "wiped", ...wiped };
  }

  async #run(byHand: boolean): Promise<Run> {
    let failure: Words | null = null;
    let [moved, left] = [false, false];
    if (this.#phase.is !== "open" && this.#roster.unsent(() => true) === 0) return { failed: false, moved, left };
    this.#sync = { ...this.#sync, running: true };
    this.#changed();
    try {
      ({ failure, moved, left } = await this.#exchange(byHand));
    } catch (error) {
      failure = engineError(error).words;
    }
    this.#sync = { running: false, triedAt: this.around.now(), failure };
    this.#publish();
    return { failed: failure !== null, moved, left };
  }

  async #exchange(byHand: boolean): Promise<Exchanged> {
    const session = this.#session;
    let failure: Words | null = null;
    let [moved, left] = [false, false];
    if (session !== null) {
      if (byHand) await this.#recordings?.commitAll();
      const before = session.driver.device.syncedAt;
      ({ failure, moved, left } = await session.exchange());
      if (this.#isGone(session)) return { failure: null, moved, left: false };
      if (session.driver.device.syncedAt !== before) await this.#hadContact(session);
      this.#refreshUser();
    }
    if (failure === null) {
      const sealed = this.#roster.users.filter((user) => user.slot !== session?.record.slot || session.lostWork.size > 0);
      const sent = await this.#sealed.send(await this.around.loadProtocol(), sealed);
      for (const slot of sent.wipe) await this.#roster.erase(slot, this.around.now());
      if (sent.wipe.length > 0 && this.#session === null) this.#show(this.#closedPhase());
      if (session !== null && sent.failure === null && sent.left === 0) await forgetSent(session);
      failure = sent.failure;
      left ||= sent.left > 0;
    }
    await this.#roster.count();
    await this.#fillReserve();
    return { failure, moved, left };
  }

  async #hadContact(session: Session): Promise<void> {
    const record = this.#roster.users.find((user) => user.slot === session.record.slot) ?? session.record;
    await this.#roster.keep({ ...record, ...contact(this.around.now()) });
    await this.#roster.keepDevice(this.#roster.device);
    await this.#roster.tidyTonight(this.around.now());
  }

  async #fillReserve(): Promise<void> {
    if (this.#roster.current.length > 0) await fillReserve(this.around.storage, this.#reserve);
  }

  #refreshUser(): void {
    if (this.#session !== null && this.#phase.is === "open") this.#phase = { is: "open", user: userOf(this.#session) };
  }

  #show(phase: Phase): void {
    this.#phase = phase;
    this.#publish();
  }

  /** Something changed: shown once this step is over, or while an exchange runs with what else changes. */
  #changed(): void {
    if (this.#publishing !== null) return;
    let isOff = false;
    const publish = (): void => {
      if (!isOff) this.#publish();
    };
    if (this.#sync.running) {
      const timer = this.around.timer.set(publish, STATE_MILLIS);
      this.#publishing = () => this.around.timer.clear(timer);
    } else {
      queueMicrotask(publish);
      this.#publishing = () => {
        isOff = true;
      };
    }
  }

  #publish(): void {
    this.#publishing?.();
    this.#publishing = null;
    this.#state = this.#read();
    for (const listener of this.#listeners) listener(this.#state);
  }

  #read(): EngineState {
    return readState({
      phase: this.#phase,
      session: this.#phase.is === "open" ? this.#session : null,
      roster: this.#roster,
      notices: this.#notices.all,
      sync: this.#sync,
      updateWaiting: this.#updateWaiting,
    });
  }
}
