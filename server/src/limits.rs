//! Every limit of the hub: a name, a unit and a reason. The protocol's own limits stand in `sync_protocol::limits`.

/// Bytes of one piece of a sealed form or projection in the document store. The engine keeps up to 17 rows in a page
/// and turns pages of more than 128 KiB into files that it never syncs: 17 pieces and their keys stay below.
pub const DOCUMENT_PIECE_BYTES: usize = 7 * 1024;

/// Bytes of one sealed form (merged document, history and seal) in the document store: the protocol allows 4 MiB of
/// saved document; the rest is room for what is kept beside it.
pub const DOCUMENT_FORM_BYTES_MAX: usize = 5 * 1024 * 1024;

/// Bytes of one sealed projection. Plain data read out of a document is smaller than the document.
pub const DOCUMENT_PROJECTION_BYTES_MAX: usize = 5 * 1024 * 1024;

/// Channels that one document is in: a household may span several sites, never more than there are.
pub const DOCUMENT_CHANNELS_MAX: usize = 64;

/// Bytes of one document's wrapped key: 32 of key, nonce, tag and a generation; four times that.
pub const DOCUMENT_WRAPPED_KEY_BYTES_MAX: usize = 512;

/// Runs in one history row: each change of a parcel's document by itself (the protocol's `DOCUMENT_CHANGES_MAX`).
pub const HISTORY_RUNS_MAX: usize = 512;

/// Bytes of the document store's page cache. A hub of 60,000 persons has a few hundred MB of documents, of which a
/// night touches a few MB; small machines have 2 GB for everything.
pub const DOCUMENT_CACHE_BYTES: u64 = 96 * 1024 * 1024;

/// Milliseconds between two writes of the document store's tail. What a killed hub had not yet written is applied
/// again from the log: two seconds of ingest take less than a second.
pub const DOCUMENT_FLUSH_MS: u64 = 2_000;

/// Damaged document folders kept aside for a look by a person; older ones are removed. Each may be as large as the
/// store itself, and nothing in them is not in the log.
pub const DOCUMENT_DAMAGED_KEPT_MAX: usize = 2;

/// Times that opening a locked document store is tried again: with the pause below a second in all, then another
/// process is taken to have it.
pub const DOCUMENT_LOCK_TRIES_MAX: u32 = 40;

/// Milliseconds between two tries to open a locked document store.
pub const DOCUMENT_LOCK_PAUSE_MS: u64 = 25;

/// Characters of a panic's message that are kept for the operator.
pub const PANIC_TEXT_CHARACTERS_MAX: usize = 300;
