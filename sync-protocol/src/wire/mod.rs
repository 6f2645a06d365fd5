//! What travels, and the codec that turns it into bytes.
//!
//! [`manifest`] and [`parcel`] go up, [`answer`] comes down, [`exchange`] and [`enrolment`] are the two requests,
//! [`courier`] is an exchange in files that are carried ([`carried`]), [`lease`] says who may write under which actor,
//! [`digest`] what a channel holds, [`order`] what the hub asks, [`returning`] what goes back to a hub that has lost it,
//! [`fingerprint`] and [`voucher`] are how people compare and show keys. Structures are CBOR arrays in
//! field order; a field added later stands at the end and older readers pass it over.

pub mod answer;
pub mod carried;
pub mod codec;
pub mod courier;
pub mod digest;
pub mod enrolment;
pub mod exchange;
pub mod fingerprint;
pub mod lease;
pub mod manifest;
pub mod order;
pub mod parcel;
pub mod returning;
pub mod voucher;
