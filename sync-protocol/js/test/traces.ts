/**
 * Recorded traces, read and written: a line is one turn, `{"now", "seed", "event", "effects"}`, as the Rust crate writes
 * it (`device/tests/traces.rs`). Bytes are hexadecimal; a sent frame stands as its CBOR body (compressors differ), a
 * stored document as its heads (savers differ).
 */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { fromHex, toHex } from "../src/bytes.js";
import { Key } from "../src/device/index.js";
import type { EditRequest, Effect, Event, Inputs, Neighbour, Rows, Write } from "../src/device/index.js";
import { Doc } from "../src/documents/am.js";
import type { Edit, Kind } from "../src/documents/types.js";
import { ChangeHash, DocumentId } from "../src/ids.js";
import { unframe } from "../src/wire/codec.js";
import { Invitation } from "../src/wire/enrolment.js";

/** What a line holds, as JSON. */
export interface Line {
  /** Neither stands where the store lost rows: no turn. */
  readonly now?: number;
  readonly seed?: string;
  readonly event: "opened" | TracedEvent;
  readonly effects: readonly unknown[];
  /** The batch could not be stored: what stands after it was not done either. */
  readonly failed?: boolean;
}

interface TracedEvent {
  readonly enrol?: string;
  readonly edit?: readonly TracedRequest[];
  readonly sync?: { readonly budget: number };
  readonly answer?: { readonly number: number; readonly bytes: string; readonly budget: number };
  readonly failed?: { readonly number: number; readonly reason: string };
  readonly turned_away?: { readonly number: number; readonly code: string; readonly reason: string };
  readonly shown?: readonly string[];
  readonly vouch?: string;
  readonly neighbours?: readonly TracedNeighbour[];
  readonly export?: { readonly file: string; readonly index: number; readonly of: number; readonly room: number };
  readonly take?: { readonly file: string; readonly outside: string | null };
  /** The store lost these rows. */
  readonly lost?: readonly string[];
  readonly loaded?: readonly (readonly [string, string | null])[];
}

interface TracedNeighbour {
  readonly document: string;
  readonly kind: Kind;
  readonly code: string | null;
  readonly card: string | null;
  readonly changes: readonly string[];
}

interface TracedRequest {
  readonly tag: number;
  readonly document: string | null;
  readonly new_id: string | null;
  readonly kind: Kind;
  readonly shown: readonly string[] | null;
  readonly edits: readonly Edit[];
  readonly card: string | null;
}

const VECTORS = new URL("../../vectors/", import.meta.url);

/** The names of the traces in a folder of `vectors/`. */
export function traceNames(folder: string): string[] {
  const files = readdirSync(new URL(`${folder}/`, VECTORS));
  return files.filter((file) => file.endsWith(".jsonl")).sort();
}

/** The lines of a trace. What stands there was written by a test of ours, so its shape is taken as said. */
export function readTrace(folder: string, name: string): Line[] {
  const text = readFileSync(new URL(`${folder}/${name}`, VECTORS), "utf8");
  return text.trimEnd().split("\n").map((line): Line => JSON.parse(line));
}

/** The traces that stand compressed, several in a file, in a folder of `vectors/`: name and lines of each. */
export function readPacked(folder: string): (readonly [string, Line[]])[] {
  const files = readdirSync(new URL(`${folder}/`, VECTORS)).filter((file) => file.endsWith(".jsonl.gz")).sort();
  const traces: (readonly [string, Line[]])[] = [];
  for (const file of files) {
    const text = gunzipSync(readFileSync(new URL(`${folder}/${file}`, VECTORS))).toString("utf8");
    for (const line of text.trimEnd().split("\n")) {
      const read: Line | { readonly trace: string } = JSON.parse(line);
      if ("trace" in read) traces.push([read.trace, []]);
      else traces.at(-1)?.[1].push(read);
    }
  }
  return traces;
}

export function keyOf(hex: string): Key {
  const found = Key.fromBytes(fromHex(hex));
  if (found === null) throw new Error(`${hex} is no key`);
  return found;
}

/** The event of a line. A stored document comes as the side that recorded the trace saved it. */
export function eventOf(traced: TracedEvent): Event {
  if (traced.enrol !== undefined) return { is: "enrol", invitation: Invitation.parse(traced.enrol) };
  if (traced.edit !== undefined) return { is: "edit", requests: traced.edit.map(requestOf) };
  if (traced.sync !== undefined) return { is: "sync", budget: traced.sync.budget };
  if (traced.answer !== undefined) return { is: "answer", ...traced.answer, bytes: fromHex(traced.answer.bytes) };
  if (traced.failed !== undefined) return { is: "failed", ...traced.failed };
  if (traced.turned_away !== undefined) return { is: "turnedAway", ...traced.turned_away };
  if (traced.shown !== undefined) return { is: "shown", documents: traced.shown.map(DocumentId.parse) };
  if (traced.vouch !== undefined) return { is: "vouch", key: fromHex(traced.vouch) };
  if (traced.neighbours !== undefined) return { is: "neighbours", neighbours: traced.neighbours.map(neighbourOf) };
  if (traced.export !== undefined) {
    const { file, room, ...place } = traced.export;
    return { is: "export", place: { ...place, file: fromHex(file) }, room };
  }
  if (traced.take !== undefined) {
    const { file, outside } = traced.take;
    return { is: "take", file: fromHex(file), outside: outside === null ? null : fromHex(outside) };
  }
  if (traced.loaded !== undefined) return { is: "loaded", rows: traced.loaded.map(rowOf) };
  throw new Error(`an event that is not known here: ${Object.keys(traced).join()}`);
}

function rowOf([hex, bytes]: readonly [string, string | null]): Rows[number] {
  return [keyOf(hex), bytes === null ? null : fromHex(bytes)];
}

function neighbourOf({ document, kind, code, card, changes }: TracedNeighbour): Neighbour {
  const token = card === null ? null : fromHex(card);
  return { document: DocumentId.parse(document), kind, code, card: token, changes: changes.map(fromHex) };
}

function requestOf(traced: TracedRequest): EditRequest {
  const { tag, kind, edits } = traced;
  const document = traced.document === null ? null : DocumentId.parse(traced.document);
  const newId = traced.new_id === null ? null : DocumentId.parse(traced.new_id);
  const shown = traced.shown === null ? null : traced.shown.map(ChangeHash.parse);
  const card = traced.card === null ? null : fromHex(traced.card);
  return { tag, document, newId, kind, shown, edits, card, beside: [] };
}

/** A turn as a line. */
export function lineOf(event: Event | "opened", { now, seed }: Inputs, effects: readonly unknown[]): Line {
  return { now, seed: toHex(seed), event: event === "opened" ? event : tracedOf(event), effects };
}

function tracedOf(event: Event): TracedEvent {
  switch (event.is) {
    case "enrol":
      return { enrol: event.invitation };
    case "edit":
      return { edit: event.requests.map(tracedRequest) };
    case "sync":
      return { sync: { budget: event.budget } };
    case "answer":
      return { answer: { number: event.number, bytes: toHex(event.bytes), budget: event.budget } };
    case "failed":
      return { failed: { number: event.number, reason: event.reason } };
    case "turnedAway":
      return { turned_away: { number: event.number, code: event.code, reason: event.reason } };
    case "shown":
      return { shown: event.documents };
    case "vouch":
      return { vouch: toHex(event.key) };
    case "neighbours":
      return { neighbours: event.neighbours.map(tracedNeighbour) };
    case "export":
      return { export: { ...event.place, file: toHex(event.place.file), room: event.room } };
    case "take":
      return { take: { file: toHex(event.file), outside: hexOrNull(event.outside) } };
    case "loaded":
      return { loaded: event.rows.map(([key, bytes]) => [Key.order(key), hexOrNull(bytes)]) };
  }
}

const hexOrNull = (bytes: Uint8Array | null): string | null => (bytes === null ? null : toHex(bytes));

function tracedNeighbour({ document, kind, code, card, changes }: Neighbour): TracedNeighbour {
  return { document, kind, code, card: hexOrNull(card), changes: changes.map(toHex) };
}

function tracedRequest({ tag, document, newId, kind, shown, edits, card }: EditRequest): TracedRequest {
  return { tag, document, new_id: newId, kind, shown, edits, card: hexOrNull(card) };
}

/** Effects as a line has them. */
export function effectsOf(effects: readonly Effect[]): unknown[] {
  return effects.map((effect) => {
    switch (effect.is) {
      case "store":
        return { store: effect.batch.map(writeOf) };
      case "load":
        return { load: effect.keys.map((key) => toHex(Key.toBytes(key))) };
      case "send": {
        const isEnrol = effect.to === "enrol";
        const body = unframe(isEnrol ? "enrolRequest" : "exchangeRequest", effect.bytes);
        return { send: { number: effect.number, to: isEnrol ? "Enrol" : "Exchange", body: toHex(body) } };
      }
      case "carry":
        return { carry: toHex(effect.part) };
      case "wipe":
        return { wipe: effect.then.map(writeOf) };
      case "report":
        return { report: effect.report };
    }
  });
}

function writeOf(write: Write): unknown {
  const hex = toHex(Key.toBytes(write.key));
  if (write.is === "delete") return [hex, null];
  return [hex, write.key.is === "copy" ? { heads: headsOf(write.bytes) } : toHex(write.bytes)];
}

function headsOf(saved: Uint8Array): ChangeHash[] {
  const doc = Doc.load(saved);
  try {
    return doc.heads();
  } finally {
    doc.free();
  }
}

/** The rows of a device, in memory. */
export class Store {
  readonly #rows = new Map<string, readonly [Key, Uint8Array]>();

  /** Does a batch; a wipe removes everything first. */
  do(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.is === "wipe") this.#rows.clear();
      const batch = effect.is === "store" ? effect.batch : effect.is === "wipe" ? effect.then : [];
      for (const write of batch) {
        if (write.is === "put") this.#rows.set(Key.order(write.key), [write.key, write.bytes]);
        else this.#rows.delete(Key.order(write.key));
      }
    }
  }

  get(key: Key): Uint8Array | null {
    return this.#rows.get(Key.order(key))?.[1] ?? null;
  }

  lose(key: Key): void {
    this.#rows.delete(Key.order(key));
  }

  hot(): (readonly [Key, Uint8Array])[] {
    return [...this.#rows.values()].filter(([key]) => Key.isHot(key));
  }
}

/** What a turn is given. */
export function inputsOf(line: Line): Inputs {
  if (line.now === undefined || line.seed === undefined) throw new Error("a turn without time or seed");
  return { now: line.now, seed: fromHex(line.seed) };
}
