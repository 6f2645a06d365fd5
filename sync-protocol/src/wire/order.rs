//! Orders: what the hub asks of a device, in every answer until it is done.
//!
//! A version that does not know an order passes it over and reads the rest of the answer.

use minicbor::{Decode, Decoder, Encode, decode};

use crate::ids::{Channel, Salt};

/// What the hub asks of the device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Order {
    /// Prove the key over this challenge in the next request; a new token follows.
    #[n(0)]
    Renew(#[n(0)] Salt),
    /// This channel is no longer in the user's scope.
    #[n(1)]
    ChannelClosed(#[n(0)] Channel),
    /// The same counter came with two different manifests: this store exists twice. Both go on.
    #[n(2)]
    CloneSeen,
    /// Erase everything that is stored.
    #[n(3)]
    Wipe {
        /// When.
        #[n(0)]
        when: WipeWhen,
    },
    /// This lease waits to be confirmed: it can push, and what it pushes is held.
    #[n(4)]
    Pending,
    /// This lease was revoked: it can push, and what it pushes is held.
    #[n(5)]
    Revoked,
    /// The cursor is of another log than the hub's: show in the next request what is known of it. No feed until then.
    #[n(6)]
    ShowMarks,
}

/// When a device that was told to erase itself does so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum WipeWhen {
    /// Once everything recorded on it is receipted; what is held counts.
    #[n(0)]
    AfterReceipts,
    /// At once, what is unsent included: the device is in wrong hands.
    #[n(1)]
    AtOnce,
}

/// A hub of a later version may order something new: the rest of its answer must still be read.
pub(super) fn known_orders<Ctx>(d: &mut Decoder<'_>, ctx: &mut Ctx) -> Result<Vec<Order>, decode::Error> {
    let count = d.array()?.ok_or_else(|| decode::Error::message("orders without a definite length"))?;
    let mut orders = Vec::new();
    for _ in 0..count {
        let start = d.position();
        match Order::decode(d, ctx) {
            Ok(order) => orders.push(order),
            Err(error) if error.is_unknown_variant() => {
                d.set_position(start);
                d.skip()?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(orders)
}
