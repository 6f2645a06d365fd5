/**
 * The sealed outbox: what is recorded is also sealed to the hub, so that whoever has the device can send it.
 *
 * In the batch that stores a work, a parcel of it is stored that is signed by its user and sealed to the hub
 * (`sealing.ts`): one for each turn, or several where it would be too large to pass over a bad link. The parcel has a
 * counter of its own. A device that is unlocked never sends it: it packs its work afresh (`pack.ts`), and what arrives
 * twice is a duplicate. A locked one sends these and nothing else (`locked.ts`).
 *
 * Open work (local, packed or refused) is in exactly one sealed parcel. The parcel goes when none of its works is open any
 * more: applied, held at the hub, erased, or set aside and, where possible, written and sealed again. A shell keeps these
 * rows outside the user's encryption, and erases them with the rest when the device is to be erased.
 */
import { CryptoError } from "../crypto.js";
import { KIND_CODES } from "../documents/types.js";
import { Salt } from "../ids.js";
import type { DocumentId } from "../ids.js";
import { DOCUMENT_CHANGES_MAX, MANIFEST_DOCUMENTS_MAX, SEALED_PARCEL_BYTES } from "../limits.js";
import type { SealingPublic } from "../sealing.js";
import { toCbor } from "../wire/codec.js";
import { commitment } from "../wire/manifest.js";
import type { Manifest, Named } from "../wire/manifest.js";
import { Parcel } from "../wire/parcel.js";
import type { Content } from "../wire/parcel.js";
import type { Work } from "./rows.js";
import { grouped, sorted } from "./state.js";
import type { Session, State } from "./state.js";
import type { Turn } from "./turn.js";

/** Bytes of a draw for an ephemeral key. */
const SEALING_RANDOM_BYTES = 32;

/** Whether the hub is not known to have it. */
export function isOpen({ state }: Work): boolean {
  return state.is === "local" || state.is === "packed" || state.is === "refused";
}

/** Notes which sealed parcels there are, and which work has none: recorded before the hub's key was known. */
export function noteSealed(device: State): void {
  for (const [sequence, work] of device.works) {
    if (work.sealed !== null) grouped(device.sealed, work.sealed).add(sequence);
    else if (isOpen(work)) device.toSeal.add(sequence);
  }
}

/** Seals all open work that is in no sealed parcel. Called once, when a turn ends. */
export async function sealWork(device: State, turn: Turn): Promise<void> {
  const hub = device.identity?.enrolled?.sealing ?? null;
  if (device.toSeal.size === 0 || hub === null) return;
  const sequences = [...device.toSeal].sort((a, b) => a - b);
  device.toSeal.clear();
  let rest = sequences.flatMap((sequence) => {
    const work = device.works.get(sequence);
    return work !== undefined && isOpen(work) ? [[sequence, work] as const] : [];
  });
  while (rest.length > 0 && device.session !== null) {
    const count = fitting(rest);
    try {
      await sealParcel(device, device.session, rest.slice(0, count), hub, turn);
    } catch (error) {
      // The key was checked when the device was enrolled: its row was damaged. The work itself is kept.
      if (error instanceof CryptoError) return;
      throw error;
    }
    rest = rest.slice(count);
  }
}

/** How many of these works, oldest first, one sealed parcel takes: at least one. */
function fitting(works: readonly (readonly [number, Work])[]): number {
  let bytes = 0;
  const changes = new Map<DocumentId, number>();
  for (const [index, [, work]] of works.entries()) {
    bytes += work.raw.length;
    const count = (changes.get(work.document) ?? 0) + 1;
    changes.set(work.document, count);
    const room = count <= DOCUMENT_CHANGES_MAX && changes.size <= MANIFEST_DOCUMENTS_MAX;
    if (index > 0 && !(room && bytes <= SEALED_PARCEL_BYTES)) return index;
  }
  return works.length;
}

/** Throws `CryptoError` when the hub's key is none. */
async function sealParcel(
  device: State,
  session: Session,
  works: readonly (readonly [number, Work])[],
  hub: SealingPublic,
  turn: Turn,
): Promise<void> {
  const chosen = new Map<DocumentId, Work[]>();
  for (const [, work] of works) {
    const before = chosen.get(work.document);
    if (before === undefined) chosen.set(work.document, [work]);
    else before.push(work);
  }
  const contents: Content[] = [];
  const named: Named[] = [];
  for (const document of sorted(chosen.keys())) {
    const entry = device.entries.get(document);
    if (entry === undefined) continue;
    const works = chosen.get(document) ?? [];
    const hashes = works.map((work) => work.hash);
    // As in a plain parcel: a card opens a case to a site.
    const card = entry.channels.length === 0 && entry.kind === KIND_CODES.case ? entry.card : null;
    const salt = turn.draw.bytes(Salt.LEN);
    named.push({ document, kind: entry.kind, commitment: commitment(salt, document, entry.kind, hashes, card) });
    contents.push({ salt, changes: works.map((work) => work.raw), card });
  }
  const counter = device.progress.counter + 1;
  const manifest: Manifest = {
    installation: session.lease.installation,
    user: session.lease.user,
    counter,
    previous: device.progress.previous,
    created: turn.now,
    site: device.progress.site ?? session.lease.site,
    documents: named,
    statements: [],
  };
  const draw = turn.draw.bytes(SEALING_RANDOM_BYTES);
  const parcel = await Parcel.seal(manifest, { documents: contents, statements: [] }, session.key, hub, draw);
  device.progress.counter = counter;
  device.progress.previous = Parcel.hash(parcel);
  turn.progress();
  for (const [sequence, work] of works) {
    device.works.set(sequence, { ...work, sealed: counter });
    turn.mark({ is: "work", number: sequence });
  }
  device.sealed.set(counter, new Set(works.map(([sequence]) => sequence)));
  turn.put({ is: "sealed", number: counter }, toCbor(Parcel, parcel));
}

/** This work is no longer open, or gone: the sealed parcel goes with the last of its works. */
export function unseal(device: State, sequence: number, counter: number | null, turn: Turn): void {
  device.toSeal.delete(sequence);
  const works = counter === null ? undefined : device.sealed.get(counter);
  if (counter === null || works === undefined) return;
  works.delete(sequence);
  if (works.size === 0) {
    device.sealed.delete(counter);
    turn.delete({ is: "sealed", number: counter });
  }
}
