/** The changes of a document as far as merge rules need them: who, when, and what had been seen. */
import { Actor } from "../ids.js";
import type { ChangeHash, Millis } from "../ids.js";
import type { ChangeMeta, Doc, ObjectId } from "./am.js";

/** One change. */
export interface Origin {
  readonly hash: ChangeHash;
  readonly actor: Actor;
  readonly at: Millis;
  /** Numbers of the changes that it depends on. */
  readonly deps: readonly number[];
}

/** What had been seen when a change was made, itself included. */
export type Seen = ReadonlySet<number>;

/** All changes of one document, by number. */
export class History {
  private readonly changes: readonly Origin[];
  /** Each actor's changes: their last operation and their number, in order. */
  private readonly byActor = new Map<string, { readonly startOp: number; readonly maxOp: number; readonly number: number }[]>();

  constructor(doc: Doc) {
    const metas = doc.metas();
    const numbers = new Map(metas.map((meta, number) => [meta.hash, number]));
    this.changes = metas.map((meta) => originOf(meta, numbers));
    metas.forEach(({ actor, startOp, maxOp }, number) => {
      const own = this.byActor.get(actor);
      if (own === undefined) this.byActor.set(actor, [{ startOp, maxOp, number }]);
      else own.push({ startOp, maxOp, number });
    });
  }

  /** The change that made an operation. */
  ofOperation(operation: ObjectId): number | undefined {
    const [counter, actor = ""] = operation.split("@");
    const at = Number(counter);
    return this.byActor.get(actor)?.find(({ startOp, maxOp }) => startOp <= at && at <= maxOp)?.number;
  }

  get(number: number): Origin | undefined {
    return this.changes[number];
  }

  /** Everything that came before the change with this number, and the change. */
  seenBy(number: number): Seen {
    const seen = new Set([number]);
    // A set may grow while it is walked.
    for (const next of seen) for (const dep of this.changes[next]?.deps ?? []) seen.add(dep);
    return seen;
  }
}

function originOf(meta: ChangeMeta, numbers: ReadonlyMap<ChangeHash, number>): Origin {
  const deps = meta.deps.flatMap((dep) => numbers.get(dep) ?? []);
  return { hash: meta.hash, actor: actorOf(meta.actor), at: meta.time * 1_000, deps };
}

/** Actors of ours have 16 bytes. Of a foreign one the first 16 are kept: enough to show, never to decide on. */
function actorOf(hex: string): Actor {
  return Actor.parse(hex.slice(0, Actor.LEN * 2).padEnd(Actor.LEN * 2, "0"));
}

/** The actor of an entry whose change is not known: none. */
export const NO_ACTOR = Actor.fromBytes(new Uint8Array(Actor.LEN));
