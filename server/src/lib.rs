//! Segin's hub, headless device, demo and measurements.

pub mod clock;
pub mod limits;
pub mod random;
pub mod store;
