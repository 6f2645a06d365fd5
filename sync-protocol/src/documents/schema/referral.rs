//! The referral: what one partner is told about one case under a consent, and what became of it.
//!
//! Facts are chosen one by one and copied as text: a name stands here only when somebody chose it. The case is named by
//! UUID. A withdrawal is given once and never taken back: who consents again is referred anew.

use super::Stage::{Centre, Counselling};
use super::{Field, Group, NOTES, Rule, SOURCES, Shape, field, group_of};

const TEXT: Shape = Shape::Text;

/// Steps of a referral, the one that stops most first.
pub(crate) const REFERRAL_STEPS: &[&str] =
    &["withdrawn", "refused", "done", "in_progress", "accepted", "received", "sent"];

/// How many of the steps, from the first, end a referral.
pub(crate) const REFERRAL_STOPS: usize = 3;

pub(super) const GROUPS: &[Group] = &[
    group_of("referral", Rule::Scalars, "Orientation", "Referral", REFERRAL),
    group_of("facts", Rule::Entries, "Ce que le partenaire apprend", "What the partner is told", FACTS),
    group_of("consent", Rule::Scalars, "Consentement", "Consent", CONSENT),
    group_of("status", Rule::Outcome, "Étapes", "Steps", STATUS),
    group_of("feedback", Rule::Entries, "Retour du partenaire", "Partner's feedback", FEEDBACK),
    NOTES,
    SOURCES,
];

const REFERRAL: &[Field] = &[
    field("case", Shape::Document, Centre, "Dossier", "Case").once(),
    field("partner", Shape::Partner, Centre, "Partenaire", "Partner").once(),
    field("purpose", Shape::Code("referral_services"), Centre, "Service demandé", "Service asked for"),
    field("urgency", Shape::Choice(&["routine", "soon", "urgent"]), Centre, "Urgence", "Urgency"),
    field("deadline", Shape::Date, Centre, "À faire avant le", "Deadline"),
    field("site", Shape::Site, Centre, "Site qui oriente", "Referring site"),
];

const FACTS: &[Field] = &[
    field("path", TEXT, Centre, "Champ du dossier", "Field of the case").required(),
    field("value", TEXT, Centre, "Texte transmis", "Text as told").required(),
];

const CONSENT: &[Field] = &[
    field("given_by", Shape::Choice(&["self", "parent", "carer", "nobody"]), Centre, "Donné par", "Given by"),
    field("assent", Shape::Flag, Centre, "Assentiment de l'enfant", "Child's assent"),
    field("method", Shape::Choice(&["signed", "thumb", "spoken"]), Centre, "Moyen", "Method"),
    field("lang", Shape::Code("languages"), Centre, "Langue", "Language"),
    field("on", Shape::Date, Centre, "Le", "On"),
    field("purpose", TEXT, Centre, "Pour quoi", "What for"),
    field("expiry", Shape::Date, Centre, "Expire le", "Expires"),
    field("withdrawn", Shape::Date, Centre, "Retiré le", "Withdrawn on").once(),
    field("withdrawn_reason", TEXT, Centre, "Retiré : motif", "Withdrawn: reason"),
];

const STATUS: &[Field] = &[
    field("step", Shape::Choice(REFERRAL_STEPS), Centre, "Étape", "Step").required(),
    field("reason", TEXT, Centre, "Motif", "Reason"),
];

const FEEDBACK: &[Field] = &[
    field("text", TEXT, Counselling, "Texte", "Text").required(),
    field("result", Shape::Code("referral_results"), Counselling, "Résultat", "Result"),
    field("on", Shape::Date, Counselling, "Le", "On"),
];
