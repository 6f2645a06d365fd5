//! What travels: manifests, parcels, answers, and the codec that turns them into bytes.

pub mod digest;
