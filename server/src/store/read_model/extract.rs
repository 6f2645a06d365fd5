//! Which fields of a projection become columns. The only file that knows how a projection looks as JSON.

use std::collections::BTreeMap;

use serde_json::Value;
use sync_protocol::documents::Kind;

/// Kinds that have columns of their own.
pub(super) const KIND_CASE: u8 = Kind::Case.code();
pub(super) const KIND_MOVEMENT: u8 = Kind::Movement.code();
/// Counted only: what an annex says is for few eyes, and every page reads this model.
pub(super) const KIND_ANNEX: u8 = Kind::Annex.code();
pub(super) const KIND_REFERRAL: u8 = Kind::Referral.code();

/// The columns of a case.
#[derive(Default)]
pub(super) struct CaseColumns {
    pub code: Option<String>,
    pub name: Option<String>,
    /// Everything that a search looks into, folded.
    pub search: String,
    pub sex: Option<String>,
    pub birth: Option<String>,
    pub status: Option<String>,
    pub country: Option<String>,
    pub arrived: Option<String>,
    pub category: Option<String>,
    pub urgent: Vec<String>,
    /// What was given and not voided, by kind: quantities, one where none is said.
    pub items: BTreeMap<String, u64>,
}

/// The columns of a referral.
#[derive(Default)]
pub(super) struct ReferralColumns {
    pub case: Option<String>,
    pub partner: Option<String>,
    pub purpose: Option<String>,
    pub urgency: Option<String>,
    pub deadline: Option<String>,
    pub site: Option<String>,
    pub status: Option<String>,
    pub withdrawn: bool,
}

/// The columns of a movement.
#[derive(Default)]
pub(super) struct MovementColumns {
    pub direction: Option<String>,
    pub from_site: Option<String>,
    pub to_site: Option<String>,
    pub announced: Option<i64>,
    pub counted: Option<i64>,
    pub expected: i64,
    pub boarded: i64,
    pub arrived: i64,
}

impl CaseColumns {
    pub fn of(projection: &Value) -> Self {
        let of = |group, field| text(projection, group, field);
        let names: Vec<String> = ["given", "family"].into_iter().filter_map(|key| of("identity", key)).collect();
        let name = match names.as_slice() {
            [] => of("identity", "called").or_else(|| of("identity", "on_paper")),
            names => Some(names.join(" ")),
        };
        let code = of("card", "code");
        let other_names = ["on_paper", "called"].into_iter().filter_map(|key| of("identity", key));
        let searched: Vec<String> = code.iter().chain(&name).cloned().chain(other_names).collect();
        let arrivals = entries(projection, "arrivals");
        let arrival = |key| arrivals.iter().rev().find_map(|entry| answer_text(entry.get("fields")?.get(key)?));
        let happened =
            || arrivals.iter().rev().find_map(|entry| Some(entry.get("happened")?.get("at")?.as_str()?.into()));
        Self {
            search: fold(&searched.join(" ")),
            code,
            name,
            sex: of("identity", "sex"),
            birth: answer(field(projection, "birth", "date")).map(Value::to_string),
            status: projection.pointer("/derived/outcome/step").and_then(Value::as_str).map(str::to_owned),
            country: of("journey", "last_country").or_else(|| arrival("country")),
            arrived: arrival("on").or_else(happened),
            category: arrival("category"),
            urgent: members(projection, "urgent"),
            items: items(projection),
        }
    }
}

fn items(projection: &Value) -> BTreeMap<String, u64> {
    let mut items = BTreeMap::new();
    for entry in entries(projection, "assistance") {
        let Some(kind) = entry.pointer("/fields/kind").and_then(answer_text) else { continue };
        let said = answer(entry.pointer("/fields/quantity")).and_then(Value::as_u64);
        let count: &mut u64 = items.entry(kind).or_default();
        *count = count.saturating_add(said.unwrap_or(1));
    }
    items
}

impl ReferralColumns {
    pub fn of(projection: &Value) -> Self {
        let of = |field| text(projection, "referral", field);
        let status = projection.pointer("/derived/status/step").and_then(Value::as_str).map(str::to_owned);
        let withdrawn = projection.pointer("/derived/consent_withdrawn").and_then(Value::as_bool) == Some(true);
        Self {
            case: of("case"),
            partner: of("partner"),
            purpose: of("purpose"),
            urgency: of("urgency"),
            deadline: of("deadline"),
            site: of("site"),
            withdrawn: withdrawn || status.as_deref() == Some("withdrawn"),
            status,
        }
    }
}

impl MovementColumns {
    pub fn of(projection: &Value) -> Self {
        let announced = |key| number(answer(field(projection, "announced", key)));
        let parts = ["men", "women", "boys", "girls"].into_iter().filter_map(announced);
        let counted = projection.pointer("/derived/counted").and_then(Value::as_object);
        let size = |group| i64::try_from(members(projection, group).len()).unwrap_or(i64::MAX);
        Self {
            direction: text(projection, "trip", "direction"),
            from_site: text(projection, "trip", "from_site"),
            to_site: text(projection, "trip", "to_site"),
            announced: announced("total").or_else(|| parts.reduce(i64::saturating_add)),
            counted: counted.map(|sums| sums.values().filter_map(Value::as_i64).fold(0, i64::saturating_add)),
            expected: size("expected"),
            boarded: size("boarded"),
            arrived: size("arrived"),
        }
    }
}

/// The site that a document of another kind names.
pub(super) fn site_of(projection: &Value) -> Option<String> {
    let named = [("card", "site"), ("unit", "site"), ("trip", "to_site"), ("trip", "from_site"), ("referral", "site")];
    named.into_iter().find_map(|(group, key)| text(projection, group, key))
}

/// Text as a search compares it: lower case, without accents, so that `traore` finds `Traoré`.
pub(super) fn fold(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

fn field<'a>(projection: &'a Value, group: &str, key: &str) -> Option<&'a Value> {
    projection.get("groups")?.get(group)?.get(key)
}

/// What a field says, if it says a value and not why there is none (`{"state": …}`).
fn answer(field: Option<&Value>) -> Option<&Value> {
    field?.get("value").filter(|value| value.get("state").is_none())
}

fn answer_text(field: &Value) -> Option<String> {
    answer(Some(field))?.as_str().map(str::to_owned)
}

fn text(projection: &Value, group: &str, key: &str) -> Option<String> {
    answer_text(field(projection, group, key)?)
}

fn number(value: Option<&Value>) -> Option<i64> {
    value?.as_i64()
}

/// Entries of a group that were not voided, oldest first.
fn entries<'a>(projection: &'a Value, group: &str) -> Vec<&'a Value> {
    let all = projection.get("groups").and_then(|groups| groups.get(group)).and_then(Value::as_array);
    let stands = |entry: &&Value| entry.get("standing").and_then(Value::as_str) != Some("voided");
    all.map(|all| all.iter().filter(stands).collect()).unwrap_or_default()
}

/// Members of a set.
fn members(projection: &Value, group: &str) -> Vec<String> {
    let all = projection.get("groups").and_then(|groups| groups.get(group)).and_then(Value::as_object);
    all.map(|all| all.keys().cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use automerge::Automerge;
    use sync_protocol::documents::{Answer, Edit, EntryId, Kind, State, Value as Plain, apply, blank, edit, project};
    use sync_protocol::ids::{Actor, ActorPrefix, Millis};

    use super::*;

    fn set(field: &str, value: impl Into<Answer>) -> Edit {
        Edit::Set { field: field.to_owned(), value: value.into() }
    }

    fn add(group: &str, n: u8, pairs: &[(&str, Answer)]) -> Edit {
        let values: BTreeMap<_, _> = pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        Edit::Add { group: group.to_owned(), entry: EntryId::new([n; 8]), values, at: None, from: None }
    }

    fn include(set: &str, member: &str) -> Edit {
        Edit::Include { set: set.to_owned(), member: member.to_owned(), value: None }
    }

    fn written(kind: Kind, edits: &[Edit]) -> Value {
        let actor = Actor::from_parts(ActorPrefix::new([1; 8]), [1; 8]);
        let mut doc: Automerge = blank(kind);
        let heads = edit::heads(&doc);
        apply(&mut doc, kind, &heads, actor, Millis(1_714_478_400_000), edits).unwrap();
        serde_json::to_value(project(kind, &doc).unwrap()).unwrap()
    }

    #[test]
    fn the_columns_of_a_case_come_from_its_real_projection() {
        let birth = Answer::Value(Plain::Birth("year 1991 declared".parse().unwrap()));
        let projection = written(
            Kind::Case,
            &[
                set("card.site", "GOG"),
                set("identity.given", "Élie"),
                set("identity.family", "Traoré"),
                set("identity.sex", "m"),
                set("identity.father", Answer::State { state: State::Refused }),
                set("birth.date", birth),
                set("journey.last_country", "DZA"),
                add("arrivals", 1, &[("on", "2024-04-30".into()), ("category", "expulsion".into())]),
                add("outcome", 2, &[("step", "present".into())]),
                include("urgent", "medical"),
                include("urgent", "infant"),
                Edit::Exclude { set: "urgent".into(), member: "infant".into() },
            ],
        );
        let case = CaseColumns::of(&projection);
        assert_eq!(case.name.as_deref(), Some("Élie Traoré"));
        assert_eq!(case.search, "elie traore");
        assert_eq!(site_of(&projection).as_deref(), Some("GOG"));
        assert_eq!((case.sex.as_deref(), case.country.as_deref()), (Some("m"), Some("DZA")));
        assert_eq!((case.arrived.as_deref(), case.category.as_deref()), (Some("2024-04-30"), Some("expulsion")));
        assert_eq!((case.status.as_deref(), case.urgent), (Some("present"), vec!["medical".to_owned()]));
        let birth: super::super::BirthRow = serde_json::from_str(&case.birth.unwrap()).unwrap();
        assert_eq!(
            (birth.precision.as_str(), birth.value.as_str(), birth.source.as_str()),
            ("year", "1991", "declared")
        );
    }

    #[test]
    fn a_case_of_which_nothing_is_known_has_empty_columns() {
        let projection = serde_json::to_value(project(Kind::Case, &blank(Kind::Case)).unwrap()).unwrap();
        let case = CaseColumns::of(&projection);
        assert_eq!((case.name, case.code, case.status, case.birth), (None, None, None, None));
        assert!(case.search.is_empty() && case.urgent.is_empty() && site_of(&projection).is_none());
        let nameless = written(Kind::Case, &[set("identity.called", "Vieux")]);
        assert_eq!(CaseColumns::of(&nameless).name.as_deref(), Some("Vieux"));
    }

    #[test]
    fn the_columns_of_a_movement_come_from_its_real_projection() {
        let number = |number: i64| Answer::Value(Plain::Number(number));
        let case = "0f8fad5b-d9cb-469f-a165-70867728950e";
        let projection = written(
            Kind::Movement,
            &[
                set("trip.direction", "in"),
                set("trip.to_site", "GOG"),
                set("announced.men", number(102)),
                set("announced.women", number(75)),
                add("counted", 1, &[("men", number(60)), ("boys", number(2))]),
                add("counted", 2, &[("men", number(41))]),
                include("expected", case),
                include("arrived", case),
            ],
        );
        let movement = MovementColumns::of(&projection);
        assert_eq!((movement.announced, movement.counted), (Some(177), Some(103)));
        assert_eq!((movement.expected, movement.boarded, movement.arrived), (1, 0, 1));
        assert_eq!((movement.direction.as_deref(), movement.to_site.as_deref()), (Some("in"), Some("GOG")));
        assert_eq!(site_of(&projection).as_deref(), Some("GOG"));
        let total = written(Kind::Movement, &[set("announced.total", number(247)), set("announced.men", number(102))]);
        assert_eq!(MovementColumns::of(&total).announced, Some(247));
    }
}
