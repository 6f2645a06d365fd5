//! What the hub counts about itself, for Prometheus.
//!
//! Counts and sizes only: never an id, never a name. Labels are from fixed lists.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use sync_protocol::wire::answer::{Fate, ParcelReceipt};

/// Documents by what became of their changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FateLabel {
    fate: &'static str,
}

/// Requests by route and status.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabel {
    method: &'static str,
    route: String,
    status: u16,
}

/// The numbers, and the registry that shows them.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabel, Counter>,
    bytes_in: Counter,
    bytes_out: Counter,
    /// Exchanges answered.
    pub exchanges: Counter,
    parcels: Counter,
    parcels_refused: Counter,
    fates: Family<FateLabel, Counter>,
    /// Devices enrolled.
    pub enrolled: Counter,
    /// Requests refused because too much was waiting.
    pub refused_busy: Counter,
    /// Denials that stand in no entry, because there were too many.
    pub denials_unrecorded: Counter,
    /// Connections turned away.
    pub turned_away: Counter,
    /// TLS handshakes that did not end well.
    pub handshakes_failed: Counter,
    /// Newer certificate files taken into use.
    pub tls_reloads: Counter,
    /// Newer certificate files that cannot be used.
    pub tls_reloads_refused: Counter,
    /// Requests committed with one sync.
    pub group_size: Histogram,
    /// From the first byte of a group's work to its end, sync included.
    pub commit_seconds: Histogram,
    /// The syncs of the log alone.
    pub sync_seconds: Histogram,
    gauges: Gauges,
}

#[derive(Default)]
struct Gauges {
    log_position: Gauge,
    copied_to: Gauge,
    read_model_lag: Gauge,
    queue_depth: Gauge,
    connections: Gauge,
    working: Gauge,
    waiters: Gauge,
    documents: Gauge,
    held: Gauge,
    devices: Gauge,
    disk_free: Gauge<f64, AtomicU64>,
    document_calls: Gauge,
    list_calls: Gauge,
    unpacked: Gauge,
    tried: Gauge,
}

/// Numbers that are read at the moment of asking.
#[derive(Debug, Clone, Copy, Default)]
pub struct Present {
    /// The last entry of the log.
    pub log_position: u64,
    /// Up to where a second copy exists.
    pub copied_to: u64,
    /// Entries that the read model does not show yet.
    pub read_model_lag: u64,
    /// Requests that wait for the writer.
    pub queue_depth: usize,
    /// Connections.
    pub connections: usize,
    /// Requests that calculate, or wait to.
    pub working: usize,
    /// Waits.
    pub waiters: usize,
    /// Documents in all channels together.
    pub documents: u64,
    /// Pieces of held work.
    pub held: usize,
    /// Leases.
    pub devices: usize,
    /// Bytes free on the disk of the data folder.
    pub disk_free: u64,
    /// Calls to the document store for people.
    pub document_calls: u64,
    /// Questions to the read model.
    pub list_calls: u64,
    /// Bytes of devices' messages and changes, unpacked.
    pub unpacked: u64,
    /// Operations merged, saved and loaded for trials.
    pub tried: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("segin");
        let seconds = || Histogram::new(exponential_buckets(0.0001, 2.0, 16));
        let metrics = Self {
            requests: Family::default(),
            bytes_in: Counter::default(),
            bytes_out: Counter::default(),
            exchanges: Counter::default(),
            parcels: Counter::default(),
            parcels_refused: Counter::default(),
            fates: Family::default(),
            enrolled: Counter::default(),
            refused_busy: Counter::default(),
            denials_unrecorded: Counter::default(),
            turned_away: Counter::default(),
            handshakes_failed: Counter::default(),
            tls_reloads: Counter::default(),
            tls_reloads_refused: Counter::default(),
            group_size: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            commit_seconds: seconds(),
            sync_seconds: seconds(),
            gauges: Gauges::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Requests by route and status", metrics.requests.clone());
        registry.register_with_unit("request_body", "Request bodies", Unit::Bytes, metrics.bytes_in.clone());
        registry.register_with_unit("response_body", "Response bodies", Unit::Bytes, metrics.bytes_out.clone());
        registry.register("exchanges", "Exchanges answered", metrics.exchanges.clone());
        registry.register("parcels", "Parcels receipted", metrics.parcels.clone());
        registry.register("parcels_refused", "Parcels refused whole", metrics.parcels_refused.clone());
        registry.register("changes", "Changes received, by fate", metrics.fates.clone());
        registry.register("enrolled", "Devices enrolled since the start", metrics.enrolled.clone());
        registry.register("refused_busy", "Requests refused because too much waited", metrics.refused_busy.clone());
        registry.register("connections_turned_away", "Connections turned away", metrics.turned_away.clone());
        registry.register("tls_handshakes_failed", "TLS handshakes that failed", metrics.handshakes_failed.clone());
        registry.register("tls_reloads", "Newer certificates taken into use", metrics.tls_reloads.clone());
        let refused = metrics.tls_reloads_refused.clone();
        registry.register("tls_reloads_refused", "Newer certificates that cannot be used", refused);
        let denials = metrics.denials_unrecorded.clone();
        registry.register("denials_unrecorded", "Denials beyond those that are recorded", denials);
        registry.register("group_size", "Requests committed with one sync", metrics.group_size.clone());
        registry.register_with_unit("commit", "Work on one group", Unit::Seconds, metrics.commit_seconds.clone());
        registry.register_with_unit("log_sync", "Syncs of the log", Unit::Seconds, metrics.sync_seconds.clone());
        let gauges = &metrics.gauges;
        registry.register("log_position", "Last entry of the log", gauges.log_position.clone());
        registry.register("copied_to", "Last entry of the second copy", gauges.copied_to.clone());
        registry.register("read_model_lag", "Entries not yet shown to readers", gauges.read_model_lag.clone());
        registry.register("queue_depth", "Requests that wait for the writer", gauges.queue_depth.clone());
        registry.register("connections", "Open connections", gauges.connections.clone());
        registry.register("working", "Requests that calculate, or wait to", gauges.working.clone());
        registry.register("waiters", "Requests that wait for news", gauges.waiters.clone());
        registry.register("documents", "Documents, once for each channel", gauges.documents.clone());
        registry.register("held", "Pieces of held work", gauges.held.clone());
        registry.register("devices", "Leases", gauges.devices.clone());
        registry.register("document_calls", "Calls to the document store for people", gauges.document_calls.clone());
        registry.register("list_calls", "Questions to the read model", gauges.list_calls.clone());
        registry.register("unpacked", "Bytes of devices' messages and changes, unpacked", gauges.unpacked.clone());
        registry.register("operations_tried", "Operations merged to judge what devices sent", gauges.tried.clone());
        registry.register_with_unit("disk_free", "Free on the data disk", Unit::Bytes, gauges.disk_free.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Counts an answered request; sizes are those of the bodies.
    pub fn request(&self, method: &'static str, route: &str, status: u16, bytes_in: u64, bytes_out: u64) {
        self.requests.get_or_create(&RequestLabel { method, route: route.to_owned(), status }).inc();
        self.bytes_in.inc_by(bytes_in);
        self.bytes_out.inc_by(bytes_out);
    }

    /// Counts what became of parcels.
    pub fn receipts(&self, receipts: &[ParcelReceipt]) {
        for receipt in receipts {
            if receipt.refused.is_some() {
                self.parcels_refused.inc();
            } else {
                self.parcels.inc();
            }
            for run in receipt.documents.iter().flat_map(|document| &document.runs) {
                let label = FateLabel { fate: fate_name(&run.fate) };
                self.fates.get_or_create(&label).inc_by(u64::from(run.count));
            }
        }
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn render(&self, present: &Present) -> String {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let gauges = &self.gauges;
        gauges.log_position.set(whole(present.log_position));
        gauges.copied_to.set(whole(present.copied_to));
        gauges.read_model_lag.set(whole(present.read_model_lag));
        gauges.queue_depth.set(count(present.queue_depth));
        gauges.connections.set(count(present.connections));
        gauges.working.set(count(present.working));
        gauges.waiters.set(count(present.waiters));
        gauges.documents.set(whole(present.documents));
        gauges.held.set(count(present.held));
        gauges.devices.set(count(present.devices));
        #[allow(clippy::cast_precision_loss, reason = "a disk's free bytes are shown, not counted with")]
        gauges.disk_free.set(present.disk_free as f64);
        gauges.document_calls.set(whole(present.document_calls));
        gauges.list_calls.set(whole(present.list_calls));
        gauges.unpacked.set(whole(present.unpacked));
        gauges.tried.set(whole(present.tried));
        let mut out = String::new();
        text::encode(&mut out, &self.registry).expect("writing into a string cannot fail");
        out
    }
}

/// The stable name of a fate.
#[must_use]
pub const fn fate_name(fate: &Fate) -> &'static str {
    match fate {
        Fate::Applied => "applied",
        Fate::Duplicate => "duplicate",
        Fate::Held(_) => "held",
        Fate::Waiting(_) => "waiting",
        Fate::Erased => "erased",
        Fate::Refused(..) => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_rendered() {
        let metrics = Metrics::default();
        metrics.request("POST", "/v1/exchange", 200, 10, 20);
        metrics.group_size.observe(3.0);
        let text = metrics.render(&Present { log_position: 7, held: 2, ..Present::default() });
        assert!(
            text.contains("segin_requests_total{method=\"POST\",route=\"/v1/exchange\",status=\"200\"} 1"),
            "{text}"
        );
        assert!(text.contains("segin_request_body_bytes_total 10"), "{text}");
        assert!(text.contains("segin_log_position 7"), "{text}");
        assert!(text.contains("segin_held 2"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
