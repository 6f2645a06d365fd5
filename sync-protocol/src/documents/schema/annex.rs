//! The annex: sensitive facts of one case, protection or health. Points to the case, never back.

use super::Stage::{Centre, Counselling, Gate};
use super::{Field, Group, NOTES, Rule, SOURCES, Shape, field, group_of};

const TEXT: Shape = Shape::Text;

pub(super) const GROUPS: &[Group] = &[
    group_of("annex", Rule::Scalars, "Annexe", "Annex", ANNEX),
    group_of("codes", Rule::Entries, "Codes", "Codes", CODES),
    group_of("child", Rule::Scalars, "Enfant", "Child", CHILD),
    group_of("steps", Rule::Entries, "Intérêt supérieur : étapes", "Best interest: steps", STEPS),
    group_of("handovers", Rule::Ledger, "Remises à une personne", "Handovers to a carer", HANDOVERS),
    group_of("health", Rule::Scalars, "Santé", "Health", HEALTH),
    group_of("medicines", Rule::Entries, "Médicaments", "Medication", MEDICINES),
    NOTES,
    SOURCES,
];

const ANNEX: &[Field] = &[
    field("type", Shape::Choice(&["protection", "health"]), Gate, "Type", "Type").once(),
    field("case", Shape::Document, Gate, "Dossier", "Case").once(),
];

const CODES: &[Field] = &[
    field("code", Shape::Code("protection_codes"), Centre, "Code", "Code").required(),
    field("since", Shape::Date, Centre, "Depuis", "Since"),
    field("by", TEXT, Centre, "Constaté par", "Found by"),
    field("confidence", Shape::Choice(&["suspected", "told", "confirmed"]), Centre, "Certitude", "Confidence").late(),
    field("details", TEXT, Counselling, "Détails", "Details"),
    field("closed", TEXT, Counselling, "Clos : motif", "Closed: reason").late(),
];

const CHILD: &[Field] = &[
    field("carer", TEXT, Gate, "Personne qui s'en occupe", "Carer"),
    field("relation", Shape::Code("relations"), Gate, "Lien déclaré", "Relation as claimed"),
    field("verified_by", TEXT, Centre, "Lien vérifié par", "Relation verified by"),
    field("arrangement", Shape::Code("care_arrangements"), Gate, "Prise en charge", "Care arrangement"),
    field("wishes", TEXT, Centre, "Souhaits de l'enfant", "Child's wishes"),
];

const STEPS: &[Field] = &[
    field("step", Shape::Code("best_interest_steps"), Centre, "Étape", "Step").required(),
    field("decision", TEXT, Centre, "Décision", "Decision"),
    field("by", TEXT, Centre, "Par", "By"),
];

const HANDOVERS: &[Field] = &[
    field("who", TEXT, Gate, "À qui", "To whom").required(),
    field("relation", Shape::Code("relations"), Gate, "Lien", "Relation"),
    field("proof", TEXT, Gate, "Preuve", "Proof"),
    field("verified", Shape::Flag, Gate, "Lien vérifié", "Relation verified"),
    field("authorised", TEXT, Gate, "Autorisé par", "Authorised by"),
];

const HEALTH: &[Field] = &[
    field("fit", Shape::Choice(&["yes", "no", "with_escort"]), Gate, "Apte à voyager", "Fit to travel"),
    field("chronic", TEXT, Centre, "Traitement chronique", "Chronic treatment"),
    field("pregnancy", Shape::Number(1, 10), Gate, "Mois de grossesse", "Pregnancy month"),
    field("nutrition", Shape::Choice(&["green", "yellow", "red"]), Gate, "Nutrition (< 5 ans)", "Nutrition (under 5)"),
    field("slip", TEXT, Centre, "Fiche de référence", "Referral slip"),
];

const MEDICINES: &[Field] = &[
    field("name", TEXT, Centre, "Médicament", "Medicine").required(),
    field("until", Shape::Date, Centre, "Jusqu'au", "Until").late(),
];
