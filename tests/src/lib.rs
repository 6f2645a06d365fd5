//! The harness of Segin's tests: the product seen from outside.
//!
//! - [`process`]: the real binary as a child, killed, restarted, its folders damaged and compared.
//! - [`console`]: people who sign in to a hub whose clock is set by hand.
//! - [`door`]: a hub inside the test whose door is narrow, and certificates for it.
//! - [`adversary`]: a hub under attack, and every attack by family.
//! - [`audit`]: what a data folder holds, worked out from log and keyring alone.
//! - [`fuzzing`]: what a fuzzer and the ordinary tests feed with any bytes.
//! - [`matrix`]: everybody and everything that the table of access is about, asked over HTTP.
//! - [`parts`], [`mutate`]: changes taken apart, rewritten and garbled, as the gate's own tests do it.
//! - [`night`]: a hub with three sites and real devices.
//! - [`proxy`]: a link that is cut after any byte.
//! - [`raw`]: a device that says exactly what a test wants, over [`http`].
//! - [`register`]: two sites with a case each, for who sees what.
//! - [`simulation`]: devices, a hub and the network between them from one seed, with every fault that a seed can draw.

pub mod adversary;
pub mod audit;
pub mod console;
pub mod door;
pub mod fuzzing;
pub mod http;
pub mod matrix;
#[path = "../../sync-protocol/tests/gate/mutate.rs"]
pub mod mutate;
pub mod night;
#[path = "../../sync-protocol/tests/gate/parts.rs"]
pub mod parts;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod register;
pub mod simulation;
