/**
 * Marks: whether the log that answers is the one that this device knows.
 *
 * A hub may come back from an older copy of its folder, or exist twice. Its id does not show it: the chain does. The
 * device keeps the last receipt whole and marks of earlier ones. When another log seems to answer, nothing that was known
 * is given up: the next request shows the marks, and the hub says up to where both know the same log (`Rest.shared`). What
 * was receipted beyond it goes back; never more. Owns this comparison and the marks; what goes back of others' work:
 * `giving`.
 */
import { ChainTag } from "../ids.js";
import type { Position } from "../ids.js";
import { MARKS_MAX } from "../limits.js";
import type { Answer, Receipt, Rest } from "../wire/answer.js";
import { toCbor } from "../wire/codec.js";
import type { Mark, Marks } from "../wire/returning.js";
import { forgetDecisionsAfter } from "./decided.js";
import { keepProofsBeyond } from "./giving.js";
import { giveBack } from "./receipt.js";
import { KeptReceipt } from "./rows.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";

/**
 * Which log answers: the one that the request spoke of; one that both sides now agree on up to a position, and the request
 * spoke of another; another than this device knows, which shows its marks next.
 */
export type AnsweringLog = "same" | "agreed" | "another";

/** Notes which log answers, and what it says of itself. `marked`: the request showed marks. */
export function noteLog(
  device: State,
  receipt: Receipt,
  answer: Answer,
  rest: Rest,
  marked: boolean,
  turn: Turn,
): AnsweringLog {
  const { progress } = device;
  const other =
    device.identity?.enrolled?.log !== receipt.log ||
    receipt.head < progress.head ||
    rest.orders.some((order) => order.is === "showMarks");
  let log: AnsweringLog = "same";
  if (marked) {
    // A hub that does not know marks says nothing: then nothing is known to be shared.
    const fresh = agree(device, receipt, rest.shared ?? 0, turn);
    if (!fresh) log = "agreed";
  } else if (other) {
    if (device.sync !== null) device.sync.showMarks = !device.sync.marksShown;
    return "another";
  }
  noteMark(device, { position: receipt.head, tag: ChainTag.of(receipt.chain) });
  progress.head = receipt.head;
  progress.copiedTo = receipt.copiedTo;
  turn.put({ is: "lastReceipt" }, toCbor(KeptReceipt, { receipt: answer.receipt, signature: answer.signature }));
  turn.progress();
  return log;
}

/**
 * Both know the same log up to `shared`: what was receipted beyond it goes back. Whether the request had named no decision
 * beyond it.
 */
function agree(device: State, receipt: Receipt, shared: Position, turn: Turn): boolean {
  const enrolled = device.identity?.enrolled ?? null;
  if (enrolled !== null && enrolled.log !== receipt.log) {
    enrolled.log = receipt.log;
    turn.mark({ is: "identity" });
  }
  const elsewhere = device.sync?.receiptedElsewhere ?? new Set<number>();
  const beyond = [...device.parcels].filter(
    ([counter, info]) => info.position !== null && info.position > shared && !elsewhere.has(counter),
  );
  if (beyond.length > 0 || shared < device.progress.head) turn.report({ GivingBack: { parcels: beyond.length } });
  for (const [counter] of beyond) giveBack(device, counter, turn);
  keepProofsBeyond(device, shared, turn);
  device.progress.held = [];
  device.progress.marks = device.progress.marks.filter((mark) => mark.position <= shared);
  if (device.sync !== null) device.sync.moved = true;
  return forgetDecisionsAfter(device, shared);
}

/**
 * Adds the newest mark. Of those that lie about equally far back (as many bits has the distance) the oldest stays: it is
 * the one that will be far enough for the next.
 */
function noteMark(device: State, newest: Mark): void {
  const distance = (mark: Mark): number => Math.min(bits(newest.position - mark.position), MARKS_MAX - 1);
  const kept: Mark[] = [];
  for (const mark of [...device.progress.marks.filter((mark) => mark.position < newest.position), newest]) {
    const before = kept.at(-1);
    if (before === undefined || distance(before) !== distance(mark)) kept.push(mark);
  }
  device.progress.marks = kept;
}

/** How many bits a whole number has; zero has none. */
function bits(number: number): number {
  return number === 0 ? 0 : number.toString(2).length;
}

/** What this device knows of the log. Without a stored receipt they prove nothing, and the hub shares nothing. */
export function marks(device: State, stored: KeptReceipt | null): Marks | null {
  const log = device.identity?.enrolled?.log;
  if (log === undefined) return null;
  const { receipt, signature } = stored ?? { receipt: new Uint8Array(0), signature: new Uint8Array(64) };
  return { log, receipt, signature, earlier: [...device.progress.marks].reverse() };
}
