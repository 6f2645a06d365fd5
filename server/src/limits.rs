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

/// Bytes of one log segment, after which the next begins: read whole into memory while the log is checked at start, so
/// it must fit a small machine; large enough that years of a border post are a few dozen files.
pub const LOG_SEGMENT_BYTES: u32 = 64 * 1024 * 1024;

/// Bytes by which a segment grows ahead of what is written: a sync that changes no size and takes no new block is the
/// quick one. At one megabyte of entries a second this is one longer sync in four seconds.
pub const LOG_STEP_BYTES: u32 = 4 * 1024 * 1024;

/// Bytes of one entry: a request's 8 MiB, sealed document by document, with its fates; twice that.
pub const LOG_ENTRY_BYTES_MAX: usize = 2 * sync_protocol::limits::MESSAGE_BYTES_MAX;

/// Bytes of one group that is written and synced at once: two of the largest entries, half a segment.
pub const LOG_GROUP_BYTES_MAX: usize = 2 * LOG_ENTRY_BYTES_MAX;

/// Bytes read at once for one entry: most entries (one parcel with one case) are smaller, so one read is enough.
pub const LOG_READ_BYTES: usize = 4 * 1024;

/// Bytes written at once when a tail is written anew or zeros are laid down: bounds the buffer, not the work.
pub const LOG_CHUNK_BYTES: usize = 1024 * 1024;

/// Bytes of entries copied in one synced group to the second place: few syncs on a slow stick, little to repeat when it
/// is pulled out.
pub const COPY_GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of a master key file that are read at all: 64 digits and a line end are wanted, a wrong file is not loaded.
pub const MASTER_KEY_FILE_BYTES_MAX: u64 = 1024;

/// Bytes of one page of the fake disk: what a real disk keeps or loses as a whole.
pub const FAKE_PAGE_BYTES: usize = 4 * 1024;

/// Bytes of changes in one answer's feed, before compression: half of what a message may hold, since one document more
/// may follow the one that reached the budget.
pub const FEED_BUDGET_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Groups of updates that wait for the read model, each of one group commit. A few seconds of full ingest; beyond it
/// is quicker to catch up from the store than to follow.
pub const READ_MODEL_UPDATES_WAITING_MAX: usize = 1_024;

/// Questions that wait for the read model: more than a hub has open pages.
pub const READ_MODEL_QUESTIONS_WAITING_MAX: usize = 256;

/// Documents looked at in one step when the read model is filled: their projections are in memory together.
pub const READ_MODEL_FILL_DOCUMENTS: usize = 256;

/// Receipts read in one step when the read model is filled; they are small.
pub const READ_MODEL_FILL_RECEIPTS: usize = 1_024;

/// Versions of documents that no longer hold and are kept to be asked about; with about 5 KB each, 1 GB at most. The
/// older half is dropped when there are more.
pub const READ_MODEL_OLD_VERSIONS_MAX: i64 = 200_000;

/// Groups of updates between two looks at how many versions there are: counting them is not free.
pub const READ_MODEL_FORGET_EVERY: u64 = 4_096;

/// Rows of a page when the caller names no number: what a screen shows.
pub const READ_MODEL_PAGE_ROWS: usize = 50;

/// Rows of a page at most: an export reads page by page.
pub const READ_MODEL_PAGE_ROWS_MAX: usize = 500;

/// Words of a search that are looked at: given names, family name, code and a few more.
pub const READ_MODEL_SEARCH_WORDS_MAX: usize = 8;

/// Prepared statements that the read model keeps: more than it has questions.
pub const READ_MODEL_STATEMENTS: usize = 64;

/// Cases that one look beyond the scope shows: enough to recognise somebody by a code or a rare name, too few to leaf
/// through the register.
pub const LOOK_UP_ROWS_MAX: usize = 10;

/// Milliseconds that a list waits for the read model to show what the log holds already. It is milliseconds behind; at the
/// start, and when it was left behind, whoever asks is told to come again.
pub const LISTS_FOLLOW_MS_MAX: u64 = 3_000;

/// Characters that a look beyond the scope needs: below it the register could be leafed through by single letters.
pub const LOOK_UP_CHARACTERS_MIN: usize = 3;

/// Characters of a look beyond the scope: the longest name with its code.
pub const LOOK_UP_CHARACTERS_MAX: usize = 120;

/// Looks beyond the scope of one person within an hour: a truck has forty people, of whom a few were registered elsewhere.
pub const LOOK_UPS_AN_HOUR_MAX: usize = 30;

/// The same within a day: two trucks and what follows.
pub const LOOK_UPS_A_DAY_MAX: usize = 120;

/// Minutes for which a case outside of the scope is opened at once: half a shift.
pub const GLASS_MINUTES_MAX: u32 = 240;

/// Cases that one person opens outside of the scope within an hour: emergencies are few.
pub const GLASS_AN_HOUR_MAX: usize = 6;

/// The same within a day.
pub const GLASS_A_DAY_MAX: usize = 20;

/// Characters of a reason for looking beyond the scope: fewer say nothing.
pub const REASON_CHARACTERS_MIN: usize = 10;

/// Milliseconds within which the same look by the same person at the same document is one entry: a quarter of an hour of
/// work on one case.
pub const READ_AGAIN_MS: i64 = 15 * 60 * 1_000;

/// Looks that are remembered to be one with the next: several times what a hub's console opens in a quarter of an hour.
pub const READS_REMEMBERED_MAX: usize = 8_192;

/// Denials of one person that are recorded within a minute; more are counted only, so that nobody fills the log.
pub const DENIALS_A_MINUTE_MAX: u32 = 20;

/// Rows of one exported file: five years of the register.
pub const EXPORT_ROWS_MAX: usize = 100_000;

/// Entries of the log that one page of the audit looks at: opening them takes a tenth of a second.
pub const AUDIT_SCAN_ENTRIES_MAX: usize = 5_000;

/// Rows of a page of the audit when the caller names no number.
pub const AUDIT_PAGE_ROWS: usize = 100;

/// Rows of a page of the audit at most; the rows of its last entry may be more.
pub const AUDIT_PAGE_ROWS_MAX: usize = 1_000;

/// Rows of the audit that one command lists: more are for a narrower question.
pub const AUDIT_LISTED_ROWS_MAX: usize = 100_000;

/// Notices of one page.
pub const NOTICES_PAGE_ROWS_MAX: usize = 100;

/// Cases opened outside of a scope that one page of notices looks at.
pub const NOTICES_LOOKED_AT_MAX: usize = 2_000;

/// Open tasks that one list looks at: each waits for a person's call, so there are few.
pub const TASKS_LOOKED_AT_MAX: usize = 2_000;

/// Connections at once. A hub has 200 devices and a few consoles; each may keep one for exchanges and one for waiting.
pub const CONNECTIONS_MAX: usize = 1_024;

/// Connections beyond that for whoever comes from this machine: somebody must still be able to look why it is full.
pub const CONNECTIONS_RESERVED: usize = 16;

/// Files that a full hub has open: its connections, and with room those of the log, the documents and the second copy.
pub const OPEN_FILES_MIN: u64 = (CONNECTIONS_MAX + CONNECTIONS_RESERVED) as u64 + 512;

/// Of four parts of the connections, how many may be taken before a connection is closed after each answer: phones that
/// have said everything would keep others out for as long as a silent connection is kept.
pub const CONNECTIONS_CROWDED_FOURTHS: usize = 3;

/// Connections at once from one peer (an IPv4 address, an IPv6 /64): a site with 50 phones behind one address keeps 100;
/// nobody alone takes more than a quarter of all.
pub const CONNECTIONS_BY_PEER_MAX: usize = 256;

/// Seconds in which a TLS handshake must be done: three round trips over a satellite, with losses.
pub const HANDSHAKE_SECONDS_MAX: u64 = 20;

/// Seconds between two looks at the certificate files for newer ones: whoever renews them need not tell the hub.
pub const TLS_LOOK_SECONDS: u64 = 30;

/// Bytes of a certificate or key file: chains have a few KiB.
pub const TLS_FILE_BYTES_MAX: u64 = 256 * 1024;

/// Certificates of one chain: three are usual.
pub const TLS_CHAIN_MAX: usize = 10;

/// Bytes of a request's target and headers: ours have a few hundred, a browser's below 4 KiB.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Headers of one request: browsers send about twenty, proxies add some.
pub const HEADERS_MAX: usize = 64;

/// Bytes of a public name: what the domain name system allows.
pub const HOST_BYTES_MAX: usize = 253;

/// Hops of a forwarding header that are looked at: nobody puts more proxies in a row.
pub const FORWARDED_HOPS_MAX: usize = 16;

/// Calculations that may wait for a processor; beyond it a request is refused at once. One takes about ten
/// milliseconds: whoever is let in waits for seconds at most.
pub const WORK_WAITING_MAX: usize = 256;

/// Requests at once, and a minute, of one peer before it is known who asks. What turns out to be a known device or
/// person is given back; what stays are pages and files: fifty phones that load an app of twenty files at once.
pub const RATE_PEER: (u32, u32) = (1_200, 3_000);

/// The same from this machine itself: measurements, tests, or a tunnel that speaks for many.
pub const RATE_LOOPBACK: (u32, u32) = (200_000, 600_000);

/// Attempts to enrol that fail, at once and a minute, of one peer: fifty phones at once are let in, and whoever guesses
/// invitations of 60 bits gets nowhere.
pub const RATE_ENROL: (u32, u32) = (60, 20);

/// Attempts to sign in that fail, at once and a minute, of one peer: a site's forgetful morning, but no list of words.
pub const RATE_SIGN_IN: (u32, u32) = (20, 10);

/// Requests at once, and a minute, of one device: it makes one in a few seconds, and a measurement a hundred a second.
pub const RATE_LEASE: (u32, u32) = (6_000, 6_000);

/// Requests at once, and a minute, of one person on the console: a page that follows the log asks twice a second.
pub const RATE_ACCOUNT: (u32, u32) = (600, 1_200);

/// Requests at once, and a minute, with the console token of the start: scripts that set a hub up.
pub const RATE_SETUP: (u32, u32) = (20_000, 60_000);

/// Buckets that are remembered of each kind: about 3 MB; a bucket that is full again needs no memory.
pub const RATE_KEYS_MAX: usize = 65_536;

/// Seconds in which a request's head must be there, counted from the end of the answer before: also how long an idle
/// connection is kept. A device on a slow link sends its next request within that.
pub const HEAD_SECONDS_MAX: u64 = 120;

/// Bytes of a connection's buffer: a body comes in pieces of this size.
pub const CONNECTION_BUFFER_BYTES: usize = 64 * 1024;

/// Bytes of one request's body on the wire: a message of the protocol with its header, uncompressed.
pub const BODY_BYTES_MAX: usize = sync_protocol::limits::MESSAGE_BYTES_MAX + 64;

/// Bytes of a JSON body: the largest is a user with 64 sites.
pub const JSON_BODY_BYTES_MAX: usize = 16 * 1024;

/// Seconds in which a body must have come: devices cut their work to what the link carries in about four.
pub const BODY_SECONDS_MAX: u64 = 60;

/// Seconds in which the other end must take some piece of its answer: a cut satellite link comes back within that, and
/// who reads nothing at all gives its place to others.
pub const ANSWER_SECONDS_MAX: u64 = 60;

/// Bytes of request bodies in memory at once, as announced: sixteen of the largest, thousands of ordinary ones.
pub const BODIES_BYTES_MAX: usize = 16 * BODY_BYTES_MAX;

/// Requests that wait for the writer at once: more than devices of a large hub.
pub const QUEUE_TICKETS_MAX: usize = 1_024;

/// Small facts that wait for the writer at once, before all requests: reads and denials of everybody on the console.
pub const QUEUE_SMALL_MAX: usize = 256;

/// Bytes of vetted work that wait for the writer at once.
pub const QUEUE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Requests that are committed with one sync: the wait of the first one for the last one stays below a second.
pub const GROUP_TICKETS_MAX: usize = 256;

/// Bytes of vetted work that are committed with one sync: half of what the log takes as one group, the rest is for
/// seals, fates and keys.
pub const GROUP_BYTES_MAX: usize = LOG_GROUP_BYTES_MAX / 2;

/// Bytes of vetted work after which no further request joins those that are committed with one sync: some five hundred
/// intakes. A request by itself may be larger. The document store keeps all that one commit replaces until it ends, and
/// gives the memory back in pieces that are of little use: commits of two thousand documents cost three times the memory
/// of its cache for good, and the first of them waits for the last.
pub const GROUP_GATHERED_BYTES: usize = 512 * 1024;

/// Entries filed in one batch while the documents are brought up to the log: bounds the memory of the working set.
pub const CATCH_UP_ENTRIES: usize = 256;

/// Documents changed in one such batch, after which no further entry is taken into it: an entry may bring thousands.
pub const CATCH_UP_DOCUMENTS: usize = 256;

/// Threads at most that apply changes while the documents are brought up to the log: the one that files them cannot feed
/// more.
pub const CATCH_UP_WORKERS_MAX: usize = 4;

/// Bytes of stack of the thread that merges: automerge recurses with the depth of documents and the length of histories.
pub const WRITER_STACK_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of stack of the threads that vet and answer.
pub const WORKER_STACK_BYTES: usize = 16 * 1024 * 1024;

/// Free bytes on the disk below which nothing more is taken: a group, the step by which a segment grows, and what the
/// document store writes meanwhile.
pub const DISK_FREE_BYTES_MIN: u64 = 128 * 1024 * 1024;

/// Free bytes on the disk below which not even a record of a read, a sign-in or a revocation is taken: half of what is
/// kept free for the end of a group. Above it, a hub whose disk is nearly full still shows and still locks out.
pub const DISK_FREE_BYTES_LAST: u64 = DISK_FREE_BYTES_MIN / 2;

/// Seconds after which a wait without news is answered, below the half minute at which networks drop silent connections.
pub const WAIT_SECONDS_MAX: u64 = 25;

/// Waits at once; beyond it devices ask again later.
pub const WAITERS_MAX: usize = 512;

/// Seconds after which a refused device should try again when the hub has too much to do.
pub const RETRY_AFTER_SECONDS: u32 = 2;

/// Seconds in which work in hand is finished when the hub is asked to stop; what is committed is safe in any case.
pub const STOP_SECONDS_MAX: u64 = 20;

/// Seconds between two tries to write the second copy after one has failed: somebody puts the stick back in.
pub const COPY_RETRY_SECONDS: u64 = 10;

/// Days for which an invitation can be used.
pub const INVITATION_DAYS: i64 = 14;

/// Sites in one user's scope: their channels are numbered with a byte in every answer, and each costs a place in every cursor.
pub const USER_SITES_MAX: usize = 64;

/// Characters of a name of a site, a region or a user.
pub const NAME_CHARACTERS_MAX: usize = 80;

/// Bytes read of a field device's key file: a mark and 64 hexadecimal digits, with room.
pub const FIELD_KEY_FILE_BYTES_MAX: u64 = 1024;

/// Seconds that a field device waits for a connection: a satellite link answers within two.
pub const FIELD_CONNECT_SECONDS_MAX: u64 = 15;

/// Seconds that a field device waits for a whole answer. Batches are sized to four seconds each way; fifteen times that.
pub const FIELD_ANSWER_SECONDS_MAX: u64 = 120;

/// Bytes of one answer that a field device reads: the largest message and its frame.
pub const FIELD_ANSWER_BYTES_MAX: usize = sync_protocol::limits::MESSAGE_BYTES_MAX + 1024;

/// Bytes that a link of unknown speed is first asked to carry, each way: four seconds at 128 kbit/s.
pub const FIELD_FIRST_BUDGET_BYTES: u32 = 64 * 1024;

/// Milliseconds that one batch should take on the link, each way (DESIGN, promise 6).
pub const FIELD_BATCH_MS: u64 = 4_000;

/// Reads of its store that follow one event of a field device: one for each document whose work is written again.
pub const FIELD_LOADS_PER_EVENT_MAX: usize = 100_000;

/// Bytes of an import file. 60,000 rows of 250 bytes, four times over.
pub const IMPORT_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Rows of an import that are stored in one batch: what a cut of the power may make a person wait for again.
pub const IMPORT_BATCH_ROWS: usize = 50;

/// Bytes of one row of an import: twenty columns of the longest plain field.
pub const IMPORT_ROW_BYTES_MAX: usize = 32 * 1024;

/// Contents of one imported row that are remembered: a list that goes back and forth among more is an edit again.
pub const FIELD_IMPORT_HASHES_MAX: usize = 16;

/// Bytes of a file of edits given on the command line: many times what one change may hold.
pub const EDITS_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Bytes of a device's report for `segin verify`: 100,000 documents with a head each stay below.
pub const DEVICE_REPORT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Bytes that one request's work may weigh when it is unpacked (see the weights below): a message's 8 MiB and half as
/// much again for changes that came compressed. Below what the log takes as one entry, fates and seals included.
pub const REQUEST_WEIGHT_MAX: usize = LOG_ENTRY_BYTES_MAX / 4 * 3;

/// Bytes that a change weighs at least, however short it is: what its fate and its refusal take in an entry.
pub const CHANGE_WEIGHT_MIN: usize = 160;

/// Bytes that a document of a parcel weighs beside its changes: wrapped key, seal, salt, channels. A batch of the shortest
/// edits, each on a document of its own, stays below what one request may weigh.
pub const DOCUMENT_WEIGHT: usize = 256;

/// Bytes that a signature weighs which has to be checked for work that comes back, of a proof or of a lease: a message
/// could hold 100,000 of them, each a tenth of a millisecond. Two for each document that goes back at once are let in.
pub const SIGNATURE_WEIGHT: usize = 2 * 1024;

/// Operations merged, saved and loaded for one request, failed trials included. A few hundred bytes may ask for a quarter
/// of a million of them in each of thousands of documents, and everybody else waits meanwhile: this many take eight
/// seconds. A thousand new cases are a quarter of a million.
pub const REQUEST_OPERATIONS_MAX: u64 = 1 << 22;

/// Characters of a console password at least: with the telephone's code beside it, and guesses bounded, twelve are enough.
pub const PASSWORD_CHARACTERS_MIN: usize = 12;

/// Characters of a password that are taken: a long sentence; more only costs time.
pub const PASSWORD_CHARACTERS_MAX: usize = 256;

/// Recovery codes of an account: a telephone is lost less often than ten times before a new set is made.
pub const RECOVERY_CODES: usize = 10;

/// Milliseconds after which a console session without a request of the person ends: a quarter of an hour.
pub const SESSION_IDLE_MS: i64 = 15 * 60 * 1_000;

/// Milliseconds after which a console session ends in any case: a working day.
pub const SESSION_MS_MAX: i64 = 8 * 60 * 60 * 1_000;

/// Open sessions of one user: a computer, a telephone, a command line, and twice that.
pub const SESSIONS_PER_USER_MAX: usize = 6;

/// Open sessions in all: several times the people who use a console at once.
pub const SESSIONS_MAX: usize = 1_024;

/// Sign-ins for one name that may fail within the time below: a person's bad morning. A guesser of the telephone's six
/// digits, who has the password already, needs 35,000 tries for a chance of one in ten: more than a month.
pub const GUESSES_MAX: u32 = 10;

/// Milliseconds after which the count of failed sign-ins begins anew.
pub const GUESSES_MS: i64 = 15 * 60 * 1_000;

/// Names of nobody whose failed sign-ins are counted.
pub const GUESSED_NAMES_MAX: usize = 1_024;

/// Sign-ins that are looked at or wait for it at once. Each takes 19 MiB and tens of milliseconds of a processor, as many
/// at once as there are processors: the last one waits about two seconds.
pub const SIGN_INS_WAITING_MAX: usize = 32;

/// Hours for which the setup code of an account can be used: handed over on one day, used on the next, over a weekend.
pub const ACCOUNT_SETUP_HOURS: i64 = 72;

/// Milliseconds for which a telephone's secret waits for its first code.
pub const PENDING_SETUP_MS: i64 = 15 * 60 * 1_000;

/// Setups that wait for their first code at once.
pub const PENDING_SETUPS_MAX: usize = 256;

/// Channels of one user's scope: an answer names each by one byte, and each costs about sixty bytes an exchange.
pub const SCOPE_CHANNELS_MAX: usize = 128;

/// Days for which a voucher waits for its key to be enrolled: as long as an invitation stands.
pub const VOUCHER_DAYS: i64 = INVITATION_DAYS;

/// Works that one decision's entry decides: each is opened, judged and sealed again while everybody waits.
pub const DECISION_ITEMS_MAX: usize = 64;

/// Bytes of contents after which a decision's entry takes no further work.
pub const DECISION_CONTENT_BYTES_MAX: usize = 1024 * 1024;

/// Decisions that one answer tells a device, the last entry's whole: the rest comes with the next.
pub const DECIDED_TOLD_MAX: usize = 256;

/// Documents of a closed site that one entry moves on: about ten milliseconds during which others wait.
pub const CLOSING_DOCUMENTS: usize = 256;

/// Documents looked at, in search of a closed site's, before others have their turn.
pub const CLOSING_HEADS: usize = 4_096;

/// Vouchers kept for keys that are not enrolled: more are not taken.
pub const VOUCHERS_MAX: usize = 4_096;

/// Held changes of one document of which it is kept that their edits were written again.
pub const SUPERSEDED_PER_DOCUMENT_MAX: usize = 1_024;

/// Characters of a reason that a person gives: two or three sentences; it stands in the log and is shown to devices.
pub const REASON_CHARACTERS_MAX: usize = 400;

/// Rows of held work on a page when the caller names no number: what a screen shows.
pub const HELD_PAGE_ROWS: usize = 50;

/// Rows of held work on a page at most: each is one read of the log.
pub const HELD_PAGE_ROWS_MAX: usize = 500;

/// Works that one decision names: what a body holds, several screens.
pub const DECIDE_ITEMS_MAX: usize = 256;

/// Works that one request decides, what hangs on them included: sixteen entries, a few seconds; the rest with the next.
pub const DECIDE_WORKS_MAX: usize = 16 * DECISION_ITEMS_MAX;

/// Bytes that the work in one courier file may weigh when it is unpacked: of three of the largest requests, vetted before
/// any of it is committed.
pub const COURIER_WEIGHT_MAX: usize = 3 * REQUEST_WEIGHT_MAX;

/// Series of courier files that are remembered of one lease: a device begins one when it is enrolled, and one more when it
/// is first exported locked.
pub const COURIER_SERIES_MAX: usize = 8;
