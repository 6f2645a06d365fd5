//! The link: whether two cases are the same person. Reversible: a later verdict replaces, concurrent ones are shown.

use super::Stage::Counselling;
use super::{Field, Group, Rule, SOURCES, Shape, field, group_of};

/// Verdicts, the most careful first: among concurrent ones it stands.
pub(crate) const VERDICTS: &[&str] = &["unsure", "different", "same"];

pub(super) const GROUPS: &[Group] = &[group_of("link", Rule::Scalars, "Rapprochement", "Link", LINK), SOURCES];

const LINK: &[Field] = &[
    field("a", Shape::Document, Counselling, "Dossier", "Case").once(),
    field("b", Shape::Document, Counselling, "Autre dossier", "Other case").once(),
    field("verdict", Shape::Choice(VERDICTS), Counselling, "Avis", "Verdict"),
    field("reason", Shape::Text, Counselling, "Motif", "Reason"),
];
