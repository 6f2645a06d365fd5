//! The movement: a group that arrives or leaves. Cases by UUID only; who refuses registration is an anonymous line.

use super::Stage::Gate;
use super::{Field, Group, HEADS, NOTES, Rule, SOURCES, Shape, field, group_of};

const TEXT: Shape = Shape::Text;
const CASES: Rule = Rule::Set { member: Shape::Document, value: Shape::When };

pub(super) const GROUPS: &[Group] = &[
    group_of("trip", Rule::Scalars, "Trajet", "Trip", TRIP),
    group_of("announced", Rule::Scalars, "Annoncés", "Announced", HEADCOUNT),
    group_of("counted", Rule::Tally, "Comptés", "Counted", COUNTED),
    group_of("expected", CASES, "Attendus", "Expected", &[]),
    group_of("boarded", CASES, "Embarqués", "Boarded", &[]),
    group_of("arrived", CASES, "Arrivés", "Arrived", &[]),
    group_of("anonymous", Rule::Ledger, "Sans enregistrement", "Not registered", ANONYMOUS),
    NOTES,
    SOURCES,
];

const TRIP: &[Field] = &[
    field("direction", Shape::Choice(&["in", "out"]), Gate, "Sens", "Direction"),
    field("from_site", Shape::Site, Gate, "Site de départ", "Site of departure"),
    field("to_site", Shape::Site, Gate, "Site d'arrivée", "Site of arrival"),
    field("from", TEXT, Gate, "Parti de", "From"),
    field("to", TEXT, Gate, "Vers", "To"),
    field("country", Shape::Code("countries"), Gate, "Pays de provenance", "Country come from"),
    field("category", Shape::Code("return_categories"), Gate, "Catégorie de retour", "Return category"),
    field("planned", Shape::When, Gate, "Prévu", "Planned"),
    field("departed", Shape::When, Gate, "Parti", "Departed"),
    field("arrived", Shape::When, Gate, "Arrivé", "Arrived"),
    field("mode", Shape::Choice(&["road", "air", "rail", "river", "foot"]), Gate, "Moyen", "Mode"),
    field("vehicle", TEXT, Gate, "Véhicule", "Vehicle"),
    field("organiser", TEXT, Gate, "Organisateur", "Organiser"),
    field("closed", Shape::When, Gate, "Clos", "Closed"),
];

const HEADCOUNT: &[Field] = &[
    field("total", HEADS, Gate, "Total", "Total"),
    field("men", HEADS, Gate, "Hommes", "Men"),
    field("women", HEADS, Gate, "Femmes", "Women"),
    field("boys", HEADS, Gate, "Garçons", "Boys"),
    field("girls", HEADS, Gate, "Filles", "Girls"),
    field("by", TEXT, Gate, "Annoncé par", "Announced by"),
];

const COUNTED: &[Field] = &[
    field("men", HEADS, Gate, "Hommes", "Men").late(),
    field("women", HEADS, Gate, "Femmes", "Women").late(),
    field("boys", HEADS, Gate, "Garçons", "Boys").late(),
    field("girls", HEADS, Gate, "Filles", "Girls").late(),
    field("others", HEADS, Gate, "Non précisés", "Not told apart").late(),
];

const ANONYMOUS: &[Field] = &[
    field("sex", Shape::Choice(&["f", "m", "unknown"]), Gate, "Sexe", "Sex"),
    field("band", Shape::Choice(&["0-4", "5-11", "12-17", "18-59", "60+", "unknown"]), Gate, "Âge", "Age band"),
    field("needs", TEXT, Gate, "Besoins", "Needs"),
    field("items", TEXT, Gate, "Articles remis", "Items given").late(),
    field("card", TEXT, Gate, "Numéro de carte", "Card number"),
];
