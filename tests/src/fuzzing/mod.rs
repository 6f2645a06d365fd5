//! What a fuzzer and the ordinary tests feed with any bytes: [`codec`], [`gate()`] and [`log()`]. Each ends normally
//! whatever it is given, or it has found a fault; what must hold of what is accepted is asserted.
//!
//! The fuzzer's own crate is `server/fuzz`; [`seeds`] are the honest bytes that it begins with. No randomness, no I/O but
//! the seeds' files.

mod codec;
mod gate;
mod log;
pub mod seeds;

pub use codec::codec;
pub use gate::gate;
pub use log::log;
