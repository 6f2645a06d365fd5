//! Codes and values in the words that people read: French first, English second.

use serde_json::Value;
use sync_protocol::documents::{Answer, Birth, State, Value as Plain};
use sync_protocol::ids::Millis;

use crate::routes::devices::DeviceStanding;
use crate::store::read_model::BirthRow;

/// Words in both languages.
pub type Both = (String, String);

fn both(french: &str, english: &str) -> Both {
    (french.to_owned(), english.to_owned())
}

/// The sex as recorded.
pub fn sex(code: Option<&str>) -> Both {
    match code {
        Some("f") => both("femme", "female"),
        Some("m") => both("homme", "male"),
        Some("unknown") => both("sexe inconnu", "sex unknown"),
        _ => both("sexe non noté", "sex not recorded"),
    }
}

/// What became of changes.
pub fn fate(code: &str) -> Both {
    match code {
        "applied" => both("appliqué", "applied"),
        "duplicate" => both("déjà connu", "known before"),
        "held" => both("retenu pour décision", "held for a decision"),
        "waiting" => both("en attente", "waiting"),
        "erased" => both("effacé", "erased"),
        "refused" => both("refusé", "refused"),
        other => both(other, other),
    }
}

/// A kind of documents.
pub fn kind(name: &str) -> Both {
    match name {
        "case" => both("Dossier", "case"),
        "movement" => both("Mouvement", "movement"),
        "household" => both("Ménage", "household"),
        "annex" => both("Annexe", "annex"),
        "link" => both("Lien", "link"),
        "referral" => both("Orientation", "referral"),
        other => both(other, other),
    }
}

/// Why work is held.
pub fn held_reason(code: &str) -> Both {
    match code {
        "held-who-scope" => both("hors du périmètre de l'appareil", "outside of the device's scope"),
        "held-who-behind" => both("suit un travail retenu", "follows held work"),
        "held-who-pending" => both("appareil pas encore confirmé", "device not confirmed yet"),
        "held-who-revoked" => both("appareil révoqué", "device revoked"),
        "held-who-restored" => both("hub restauré, pas encore confirmé", "hub restored, not confirmed yet"),
        "held-who-inactive" => both("agent inactif", "user not active"),
        other => both(other, other),
    }
}

/// What a device may do.
pub fn standing(standing: DeviceStanding) -> Both {
    match standing {
        DeviceStanding::Pending => both("à confirmer", "to be confirmed"),
        DeviceStanding::Active => both("en service", "in service"),
        DeviceStanding::Revoked => both("révoqué", "revoked"),
        DeviceStanding::Lost => both("perdu", "lost"),
        DeviceStanding::Wiped => both("effacé", "erased"),
    }
}

/// A birth, as exactly as known.
pub fn birth(row: &BirthRow) -> Both {
    let read: Option<Birth> = serde_json::to_value(row).ok().and_then(|value| serde_json::from_value(value).ok());
    match read {
        Some(birth) => (birth.french(), birth.english()),
        None => both(&row.value, &row.value),
    }
}

/// One value of a conflict.
pub fn value(value: &Value) -> Both {
    match serde_json::from_value::<Answer>(value.clone()) {
        Ok(Answer::State { state }) => state_words(state),
        Ok(Answer::Value(Plain::Flag(true))) => both("oui", "yes"),
        Ok(Answer::Value(Plain::Flag(false))) => both("non", "no"),
        Ok(Answer::Value(Plain::Text(text))) => both(&text, &text),
        Ok(Answer::Value(Plain::Number(number))) => both(&number.to_string(), &number.to_string()),
        Ok(Answer::Value(Plain::Birth(birth))) => (birth.french(), birth.english()),
        Ok(Answer::Value(Plain::Place(place))) => both(&place.code, &place.code),
        _ => (value.to_string(), value.to_string()),
    }
}

fn state_words(state: State) -> Both {
    match state {
        State::DoesNotKnow => both("ne sait pas", "does not know"),
        State::Refused => both("refuse de répondre", "refused to say"),
        State::NotAsked => both("non demandé", "not asked"),
        State::AskLater => both("à demander plus tard", "to be asked later"),
    }
}

/// A moment of hub time as it is read everywhere in Mali: UTC.
pub fn moment(at: Millis) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).ok();
    moment.map(|moment| moment.strftime("%d/%m/%Y %H:%M").to_string()).unwrap_or_default()
}

/// The time of day of a moment, UTC.
pub fn clock(at: Millis) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).ok();
    moment.map(|moment| moment.strftime("%H:%M").to_string()).unwrap_or_default()
}

/// A whole number with the thin spaces of French.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_as_words() {
        assert_eq!(value(&json!("Fanta")).0, "Fanta");
        assert_eq!(value(&json!({"state": "refused"})).0, "refuse de répondre");
        assert_eq!(value(&json!(true)).1, "yes");
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(number(247), "247");
        assert_eq!(moment(Millis(0)), "01/01/1970 00:00");
    }
}
