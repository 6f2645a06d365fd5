/**
 * Cases as Automerge documents: sections 5 (human codes), 8 (changes) and 13.1 (several values of one field) of the page.
 */
import * as A from "@automerge/automerge";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";
/** Check characters that people misread: their counters are skipped. */
const SKIPPED = "*0O1IL";
/** Why there is no value, and nothing is said about the person: these never stand against a value. */
const SILENT = ["?not_asked", "?ask_later"];

/** ISO 7064 MOD 37-2. @param {string} text */
function check(text) {
  const sum = [...text].reduce((sum, letter) => ((sum + LETTERS.indexOf(letter)) * 2) % 37, 0);
  return LETTERS[(38 - sum) % 37];
}

/** The next human code of a device: the counter that it takes, and the code.
 * @param {string} site @param {number} year @param {string} device @param {number} counter the last one */
export function nextCode(site, year, device, counter) {
  for (let next = counter + 1; next <= 999_999; next += 1) {
    const parts = [site, String(year).padStart(2, "0"), device, String(next).padStart(4, "0")];
    const letter = check(parts.join(""));
    if (!SKIPPED.includes(letter)) return { counter: next, code: [...parts, letter].join("-") };
  }
  throw new Error("the counter is used up");
}

/** A blank document: its kind's constants. @param {Uint8Array[]} constants @param {string} actor */
export const blank = (constants, actor) => A.applyChanges(A.init(actor), constants)[0];

/** The document with these changes. @template T @param {A.Doc<T>} doc @param {Uint8Array[]} changes */
export const apply = (doc, changes) => A.applyChanges(doc, changes)[0];

/** @param {A.Doc<unknown>} doc */
export const heads = (doc) => A.getHeads(doc);

/** @param {Uint8Array} change */
export const hashOf = (change) => A.decodeChange(change).hash;

/** @param {Uint8Array} change */
export const dependencies = (change) => A.decodeChange(change).deps;

/** The document as it was at these heads, to be written to by this actor.
 * @param {A.Doc<unknown>} doc @param {string[]} shown @param {string} actor */
function at(doc, shown, actor) {
  const all = new Map(A.getAllChanges(doc).map((change) => [hashOf(change), change]));
  const wanted = new Set();
  const next = [...shown];
  for (let hash = next.pop(); hash !== undefined; hash = next.pop()) {
    if (wanted.has(hash)) continue;
    wanted.add(hash);
    const change = all.get(hash);
    if (!change) throw new Error(`the document has no change ${hash}`);
    next.push(...A.decodeChange(change).deps);
  }
  return A.applyChanges(A.init(actor), [...all].filter(([hash]) => wanted.has(hash)).map(([, change]) => change))[0];
}

/** Sets plain fields, given as `group.field`, in one change made at the heads that were shown.
 * @param {A.Doc<unknown>} doc @param {string} actor @param {number} now ms @param {string[]} shown
 * @param {Record<string, string>} fields */
export function write(doc, actor, now, shown, fields) {
  const seen = at(doc, shown, actor);
  const before = String(A.getHeads(seen));
  const edited = A.change(seen, { time: Math.floor(now / 1000) }, (draft) => {
    for (const [path, value] of Object.entries(fields)) {
      const [group, field] = path.split(".");
      draft[group][field] = new A.ImmutableString(value);
    }
  });
  const change = A.getLastLocalChange(edited);
  if (!change || String(A.getHeads(edited)) === before) throw new Error("an edit that says nothing new makes no change");
  return { doc: apply(doc, [change]), change };
}

/** Whether the actor's last change is among the ancestors of these heads: else a new actor must be drawn.
 * @param {A.Doc<unknown>} doc @param {string[]} shown @param {string} actor */
export function mayContinue(doc, shown, actor) {
  const own = (/** @type {A.Doc<unknown>} */ of) => A.getAllChanges(of).filter((it) => A.decodeChange(it).actor === actor);
  return own(at(doc, shown, actor)).length === own(doc).length;
}

/** A field as it is shown: the value, and every value with its author where they conflict.
 * @param {A.Doc<unknown>} doc @param {string} path */
export function read(doc, path) {
  const [group, field] = path.split(".");
  const inside = doc[group];
  const winner = inside[field] === undefined ? undefined : String(inside[field]);
  const all = Object.entries(A.getConflicts(inside, field) ?? {}).map(([operation, value]) => {
    const [counter, actor] = operation.split("@");
    const changes = A.getAllChanges(doc).map((change) => A.decodeChange(change));
    const from = changes.find(
      (it) => it.actor === actor && it.startOp <= Number(counter) && Number(counter) < it.startOp + it.ops.length,
    );
    return { value: String(value), counter: Number(counter), actor, at: (from?.time ?? 0) * 1000 };
  });
  all.sort((a, b) => a.counter - b.counter || (a.actor < b.actor ? -1 : 1));
  const informing = all.filter(({ value }) => !SILENT.includes(value));
  const differ = new Set(informing.map(({ value }) => value)).size > 1;
  const silent = winner !== undefined && SILENT.includes(winner) && informing.length > 0;
  return { value: silent ? informing.at(-1)?.value : winner, conflict: differ ? informing : [] };
}
