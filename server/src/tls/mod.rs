//! TLS of the hub's own, on both ends of a link: rustls, no other library.
//!
//! - [`certificate`]: the hub's certificate and key, checked before they are used, taken anew when their files change.
//! - [`trust`]: whom a device or a tool believes to be its hub: the system's authorities, or one that it was given.
//! - [`address`]: a hub's URL; plain HTTP to this machine only.
//!
//! Who listens with it: `serve::listen`; who connects: `field::client` and `cli::client`.

pub mod address;
pub mod certificate;
pub mod trust;

pub use address::HubAddress;
pub use certificate::{Certificate, CertificateError, CertificateFiles};
pub use trust::{Trust, TrustError};
