//! The hub as plain functions over the store's contracts.
//!
//! A request is vetted ([`vet`]), its parcels are decided ([`admission`]), appended and filed ([`writer`], [`filing`]),
//! and answered with receipts and feed ([`exchange`], [`feed`]). Who and where comes from the [`directory`], a fold over
//! the log's [`entry`]s; [`opening`] brings it all back after a start. Knows nothing of HTTP; see `routes` for that.

pub mod admission;
pub mod continuing;
pub mod courier;
pub mod deciding;
pub mod directory;
pub mod enrolling;
pub mod entry;
pub mod exchange;
pub mod fact;
pub mod feed;
pub mod filing;
pub mod moving;
pub mod opening;
pub mod placing;
pub mod published;
pub mod rebuilding;
pub mod returning;
pub mod stated;
pub mod vet;
pub mod writer;

#[cfg(test)]
mod tests;
