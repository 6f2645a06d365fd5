//! What one hub takes at once: the named limits, where a start may set others.

use std::time::Duration;

use super::rate::Rates;
use crate::limits;

/// Bounds of a hub. The default is `limits`.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one peer.
    pub connections_by_peer: usize,
    /// For a TLS handshake.
    pub handshake: Duration,
    /// For a request's head, from the end of the answer before.
    pub head: Duration,
    /// For a request's body.
    pub body: Duration,
    /// For the other end to take a piece of an answer.
    pub answer: Duration,
    /// Calculations at once.
    pub workers: usize,
    /// Calculations that wait for one of these.
    pub work_waiting: usize,
    /// Free bytes on the disk below which no work is taken.
    pub disk_free: u64,
    /// Free bytes below which not even the record of a read is.
    pub disk_free_last: u64,
    /// How often who may ask.
    pub rates: Rates,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS_MAX,
            connections_by_peer: limits::CONNECTIONS_BY_PEER_MAX,
            handshake: Duration::from_secs(limits::HANDSHAKE_SECONDS_MAX),
            head: Duration::from_secs(limits::HEAD_SECONDS_MAX),
            body: Duration::from_secs(limits::BODY_SECONDS_MAX),
            answer: Duration::from_secs(limits::ANSWER_SECONDS_MAX),
            workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            work_waiting: limits::WORK_WAITING_MAX,
            disk_free: limits::DISK_FREE_BYTES_MIN,
            disk_free_last: limits::DISK_FREE_BYTES_LAST,
            rates: Rates::default(),
        }
    }
}
