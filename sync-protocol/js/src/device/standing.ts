/**
 * Standing: what the hub asks of this device, and how its lease stands there.
 *
 * Pending or revoked, a device goes on recording and sending; it reads nothing. An order to erase is obeyed at once when
 * the hub says so (the device is in wrong hands), else once the hub has everything: held work counts, and the last parcel
 * says that nothing is left. Both orders are believed only under the hub's signature.
 */
import type { Channel, DocumentId } from "../ids.js";
import type { Rest } from "../wire/answer.js";
import { toCbor } from "../wire/codec.js";
import type { Order, WipeWhen } from "../wire/order.js";
import { takeConfiguration } from "./enrol.js";
import type { Event } from "./event.js";
import { leave } from "./ledger.js";
import { hasOutstanding } from "./pack.js";
import type { LeaseStanding } from "./progress.js";
import { renewActor } from "./record.js";
import { Wiped } from "./rows.js";
import { State, sorted } from "./state.js";
import type { Turn } from "./turn.js";

/** What a device says that was erased. */
const ERASED = "this device was erased by order of the hub: nothing can be recorded or sent; enrol a new one";

/** What the hub asks of the device. */
export function takeOrders(device: State, rest: Rest, turn: Turn): void {
  if (rest.token !== null) {
    const enrolled = device.identity?.enrolled ?? null;
    if (enrolled !== null) {
      enrolled.token = rest.token;
      turn.mark({ is: "identity" });
    }
    device.progress.challenge = null;
  }
  const standing = takeStanding(device, rest.orders, turn);
  for (const order of rest.orders) {
    switch (order.is) {
      case "renew":
        device.progress.challenge = order.challenge;
        // To others than active leases no proof opens the feed.
        if (device.sync !== null) device.sync.renew = rest.channels.length === 0 && standing === "active";
        break;
      // Done when the feed is read to its end: until then a document may come through another channel, without what
      // this request carried.
      case "channelClosed":
        break;
      case "cloneSeen":
        if (device.session !== null) renewActor(device.session, turn);
        turn.report("CloneSeen");
        break;
      // Taken before, all together.
      case "wipe":
      case "pending":
      case "revoked":
      case "showMarks":
        break;
    }
  }
  if (rest.configuration !== null) takeConfiguration(device, rest.configuration, turn);
  turn.progress();
}

/** Nothing of the channel is in the user's scope any more. */
export function closeChannel(device: State, channel: Channel, turn: Turn): void {
  const inside: DocumentId[] = [];
  for (const [document, entry] of device.entries) if (entry.channels.includes(channel)) inside.push(document);
  for (const document of sorted(inside)) leave(device, document, channel, turn);
  if (device.sums.delete(channel)) turn.report({ ChannelClosed: { channel } });
}

/** How the lease stands and whether everything is to be erased; both are said in every answer while they hold. */
function takeStanding(device: State, orders: readonly Order[], turn: Turn): LeaseStanding {
  const has = (is: Order["is"]): boolean => orders.some((order) => order.is === is);
  const standing: LeaseStanding = has("revoked") ? "revoked" : has("pending") ? "pending" : "active";
  if (standing !== device.progress.standing) {
    device.progress.standing = standing;
    turn.report({ Standing: { standing } });
  }
  const ordered = orders.some((order) => order.is === "wipe" && order.when === "after_receipts");
  if (ordered && device.progress.wipe === null) {
    device.progress.wipe = { parcel: null, told: false };
    turn.report("WipeOrdered");
  } else if (!ordered && device.progress.wipe !== null) {
    device.progress.wipe = null;
    turn.report("WipeCalledOff");
  }
  return standing;
}

/** Whether the hub has everything that was recorded here; what it holds for a person counts. */
export function allReceipted(device: State): boolean {
  for (const work of device.works.values()) if (work.state.is !== "heldWho") return false;
  return !hasOutstanding(device);
}

/** Whether everything is to be erased, the hub has all of it and knows that this is the end. */
export function wipeIsDue(device: State): boolean {
  return device.progress.wipe !== null && device.progress.wipe.told && allReceipted(device);
}

/** Forgets everything. */
export function wipe(device: State, when: WipeWhen, turn: Turn): void {
  const wiped = { at: turn.now, when };
  Object.assign(device, new State(), { later: device.later, wiped });
  turn.wipe([{ is: "put", key: { is: "wiped" }, bytes: toCbor(Wiped, wiped) }]);
  turn.report({ Wiped: { when } });
}

/** What an erased device answers. */
export function sayErased(event: Event, turn: Turn): void {
  const reason = ERASED;
  switch (event.is) {
    case "edit":
      for (const { tag } of event.requests) turn.report({ EditRefused: { tag, reason } });
      break;
    case "enrol":
      turn.report({ NotEnrolled: { reason } });
      break;
    case "sync":
      turn.report({ SyncFailed: { reason } });
      break;
    case "export":
      turn.report({ NotExported: { reason } });
      break;
    case "take":
      turn.report({ CourierRefused: { reason } });
      break;
    case "vouch":
      turn.report({ NotVouched: { reason } });
      break;
    case "answer":
    case "failed":
    case "turnedAway":
    case "loaded":
    case "shown":
    case "neighbours":
      break;
  }
}
