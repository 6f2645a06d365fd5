/**
 * Orders: what the hub asks of a device, in every answer until it is done.
 *
 * A version that does not know an order passes it over and reads the rest of the answer.
 */
import { Channel, Salt } from "../ids.js";
import { list, oneOf, variants, type Codec } from "./cbor.js";
import { UnknownVariant } from "./error.js";

/**
 * When a device that was told to erase itself does so: once everything recorded on it is receipted (what is held
 * counts), or at once, what is unsent included: the device is in wrong hands.
 */
export type WipeWhen = "after_receipts" | "at_once";
export const WipeWhen = oneOf<WipeWhen>("after_receipts", "at_once");

/** What the hub asks of the device. */
export type Order =
  /** Prove the key over this challenge in the next request; a new token follows. */
  | { readonly is: "renew"; readonly challenge: Salt }
  /** This channel is no longer in the user's scope. */
  | { readonly is: "channelClosed"; readonly channel: Channel }
  /** The same counter came with two different manifests: this store exists twice. Both go on. */
  | { readonly is: "cloneSeen" }
  /** Erase everything that is stored. */
  | { readonly is: "wipe"; readonly when: WipeWhen }
  /** This lease waits to be confirmed: it can push, and what it pushes is held. */
  | { readonly is: "pending" }
  /** This lease was revoked: it can push, and what it pushes is held. */
  | { readonly is: "revoked" }
  /** The cursor is of another log than the hub's: show in the next request what is known of it. No feed until then. */
  | { readonly is: "showMarks" };

export const Order = variants<Order>({
  renew: { challenge: Salt },
  channelClosed: { channel: Channel },
  cloneSeen: {},
  wipe: { when: WipeWhen },
  pending: {},
  revoked: {},
  showMarks: {},
});

/** A hub of a later version may order something new: the rest of its answer must still be read. */
export const knownOrders: Codec<readonly Order[]> = {
  ...list(Order),
  read(reader) {
    const orders: Order[] = [];
    for (let left = reader.array(); left > 0; left -= 1) {
      const start = reader.at;
      try {
        orders.push(Order.read(reader));
      } catch (error) {
        if (!(error instanceof UnknownVariant)) throw error;
        reader.at = start;
        reader.skip();
      }
    }
    return orders;
  },
};
