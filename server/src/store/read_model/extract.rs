//! Which fields of a projection become columns. The only file that knows how a projection looks as JSON.

use serde_json::Value;

/// Numbers of kinds that have columns of their own.
pub(super) const KIND_CASE: u8 = 1;
pub(super) const KIND_MOVEMENT: u8 = 2;
/// Counted only: what an annex says is for few eyes, and every page reads this model.
pub(super) const KIND_ANNEX: u8 = 4;

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
    let named = [("card", "site"), ("unit", "site"), ("trip", "to_site"), ("trip", "from_site")];
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

/// What a field says, if it says a value (`{"value": {"value": …}}`) and not why there is none.
fn answer(field: Option<&Value>) -> Option<&Value> {
    field?.get("value")?.get("value")
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
