//! The gate: what of a stranger's bytes may touch a document.
//!
//! Small checks, cheap before dear, each with a stable [`Code`]:
//!
//! 1. [`inspect`]: a change by itself. Envelope (`chunk`), fields (`header`), column list (`columns`), run lengths
//!    (`runs`), every operation (`operations`) and value (`values`), then Automerge's own parser. Bounded, whatever the
//!    bytes announce. What fails is refused.
//! 2. [`judge`]: all changes of one parcel to one document. Author, duplicates, dependencies, sequence and causality
//!    (`lineage`, over the [`History`] kept beside the document), then the `trial` on a copy. What fails is held.
//!
//! Refuses documents, bundles and sync messages (some end a process), and never queues anything. Knows nothing of
//! scopes and roles: those are the hub's admission. The reason of every rule was measured: Automerge itself accepts
//! changes that panic later, on other replicas, or make a document unloadable.

mod chunk;
mod columns;
mod header;
mod history;
mod inspect;
mod judge;
mod lineage;
mod model;
mod operations;
mod quiet;
mod reader;
mod rejection;
mod runs;
mod trial;
mod values;

pub use chunk::change_hash;
pub use history::{History, StoredForm};
pub use inspect::{InspectedChange, inspect};
pub use judge::{Applied, Judgement, Verdict, judge, judge_inspected, judge_proved, reapply};
pub use model::Reading;
pub use quiet::trial_is_running;
pub use rejection::{Code, Rejection};
