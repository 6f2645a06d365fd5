//! Segin's hub, headless device, demo and measurements.

pub mod limits;
pub mod store;
