//! What the read model answers: rows as the API's bodies show them. Every answer says as of which position.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_protocol::ids::{DocumentId, Millis, Position};
use utoipa::ToSchema;

/// One case in a list.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseRow {
    /// Its UUID.
    #[schema(value_type = String, format = "uuid")]
    pub document: DocumentId,
    /// Its human code.
    pub code: Option<String>,
    /// Name as said, given names first.
    pub name: Option<String>,
    /// `f`, `m` or `unknown`.
    pub sex: Option<String>,
    /// Birth as exactly as known.
    pub birth: Option<BirthRow>,
    /// Code of the site that registered it.
    pub site: Option<String>,
    /// The step of its outcome that holds; absent where none is recorded.
    pub status: Option<String>,
    /// Country of last stay, ISO 3166-1 alpha-3.
    pub country: Option<String>,
    /// Day of the last arrival, as exactly as known.
    pub arrived: Option<String>,
    /// Return category of the last arrival.
    pub category: Option<String>,
    /// Urgent needs that stand, by code.
    pub urgent: Vec<String>,
    /// Fields with several values between which nobody has decided.
    pub conflicts: u32,
    /// The entry that created it.
    #[schema(value_type = u64)]
    pub created: Position,
    /// The entry since which it reads like this.
    #[schema(value_type = u64)]
    pub changed: Position,
}

/// A birth as exactly as known.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BirthRow {
    /// `day`, `month`, `year`, `approximate` or `age_only`.
    pub precision: String,
    /// A date, a month, a year, or an age in years.
    pub value: String,
    /// `document`, `declared` or `estimated`.
    pub source: String,
    /// The day on which it was said; always there with an age.
    pub as_of: Option<String>,
}

/// A page of cases, newest first.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct CasePage {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// The cases.
    pub cases: Vec<CaseRow>,
    /// Give this back as `cursor` for the next page; absent on the last one.
    pub next: Option<String>,
}

/// During which positions a document read in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Version {
    /// The entry that made it so.
    #[schema(value_type = u64)]
    pub from: Position,
    /// The entry that ended it; absent while it holds.
    #[schema(value_type = Option<u64>)]
    pub to: Option<Position>,
}

/// One case with everything that is known of it.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseDetail {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// As in the list.
    pub case: CaseRow,
    /// The channels that it is in.
    pub channels: Vec<String>,
    /// Its projection: every group and field.
    #[schema(value_type = Object)]
    pub projection: Value,
    /// Its conflicts.
    pub conflicts: Vec<ConflictRow>,
    /// When it read differently, oldest first, as far back as this model goes.
    pub versions: Vec<Version>,
}

/// One field with several values.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct ConflictRow {
    /// The document.
    #[schema(value_type = String, format = "uuid")]
    pub document: DocumentId,
    /// The number of its kind.
    pub kind: u8,
    /// Human code, where it is a case.
    pub code: Option<String>,
    /// Name, where it is a case.
    pub name: Option<String>,
    /// Its site.
    pub site: Option<String>,
    /// Which field.
    pub path: String,
    /// What people call the field, by language: `fr`, `en`.
    #[schema(value_type = Object)]
    pub label: Value,
    /// Every value with who, when, where.
    #[schema(value_type = Vec<Object>)]
    pub values: Value,
    /// The entry since which it stands like this.
    #[schema(value_type = u64)]
    pub since: Position,
}

/// A page of conflicts, oldest first.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct ConflictPage {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// How many there are in all.
    pub total: u64,
    /// The first of them.
    pub conflicts: Vec<ConflictRow>,
}

/// Figures, each as of the same position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// Documents by the number of their kind.
    pub documents_by_kind: BTreeMap<String, u64>,
    /// Cases in all.
    pub cases: u64,
    /// Cases by site; the empty key: no site.
    pub cases_by_site: BTreeMap<String, u64>,
    /// Cases by sex; the empty key: no answer.
    pub cases_by_sex: BTreeMap<String, u64>,
    /// Cases by status.
    pub cases_by_status: BTreeMap<String, u64>,
    /// Movements.
    pub movements: MovementCounts,
    /// Conflicts that stand.
    pub conflicts: u64,
    /// Pieces of held work that wait for a person.
    pub held: u64,
    /// Parcels receipted.
    pub receipts: u64,
}

/// Sums over all movements. Announced and counted are different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct MovementCounts {
    /// How many movements.
    pub movements: u64,
    /// Persons announced.
    pub announced: u64,
    /// Persons counted by clerks.
    pub counted: u64,
    /// Cases expected by name.
    pub expected: u64,
    /// Cases ticked when boarding.
    pub boarded: u64,
    /// Cases ticked on arrival.
    pub arrived: u64,
}

/// A case that appeared, with the parcel that brought it.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct ArrivalRow {
    /// The case.
    pub case: CaseRow,
    /// Hub time of the parcel, milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub at: Option<Millis>,
    /// Who sent it.
    pub user: Option<String>,
}

/// The cases that appeared last, newest first.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct Arrivals {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// The cases.
    pub arrivals: Vec<ArrivalRow>,
}

/// One receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReceiptRow {
    /// The parcel's entry.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Hub time, milliseconds since 1970.
    #[schema(value_type = i64)]
    pub at: Millis,
    /// Who sent it.
    pub user: String,
    /// From which site.
    pub site: Option<String>,
    /// How many documents it named.
    pub documents: u32,
    /// How many changes met which fate.
    pub fates: BTreeMap<String, u32>,
    /// The manifest's hash, hexadecimal.
    pub manifest: String,
}

/// A page of receipts, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReceiptPage {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// The receipts.
    pub receipts: Vec<ReceiptRow>,
    /// Give this back as `before` for the next page; absent on the last one.
    #[schema(value_type = Option<u64>)]
    pub next: Option<Position>,
}

/// What somebody learns of a case beyond the own scope.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FoundRow {
    /// Its human code.
    pub code: Option<String>,
    /// The first letter of each name.
    #[schema(example = "F. T.")]
    pub initials: String,
    /// The year of birth, as closely as known the earliest.
    pub born: Option<u16>,
    /// Code of the site that registered it.
    pub site: Option<String>,
    /// Day of the last arrival; where none is recorded that on which the hub got the case.
    pub date: Option<String>,
}

/// What a look beyond the scope found.
#[derive(Clone, PartialEq, Eq)]
pub struct LookUpFound {
    /// The position that this answer shows.
    pub as_of: Position,
    /// Of which documents; for the log, not to be shown.
    pub documents: Vec<DocumentId>,
    /// What is shown of each.
    pub rows: Vec<FoundRow>,
}

/// A referral in a list.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReferralRow {
    /// Its UUID.
    #[schema(value_type = String, format = "uuid")]
    pub document: DocumentId,
    /// The case; not told to partners.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub case: Option<DocumentId>,
    /// Code of the partner.
    pub partner: Option<String>,
    /// The service asked for.
    pub purpose: Option<String>,
    /// `routine`, `soon` or `urgent`.
    pub urgency: Option<String>,
    /// The day before which it is to be done.
    pub deadline: Option<String>,
    /// Code of the site that referred.
    pub site: Option<String>,
    /// The step that holds.
    pub status: Option<String>,
    /// The consent is withdrawn, or the referral was taken back.
    pub withdrawn: bool,
    /// The entry that created it.
    #[schema(value_type = u64)]
    pub created: Position,
    /// The entry since which it reads like this.
    #[schema(value_type = u64)]
    pub changed: Position,
}

/// A page of referrals, newest first.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReferralPage {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// The referrals.
    pub referrals: Vec<ReferralRow>,
    /// Give this back as `cursor` for the next page; absent on the last one.
    pub next: Option<String>,
}

/// One case without anything that names the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlainRow {
    /// Code of the site that registered it.
    pub site: Option<String>,
    /// The Monday of the week of the last arrival.
    #[schema(example = "2024-04-29")]
    pub week: Option<String>,
    /// `f`, `m` or `unknown`.
    pub sex: Option<String>,
    /// `0-4`, `5-11`, `12-17`, `18-59`, `60+` or `unknown`, on the day of arrival; worked out for this answer.
    #[schema(value_type = String)]
    pub age: &'static str,
    /// Country of last stay.
    pub country: Option<String>,
    /// Return category of the last arrival.
    pub category: Option<String>,
    /// What was given, by kind: how many.
    pub items: BTreeMap<String, u64>,
}

/// A page of rows without names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlainPage {
    /// The position that this answer shows; give it back as `at` for the next page.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// The rows.
    pub rows: Vec<PlainRow>,
    /// Give this back as `from` for the next page; absent on the last one.
    pub next: Option<usize>,
}
