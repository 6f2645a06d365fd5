/**
 * Recording: typed edits become one change, stored with its document, its work and its human code in one batch.
 *
 * The actor is drawn afresh when the device is opened and whenever it does not fit the heads that were shown; so a
 * cloned or restored device never uses a sequence number twice.
 */
import { toHex } from "../bytes.js";
import { CodeError, codeText, nextCode } from "../documents/code.js";
import type { Code } from "../documents/code.js";
import { EditError } from "../documents/edit.js";
import { KIND_CODES } from "../documents/types.js";
import type { Edit, Kind } from "../documents/types.js";
import { actorFits, apply } from "../documents/write.js";
import type { Committed } from "../documents/write.js";
import { Actor, CardToken, DocumentId } from "../ids.js";
import type { ChangeHash, Millis } from "../ids.js";
import { toCbor } from "../wire/codec.js";
import { Copy, CopyError, withCopy } from "./copy.js";
import type { EditRequest, Report } from "./event.js";
import { addWork, newEntry } from "./ledger.js";
import { Stopped } from "./reading.js";
import { EditsRow } from "./rows.js";
import type { Rows, Work } from "./rows.js";
import { sorted } from "./state.js";
import type { Session, State } from "./state.js";
import type { Turn } from "./turn.js";
import { editsToJson } from "./typed.js";

/** Bytes of an actor that are drawn; the lease's prefix stands before them. */
const ACTOR_RANDOM_BYTES = 8;

/** An actor of the lease, drawn afresh. */
export function drawActor(session: Pick<Session, "lease">, turn: Pick<Turn, "draw">): Actor {
  return Actor.fromParts(session.lease.prefix, turn.draw.bytes(ACTOR_RANDOM_BYTES));
}

/** Draws a new actor. */
export function renewActor(session: Session, turn: Turn): void {
  session.actor = drawActor(session, turn);
}

/** Commits edits under the session's actor, or a fresh one where that does not fit. Throws `EditError`. */
export function commit(
  session: Session,
  copy: Copy,
  shown: readonly ChangeHash[],
  at: Millis,
  edits: readonly Edit[],
  turn: Turn,
): Committed {
  if (!actorFits(copy.doc, shown, session.actor)) renewActor(session, turn);
  return apply(copy.doc, copy.kind, shown, session.actor, at, edits);
}

/** Records edits, or first asks for the stored copies. */
export function edit(device: State, requests: readonly EditRequest[], turn: Turn): void {
  const wanted = new Set<DocumentId>();
  for (const { document } of requests) {
    if (document !== null && device.entries.get(document)?.standing === "open") wanted.add(document);
  }
  if (wanted.size === 0) {
    record(device, requests, [], turn);
  } else {
    turn.load(sorted(wanted).map((document) => ({ is: "copy", document })));
    device.waiting = { is: "edit", requests };
  }
}

/** The second step, with the stored copies. */
export function record(device: State, requests: readonly EditRequest[], rows: Rows, turn: Turn): void {
  const copies = new Map<DocumentId, Uint8Array>();
  for (const [key, bytes] of rows) if (key.is === "copy" && bytes !== null) copies.set(key.document, bytes);
  for (const request of requests) {
    try {
      turn.report(recordOne(device, request, copies, turn));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      turn.report({ EditRefused: { tag: request.tag, reason: error.message } });
    }
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Stopped || error instanceof EditError || error instanceof CodeError;
}

/** Throws what {@link isRefusal}; nothing was stored then. */
function recordOne(device: State, request: EditRequest, copies: Map<DocumentId, Uint8Array>, turn: Turn): Report {
  const isNew = request.document === null;
  const document =
    request.document ?? request.newId ?? DocumentId.fromBytes(uuidV4(turn.draw.bytes(DocumentId.LEN)));
  if (isNew && device.entries.has(document)) throw new Stopped(`${document} is not new`);
  return withCopy(copyToEdit(device, document, request.kind, copies.get(document) ?? null), (copy) => {
    const session = device.session;
    if (session === null) throw new Stopped("this device is not enrolled yet: enrol it with an invitation");
    let { edits, card } = request;
    let code: Code | null = null;
    if (isNew && request.kind === "case") {
      const { site, year, letters } = session.lease;
      code = nextCode(site, year, letters, device.progress.code);
      edits = [setCard("card.code", codeText(code)), setCard("card.site", site), ...edits];
      card = turn.draw.bytes(CardToken.LEN);
    }
    const codeShown = code === null ? null : codeText(code);
    const shown = request.shown ?? copy.heads();
    const committed = commit(session, copy, shown, turn.now, edits, turn);

    // From here on everything succeeds.
    if (code !== null) {
      device.progress.code = code.counter;
      turn.progress();
    }
    const entry = device.entries.get(document) ?? newEntry(KIND_CODES[request.kind]);
    device.entries.set(document, { ...entry, code: entry.code ?? codeShown, card: entry.card ?? card });
    const { hash, raw } = committed;
    const work: Work = { document, hash, raw, state: { is: "local" }, replays: 0, sealed: null, waits: 0 };
    keepWork(device, work, shown, edits, turn.now, turn);
    const saved = copy.save();
    turn.put({ is: "copy", document }, saved);
    copies.set(document, saved);
    for (const [bytes, value] of request.beside) turn.put({ is: "shell", bytes }, value);
    const cardShown = code === null || card === null ? null : toHex(card);
    const { tag } = request;
    return { Recorded: { tag, document, change: hash, code: codeShown, card: cardShown } };
  });
}

/** Throws {@link Stopped} when the document cannot be edited here. The caller frees the copy. */
export function copyToEdit(device: State, document: DocumentId, kind: Kind, saved: Uint8Array | null): Copy {
  const entry = device.entries.get(document);
  if (entry !== undefined && entry.kind !== KIND_CODES[kind]) throw new Stopped(`${document} is not a ${kind}`);
  if (entry?.standing === "erased") throw new Stopped(`${document} was erased by decision`);
  if (entry?.standing === "closed") {
    throw new Stopped(`${document} is at the hub and closed here: a later addition is a new annex`);
  }
  if (saved === null) return Copy.blank(kind);
  try {
    return Copy.load(kind, saved);
  } catch (error) {
    if (error instanceof CopyError) throw new Stopped(`${document}: ${error.message}`);
    throw error;
  }
}

/** Adds a work with its typed edits; it does not count until the hub has it. */
export function keepWork(
  device: State,
  work: Work,
  shown: readonly ChangeHash[],
  edits: readonly Edit[],
  at: Millis,
  turn: Turn,
): void {
  const { document } = work;
  const entry = device.entries.get(document);
  if (entry !== undefined) {
    device.entries.set(document, { ...entry, uncounted: [...entry.uncounted, work.hash] });
  }
  turn.entry(document);
  const number = addWork(device, work, turn);
  turn.put({ is: "edits", number }, toCbor(EditsRow, { shown, edits: editsToJson(edits), at }));
}

/** The fields of a new case that the device fills in. */
function setCard(field: string, value: string): Edit {
  return { edit: "set", field, value };
}

/** Random bytes as a version 4 UUID (RFC 9562). */
export function uuidV4(random: Uint8Array): Uint8Array {
  const bytes = random.slice();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}
