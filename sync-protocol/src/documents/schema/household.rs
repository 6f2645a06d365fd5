//! The household: who belongs together. Members by UUID only.

use super::Stage::Gate;
use super::{Field, Group, NOTES, Rule, SOURCES, Shape, field, group_of};

const MEMBERS: Rule = Rule::Set { member: Shape::Document, value: Shape::Code("relations") };

pub(super) const GROUPS: &[Group] = &[
    group_of("unit", Rule::Scalars, "Ménage", "Household", UNIT),
    group_of("members", MEMBERS, "Membres", "Members", &[]),
    group_of("separated", Rule::Entries, "Membres séparés", "Separated members", SEPARATED),
    NOTES,
    SOURCES,
];

const UNIT: &[Field] = &[
    field("head", Shape::Document, Gate, "Chef de ménage", "Head"),
    field("site", Shape::Site, Gate, "Site", "Site"),
    field("size", Shape::Number(1, 200), Gate, "Taille déclarée", "Size as declared"),
];

const SEPARATED: &[Field] = &[
    field("relation", Shape::Code("relations"), Gate, "Lien", "Relation").required(),
    field("sex", Shape::Choice(&["f", "m", "unknown"]), Gate, "Sexe", "Sex"),
    field("age", Shape::Number(0, 120), Gate, "Âge", "Age"),
    field("country", Shape::Code("countries"), Gate, "Pays de la séparation", "Country of separation"),
    field("seen", Shape::Date, Gate, "Vu pour la dernière fois", "Last seen"),
    field("case", Shape::Document, Gate, "Retrouvé : dossier", "Found: case").late(),
];
