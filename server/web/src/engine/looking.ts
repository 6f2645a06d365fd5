/**
 * Looking at one document: its content, who wrote it and when, where it is, its card. Owns reading a copy for a screen,
 * and telling the hub that it was shown. Refuses old cases while reading is locked.
 */
import type { ChangeMeta, FieldView, Projection } from "@segin/sync-protocol";
import { writeCard } from "../flow/card.js";
import { HISTORY_CHANGES_MAX } from "../limits.js";
import type { Opened, Past, Words } from "./contract.js";
import { stepOf } from "./lines.js";
import { heldWords, problem, refusedWords } from "./sentences.js";
import type { Session } from "./session.js";

/** Opens a document. */
export async function lookAt(session: Session, text: string): Promise<Opened> {
  const document = session.id(text);
  const kind = session.kindOf(document);
  const entry = session.driver.device.entry(document);
  if (kind === null || entry?.standing !== "open") throw problem("document-unknown");
  const proofs = session.proofs();
  const step = stepOf(document, session.lines.get(document)?.position ?? null, proofs);
  if (proofs.readingLocked && (step === "hub" || step === "two")) throw problem("reading-locked");
  const saved = await session.driver.read({ is: "copy", document });
  const view = saved === null ? null : session.around.protocol.view(kind, saved);
  if (saved === null || view === null) {
    session.lose(document);
    session.around.recorded();
    throw problem(saved === null && !session.isDamaged(document) ? "document-away" : "document-damaged");
  }
  await session.driver.handle({ is: "shown", documents: [document] });
  const code = entry.code ?? session.lines.get(document)?.code ?? null;
  const token = entry.card === null ? null : session.around.protocol.toHex(entry.card);
  const card = code === null || token === null ? null : writeCard({ code, document, token });
  return {
    document,
    kind,
    heads: view.heads,
    projection: view.projection,
    conflicts: view.conflicts,
    history: await history(session, saved, view.projection),
    step,
    why: whyOf(session, document),
    code,
    card,
  };
}

/** Why something of a document is held or refused. */
function whyOf(session: Session, document: string): Words | null {
  const { device } = session.driver;
  for (const { state } of device.worksOf(session.id(document))) {
    if (state.is === "refused") return refusedWords(state.code, state.sentence);
    if (state.is === "heldWho" || state.is === "heldWhat") return heldWords(state.code);
  }
  const aside = device.aside().find((one) => one.document === document && one.supersededBy === null);
  return aside === undefined ? null : refusedWords(aside.code, aside.sentence);
}

async function history(session: Session, saved: Uint8Array, projection: Projection): Promise<Past[]> {
  const { protocol } = session.around;
  const constants = new Set<string>(protocol.constantHashes(projection.kind));
  const doc = protocol.Doc.load(saved);
  let metas: readonly ChangeMeta[];
  try {
    metas = doc.metas().filter((meta) => !constants.has(meta.hash));
  } finally {
    doc.free();
  }
  const paths = pathsOf(projection);
  const own = session.driver.device.lease?.prefix;
  const past: Past[] = [];
  for (const meta of metas.slice(-HISTORY_CHANGES_MAX)) {
    const prefix = protocol.ActorPrefix.parse(meta.actor.slice(0, 16));
    const writer = await writerOf(session, prefix);
    const at = meta.time * 1000;
    past.push({
      change: meta.hash,
      at,
      who: writer?.name ?? prefix,
      site: writer?.site ?? null,
      mine: prefix === own,
      paths: paths.get(`${meta.actor} ${at}`) ?? [],
    });
  }
  return past;
}

/** What still stands of each change, by its actor and moment. */
function pathsOf(projection: Projection): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, string[]>();
  const add = (by: string, at: number, path: string): void => {
    const key = `${by} ${at}`;
    const found = paths.get(key);
    if (found === undefined) paths.set(key, [path]);
    else if (!found.includes(path)) found.push(path);
  };
  const addFields = (group: string, fields: Readonly<Record<string, FieldView>>): void => {
    for (const [key, field] of Object.entries(fields)) add(field.by, field.at, `${group}.${key}`);
  };
  for (const [group, found] of Object.entries(projection.groups)) {
    if (!isEntries(found)) {
      addFields(group, found);
      continue;
    }
    for (const entry of found) {
      add(entry.by, entry.at, group);
      for (const [key, field] of Object.entries(entry.fields)) {
        if (field.by !== entry.by || field.at !== entry.at) add(field.by, field.at, `${group}.${key}`);
      }
    }
  }
  return paths;
}

function isEntries<T, U>(group: T | readonly U[]): group is readonly U[] {
  return Array.isArray(group);
}

type Prefix = ReturnType<Session["around"]["protocol"]["ActorPrefix"]["parse"]>;

/** Who writes under a prefix, if the hub told it. */
async function writerOf(session: Session, prefix: Prefix): Promise<{ readonly name: string; readonly site: string | null } | null> {
  const known = session.writers.get(prefix);
  if (known !== undefined) return known;
  const { lease } = session.driver.device;
  const { protocol } = session.around;
  let writer: { name: string; site: string | null } | null = null;
  if (lease?.prefix === prefix) {
    writer = { name: lease.name, site: lease.site };
  } else {
    const row = await session.driver.read({ is: "lease", prefix });
    if (row !== null) {
      // It was verified before it was stored.
      const signed = protocol.fromCbor(protocol.SignedLease, row);
      const theirs = protocol.fromCbor(protocol.Lease, signed.lease);
      writer = { name: theirs.name, site: theirs.site };
    }
  }
  if (writer !== null) session.writers.set(prefix, writer);
  return writer;
}
