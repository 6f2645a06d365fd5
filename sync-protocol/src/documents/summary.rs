//! The line that a list of cases shows for one of them.

use serde::Serialize;

use super::birth::Birth;
use super::project::Projection;
use super::value::{Value, Words};

/// A line of a list of cases. Its `Debug` form names the code alone.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The human code.
    pub code: Option<String>,
    /// Given and family name, else what the person is called; empty when none is known.
    pub name: String,
    /// `f`, `m` or `unknown`.
    pub sex: Option<String>,
    /// The birth as known.
    pub birth: Option<Birth>,
    /// The birth in words.
    pub birth_words: Option<Words>,
    /// The site.
    pub site: Option<String>,
    /// The step of the outcome that holds.
    pub status: Option<String>,
}

impl Projection {
    /// The line of a list; for a case.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let text = |path: &str| self.text(path).map(str::to_owned);
        let names = ["identity.given", "identity.family"].iter().filter_map(|path| self.text(path));
        let mut name = names.collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            name = text("identity.called").or_else(|| text("identity.on_paper")).unwrap_or_default();
        }
        let birth = match self.value("birth.date") {
            Some(Value::Birth(birth)) => Some(*birth),
            _ => None,
        };
        Summary {
            code: text("card.code"),
            name,
            sex: text("identity.sex"),
            birth,
            birth_words: birth.map(|birth| Words::new(birth.french(), birth.english())),
            site: text("card.site"),
            status: self.outcome().and_then(|outcome| outcome.step.clone()),
        }
    }
}

impl std::fmt::Debug for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Summary({}, …)", self.code.as_deref().unwrap_or("no code"))
    }
}
