//! The simulation: one seed drives devices, users, network, clocks, disks and the hub; an oracle checks the promises.
//!
//! Single-threaded and deterministic: the same seed makes the same [`trace`]. Everything that is tested is the
//! product's own code ([`hub`], [`phone`] only hold it); what may go wrong is drawn by [`weights`], what must hold is
//! checked by [`oracle`] on the way and by [`quiet`] at the end. [`mutation`]s make the system wrong on purpose, so
//! that a test can show that the oracle notices. A failing seed replays: `SEGIN_SIM_SEED=n cargo test --workspace
//! --test simulation`.

pub mod dice;
pub mod hub;
pub mod leads;
pub mod mutation;
pub mod network;
pub mod operator;
pub mod oracle;
pub mod paper;
pub mod parts;
pub mod people;
pub mod phone;
pub mod promise;
pub mod quiet;
pub mod run;
pub mod sealed;
pub mod story;
pub mod trace;
pub mod truth;
pub mod weights;
pub mod world;
