/**
 * Enrolling somebody on this device: an invitation and a passphrase become keys, a lease and a slot of the roster. Owns
 * going on where a lost answer left off: the key is stored before it is shown to the hub, so the same invitation may be
 * tried again, also after a restart with the same passphrase.
 */
import type { Database } from "../store/database.js";
import { keepDevice } from "../store/record.js";
import type { UserRecord } from "../store/record.js";
import { UserStore } from "../store/user_store.js";
import { plainBytes } from "../vault/bytes.js";
import { createKeys, openKeys } from "../vault/keys.js";
import type { OpenKeys } from "../vault/keys.js";
import { newDerivation, passphraseProblem } from "../vault/passphrase.js";
import { EngineError } from "./contract.js";
import { Driver } from "./driver.js";
import { LinkError } from "./link.js";
import type { Link } from "./link.js";
import type { Protocol } from "./protocol.js";
import { contact } from "./reading.js";
import type { Roster } from "./roster.js";
import { enrolWords, problem } from "./sentences.js";

/** Enrols; answers the new user, open. Throws `EngineError`. */
export class Enrolling {
  /** Keys of an enrolment without an answer, while the app runs: another passphrase may be chosen for it. */
  #begun: { readonly slot: string; readonly keys: OpenKeys } | null = null;

  constructor(
    private readonly db: Database,
    private readonly roster: Roster,
    private readonly link: Link,
    private readonly now: () => number,
  ) {}

  async enrol(
    protocol: Protocol,
    request: { readonly invitation: string; readonly passphrase: string },
  ): Promise<{ readonly record: UserRecord; readonly keys: OpenKeys }> {
    const wrong = passphraseProblem(request.passphrase);
    if (wrong !== null) throw problem(wrong === "short" ? "passphrase-short" : "passphrase-long");
    const invitation = parseInvitation(protocol, request.invitation);
    const { record, keys } = await this.#begin(request.passphrase);
    const store = new UserStore(this.db, record.slot, keys.data);
    const { driver } = await Driver.open(protocol, store, this.now);
    // An answer that was stored, and the app ended before it was noted, is an answer.
    if (driver.device.lease === null) await this.#ask(driver, invitation);
    const { lease, hub } = driver.device;
    if (lease === null || hub === null) throw problem("busy");
    const { configuration } = await readSites(protocol, driver);
    const enrolment = {
      user: lease.user,
      name: lease.name,
      site: lease.site,
      siteName: configuration.get(lease.site) ?? lease.site,
      prefix: lease.prefix,
      hub: plainBytes(hub),
    };
    const enrolled = { ...record, enrolment, ...contact(this.now()) };
    await this.roster.keep(enrolled, [keepDevice({ ...this.roster.device, wiped: null })]);
    this.#begun = null;
    return { record: enrolled, keys };
  }

  /** A slot for the new user: the one that was begun, where it can be gone on with. */
  async #begin(passphrase: string): Promise<{ record: UserRecord; keys: OpenKeys }> {
    const { unfinished } = this.roster;
    if (unfinished !== null) {
      const keys = await openKeys(unfinished.keys, passphrase);
      if (keys !== null) return { record: unfinished, keys };
      if (this.#begun?.slot === unfinished.slot) {
        const data = await this.#begun.keys.wrap(passphrase, newDerivation());
        const record = { ...unfinished, keys: { ...unfinished.keys, data } };
        await this.roster.keep(record);
        return { record, keys: this.#begun.keys };
      }
    }
    const { stored, open } = await createKeys(passphrase);
    const slot = this.roster.newSlot();
    const record = { slot, keys: stored, enrolment: null, tonight: "", ...contact(this.now()) };
    await this.roster.keep(record);
    this.#begun = { slot, keys: open };
    return { record, keys: open };
  }

  async #ask(driver: Driver, invitation: Invitation): Promise<void> {
    let { outgoing, reports } = await driver.handle({ is: "enrol", invitation });
    while (outgoing !== null) {
      const { number, to, bytes } = outgoing;
      let step;
      try {
        const answer = await this.link.post(to, bytes);
        step = await driver.handle({ is: "answer", number, bytes: answer, budget: this.link.budget });
      } catch (error) {
        if (!(error instanceof LinkError)) throw error;
        await driver.handle({ is: "failed", number, reason: error.code });
        throw new EngineError(error.code, enrolWords(error.code, error.words.en));
      }
      ({ outgoing, reports } = step);
    }
    for (const report of reports) {
      if (typeof report === "string" || !("NotEnrolled" in report)) continue;
      throw new EngineError("not-enrolled", enrolWords("not-enrolled", report.NotEnrolled.reason));
    }
  }
}

type Invitation = ReturnType<Protocol["Invitation"]["parse"]>;

function parseInvitation(protocol: Protocol, text: string): Invitation {
  try {
    return protocol.Invitation.parse(text);
  } catch {
    throw problem("invitation-form");
  }
}

/** The names of sites, by their codes. */
async function readSites(protocol: Protocol, driver: Driver): Promise<{ configuration: ReadonlyMap<string, string> }> {
  const row = await driver.read({ is: "configuration" });
  const { hub } = driver.device;
  if (row === null || hub === null) return { configuration: new Map() };
  const { sites } = protocol.SignedConfiguration.verify(protocol.fromCbor(protocol.SignedConfiguration, row), hub);
  return { configuration: new Map(sites.map((site) => [site.code, site.name])) };
}
