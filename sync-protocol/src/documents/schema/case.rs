//! The case: one person's registration and everything ordinary that follows.

use super::Stage::{Centre, Counselling, Gate};
use super::{Field, Group, NOTES, Rule, SOURCES, Shape, field, group_of};
use crate::limits::INTEGER_MAX;

const TEXT: Shape = Shape::Text;
const SEX: Shape = Shape::Choice(&["f", "m", "unknown"]);

/// Decisions about a purpose, the least restrictive first.
pub(crate) const CONSENT_DECISIONS: &[&str] = &["granted", "refused", "withdrawn"];

/// Steps of an outcome, the one that stops most first.
pub(crate) const OUTCOME_STEPS: &[&str] =
    &["died", "missing", "closed", "left_again", "moved", "follow_up", "born_here", "reopened", "present", "expected"];

/// How many of the steps, from the first, stop follow-ups and calls.
pub(crate) const OUTCOME_STOPS: usize = 4;

pub(super) const GROUPS: &[Group] = &[
    group_of("card", Rule::Scalars, "Enregistrement", "Registration", CARD),
    group_of("identity", Rule::Scalars, "Identité", "Identity", IDENTITY),
    group_of("birth", Rule::Scalars, "Naissance", "Birth", BIRTH),
    group_of("documents", Rule::Entries, "Papiers", "Papers", DOCUMENTS),
    group_of("phones", Rule::Entries, "Téléphones", "Phones", PHONES),
    group_of("contact", Rule::Scalars, "Contact", "Contact", CONTACT),
    group_of("origin", Rule::Scalars, "Origine", "Origin", ORIGIN),
    group_of("destination", Rule::Scalars, "Destination", "Destination", DESTINATION),
    group_of("profile", Rule::Scalars, "Profil", "Profile", PROFILE),
    group_of("skills", SET_OF_SKILLS, "Compétences", "Skills", &[]),
    group_of("languages", SET_OF_LANGUAGES, "Langues", "Languages", &[]),
    group_of("journey", Rule::Scalars, "Parcours", "Journey", JOURNEY),
    group_of("crossings", Rule::Entries, "Pays traversés", "Countries crossed", CROSSINGS),
    group_of("arrivals", Rule::Entries, "Arrivées", "Arrivals", ARRIVALS),
    group_of("stays", Rule::Entries, "Séjours", "Stays", STAYS),
    group_of("urgent", SET_OF_NEEDS, "Besoins urgents", "Urgent needs", &[]),
    group_of("told", Rule::Entries, "Qui a été prévenu", "Who was told", TOLD),
    group_of("functions", Rule::Scalars, "Handicap (Washington Group)", "Disability (Washington Group)", FUNCTIONS),
    group_of("consent", Rule::Consent, "Consentement", "Consent", CONSENT),
    group_of("assistance", Rule::Ledger, "Assistance", "Assistance", ASSISTANCE),
    group_of("outcome", Rule::Outcome, "Suite", "Outcome", OUTCOME),
    NOTES,
    SOURCES,
    group_of("import", Rule::Scalars, "Import", "Import", IMPORT),
];

const SET_OF_SKILLS: Rule = Rule::Set { member: Shape::Code("skills"), value: Shape::Flag };
const SET_OF_LANGUAGES: Rule = Rule::Set { member: Shape::Code("languages"), value: Shape::Flag };
/// With a due date where there is one.
const SET_OF_NEEDS: Rule = Rule::Set { member: Shape::Code("needs"), value: Shape::Date };

const CARD: &[Field] = &[
    field("code", Shape::HumanCode, Gate, "Code", "Code").once(),
    field("site", Shape::Site, Gate, "Site", "Site"),
    field("card", TEXT, Gate, "Numéro de carte", "Card number"),
    // A code that was typed and not known here: to be looked up for a link.
    field("named", Shape::HumanCode, Gate, "Code d'un autre poste", "Code of another post"),
];

const IDENTITY: &[Field] = &[
    field("given", TEXT, Gate, "Prénoms", "Given names"),
    field("family", TEXT, Gate, "Nom de famille (jamu)", "Family name (jamu)"),
    field("on_paper", TEXT, Gate, "Nom sur le papier", "Name as on document"),
    field("called", TEXT, Gate, "Appelé(e)", "Called"),
    field("father", TEXT, Gate, "Prénom du père", "Father's name"),
    field("mother", TEXT, Gate, "Nom de la mère", "Mother's name"),
    field("sex", SEX, Gate, "Sexe", "Sex"),
];

const BIRTH: &[Field] = &[
    field("date", Shape::Birth, Gate, "Naissance", "Birth"),
    field("place", TEXT, Gate, "Lieu de naissance", "Place of birth"),
    field("place_code", Shape::Place, Centre, "Lieu de naissance (code)", "Place of birth (code)"),
    field("country", Shape::Code("countries"), Centre, "Pays de naissance", "Country of birth"),
    field("nationality", Shape::Code("countries"), Gate, "Nationalité", "Nationality"),
];

const DOCUMENTS: &[Field] = &[
    field("type", Shape::Code("document_types"), Gate, "Type", "Type").required(),
    field("number", TEXT, Gate, "Numéro", "Number"),
    field("issuer", TEXT, Centre, "Délivré par", "Issued by"),
    field("expiry", Shape::Date, Centre, "Expire le", "Expires"),
    field("lost", Shape::Choice(&["lost", "confiscated", "held"]), Gate, "Perdu ou confisqué", "Lost or confiscated")
        .late(),
];

const PHONES: &[Field] = &[
    field("number", TEXT, Centre, "Numéro", "Number").required(),
    field("whose", TEXT, Centre, "À qui", "Whose"),
    field("shared", Shape::Flag, Centre, "Partagé", "Shared"),
];

const CONTACT: &[Field] = &[
    field("person", TEXT, Centre, "Personne à contacter", "Contact person"),
    field("relation", Shape::Code("relations"), Centre, "Lien", "Relation"),
    field("phone", TEXT, Centre, "Téléphone", "Phone"),
    field("safe", Shape::Flag, Centre, "Contact sans danger", "Safe to contact"),
];

const ORIGIN: &[Field] = &[
    field("region", TEXT, Gate, "Région", "Region"),
    field("cercle", TEXT, Gate, "Cercle", "Cercle"),
    field("village", TEXT, Gate, "Village", "Village"),
    field("place", Shape::Place, Gate, "Lieu (code)", "Place (code)"),
];

const DESTINATION: &[Field] = &[
    field("region", TEXT, Gate, "Région", "Region"),
    field("cercle", TEXT, Gate, "Cercle", "Cercle"),
    field("village", TEXT, Gate, "Village", "Village"),
    field("place", Shape::Place, Gate, "Lieu (code)", "Place (code)"),
    field("with", TEXT, Gate, "Avec qui", "With whom"),
    field("host", TEXT, Centre, "Hôte", "Host"),
];

const PROFILE: &[Field] = &[
    field("marital", Shape::Code("marital_statuses"), Centre, "Situation matrimoniale", "Marital status"),
    field("children", Shape::Number(0, 99), Centre, "Enfants", "Children"),
    field("education", Shape::Code("education_levels"), Centre, "Niveau d'études", "Education"),
    field("trade", TEXT, Centre, "Métier", "Trade"),
    field("language", Shape::Code("languages"), Centre, "Langue de l'entretien", "Interview language"),
    field("interpreter", Shape::Choice(INTERPRETERS), Centre, "Interprète", "Interpreter"),
];
const INTERPRETERS: &[&str] = &["none", "staff", "volunteer", "relative", "fellow_traveller", "by_phone"];

const JOURNEY: &[Field] = &[
    field("last_country", Shape::Code("countries"), Gate, "Pays du dernier séjour", "Country of last stay"),
    field("last_stay", TEXT, Gate, "Dernier séjour, comme dit", "Last stay, as said"),
    field("left", Shape::Date, Counselling, "Date de départ", "When left"),
    field("months_abroad", Shape::Number(0, 1_200), Counselling, "Mois à l'étranger", "Months abroad"),
    field("work", TEXT, Counselling, "Travail à l'étranger", "Work abroad"),
    field("family_left", TEXT, Counselling, "Famille restée là-bas", "Family left behind"),
    field("purpose", TEXT, Counselling, "Pourquoi cette question", "Purpose of asking"),
];

const CROSSINGS: &[Field] = &[
    field("country", Shape::Code("countries"), Counselling, "Pays", "Country").required(),
    field("months", Shape::Number(0, 1_200), Counselling, "Mois", "Months"),
];

const ARRIVALS: &[Field] = &[
    field("movement", Shape::Document, Gate, "Mouvement", "Movement"),
    field("point", Shape::Code("entry_points"), Gate, "Point d'entrée", "Entry point"),
    field("category", Shape::Code("return_categories"), Gate, "Catégorie de retour", "Return category"),
    field("country", Shape::Code("countries"), Gate, "Pays de retour", "Country returned from"),
    field("on", Shape::Date, Gate, "Jour d'arrivée", "Day of arrival"),
];

const STAYS: &[Field] = &[
    field("place", TEXT, Gate, "Lieu ou lit", "Place or bed").required(),
    field("site", Shape::Site, Gate, "Site", "Site"),
    field("from_on", Shape::Date, Gate, "Depuis", "From"),
    field("to_on", Shape::Date, Gate, "Jusqu'au", "To").late(),
];

const TOLD: &[Field] = &[
    field("about", Shape::Code("needs"), Gate, "À propos de", "About").required(),
    field("who", TEXT, Gate, "Qui", "Who").required(),
    field("how", TEXT, Gate, "Comment", "How"),
];

const DIFFICULTY: Shape = Shape::Choice(&["none", "some", "much", "cannot"]);
const FUNCTIONS: &[Field] = &[
    field("seeing", DIFFICULTY, Centre, "Voir", "Seeing"),
    field("hearing", DIFFICULTY, Centre, "Entendre", "Hearing"),
    field("walking", DIFFICULTY, Centre, "Marcher", "Walking"),
    field("remembering", DIFFICULTY, Centre, "Se souvenir", "Remembering"),
    field("self_care", DIFFICULTY, Centre, "Se laver, s'habiller", "Self-care"),
    field("speaking", DIFFICULTY, Centre, "Communiquer", "Communicating"),
];

const CONSENT: &[Field] = &[
    field("purpose", Shape::Code("purposes"), Gate, "But", "Purpose").required(),
    field("to", TEXT, Gate, "Envers qui", "Towards whom"),
    field("decision", Shape::Choice(CONSENT_DECISIONS), Gate, "Décision", "Decision").required(),
    field("by", Shape::Choice(&["self", "parent", "carer", "nobody"]), Gate, "Donné par", "Given by"),
    field("assent", Shape::Flag, Gate, "Assentiment de l'enfant", "Child's assent"),
    field("method", Shape::Choice(&["signed", "thumb", "spoken"]), Gate, "Moyen", "Method"),
    field("lang", Shape::Code("languages"), Gate, "Langue", "Language"),
    field("witness", TEXT, Gate, "Témoin", "Witness"),
    field("expiry", Shape::Date, Gate, "Expire le", "Expires"),
    field("over", Shape::Entries, Gate, "Remplace", "Supersedes"),
];

const ASSISTANCE: &[Field] = &[
    field("kind", Shape::Code("assistance_kinds"), Gate, "Nature", "Kind").required(),
    field("for", Shape::Choice(&["person", "household"]), Gate, "Pour", "For"),
    field("item", TEXT, Gate, "Article", "Item"),
    field("quantity", Shape::Number(1, 999_999), Gate, "Quantité", "Quantity"),
    field("xof", Shape::Number(0, INTEGER_MAX), Gate, "Montant (F CFA)", "Amount (XOF)"),
    field("funder", Shape::Code("funders"), Gate, "Financeur", "Funder"),
    field("lot", TEXT, Gate, "Lot", "Lot"),
    field("by", TEXT, Gate, "Remis par", "Given by"),
    field("proof", TEXT, Gate, "Preuve", "Proof").late(),
];

const OUTCOME: &[Field] = &[
    field("step", Shape::Choice(OUTCOME_STEPS), Gate, "Étape", "Step").required(),
    field("to", TEXT, Gate, "Vers", "To"),
    field("burial", TEXT, Centre, "Inhumation", "Burial").late(),
    field("told_by", TEXT, Centre, "Famille prévenue par", "Family told by").late(),
    field("reason", TEXT, Gate, "Motif", "Reason"),
];

const IMPORT: &[Field] = &[
    field("source", TEXT, Gate, "Source", "Source").once(),
    field("row", TEXT, Gate, "Ligne", "Row").once(),
    field("hash", TEXT, Gate, "Empreinte de la ligne", "Row hash"),
];
