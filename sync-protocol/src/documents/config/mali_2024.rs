//! The default configuration for Mali: sites, code lists, and places of the 2021 list.
//!
//! Data only, drawn from public reports; to be reviewed in Mali before use. Regions made by the 2023 law are not here: their codes
//! collide with these, and a place keeps its name as spoken meanwhile.

use super::{Configuration, Item, Place, Site};
use crate::ids::SiteCode;

/// Whose list the place codes are from: common operational datasets.
const SCHEME: &str = "cod";
const VINTAGE: u16 = 2021;

/// The configuration, version 1.
#[must_use]
pub fn configuration() -> Configuration {
    let site = |(code, name): &(&str, &str)| Some(Site { code: SiteCode::new(code).ok()?, name: (*name).to_owned() });
    let item = |(code, fr, en, also): &Row| Item {
        code: (*code).to_owned(),
        fr: (*fr).to_owned(),
        en: (*en).to_owned(),
        also: also.iter().map(|word| (*word).to_owned()).collect(),
    };
    let lists = LISTS.iter().map(|(name, rows)| ((*name).to_owned(), rows.iter().map(item).collect())).collect();
    let place =
        |code: String, name: &str| Place { code, scheme: SCHEME.to_owned(), vintage: VINTAGE, name: name.to_owned() };
    let mut places = Vec::new();
    for (code, region, cercles) in PLACES {
        places.push(place((*code).to_owned(), region));
        places.extend(cercles.iter().zip(1..).map(|(cercle, n)| place(format!("{code}{n:02}"), cercle)));
    }
    Configuration::new(1, SITES.iter().filter_map(site).collect(), lists, places)
}

/// Code, French, English, other spellings.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

const SITES: &[(&str, &str)] = &[
    ("GOG", "Gogui"),
    ("KHA", "Khabou-Gadiaga"),
    ("DIB", "Diboli"),
    ("KOU", "Kourémalé"),
    ("ZEG", "Zégoua"),
    ("HER", "Hèrèmakono"),
    ("BEN", "Bénéna"),
    ("SON", "Sona"),
    ("LAB", "Labbezanga"),
    ("INK", "In-Khalil"),
    ("TIN", "Tinzaouaten"),
    ("BAM", "Bamako-Sénou (aéroport)"),
    ("KDD", "Kayes Dag-Dag (aéroport)"),
    ("GAO", "Gao, centre de transit"),
    ("KAY", "Kayes, centre de transit"),
    ("NIA", "Cité d'accueil, Niamakoro"),
    ("SOG", "Protection civile, Sogoniko"),
    ("NIO", "Nioro, centre de transit"),
    ("TOM", "Tombouctou"),
    ("MEN", "Ménaka"),
    ("KID", "Kidal"),
    ("SIK", "Sikasso"),
    ("HQ", "Direction, Bamako"),
];

const LISTS: &[(&str, &[Row])] = &[
    ("assistance_kinds", ASSISTANCE_KINDS),
    ("best_interest_steps", BEST_INTEREST_STEPS),
    ("care_arrangements", CARE_ARRANGEMENTS),
    ("countries", COUNTRIES),
    ("document_types", DOCUMENT_TYPES),
    ("education_levels", EDUCATION_LEVELS),
    ("entry_points", ENTRY_POINTS),
    ("focal_points", FOCAL_POINTS),
    ("funders", FUNDERS),
    ("languages", LANGUAGES),
    ("marital_statuses", MARITAL_STATUSES),
    ("needs", NEEDS),
    ("protection_codes", PROTECTION_CODES),
    ("purposes", PURPOSES),
    ("referral_results", REFERRAL_RESULTS),
    ("referral_services", REFERRAL_SERVICES),
    ("relations", RELATIONS),
    ("return_categories", RETURN_CATEGORIES),
    ("skills", SKILLS),
];

const COUNTRIES: &[Row] = &[
    ("MLI", "Mali", "Mali", &[]),
    ("DZA", "Algérie", "Algeria", &[]),
    ("LBY", "Libye", "Libya", &[]),
    ("TUN", "Tunisie", "Tunisia", &[]),
    ("MAR", "Maroc", "Morocco", &[]),
    ("NER", "Niger", "Niger", &[]),
    ("MRT", "Mauritanie", "Mauritania", &[]),
    ("SEN", "Sénégal", "Senegal", &[]),
    ("GIN", "Guinée", "Guinea", &[]),
    ("CIV", "Côte d'Ivoire", "Ivory Coast", &["Cote d Ivoire", "RCI"]),
    ("BFA", "Burkina Faso", "Burkina Faso", &["Burkina"]),
    ("CAF", "République centrafricaine", "Central African Republic", &["RCA", "Centrafrique"]),
    ("COG", "Congo", "Congo", &["Congo-Brazzaville"]),
    ("COD", "République démocratique du Congo", "Democratic Republic of the Congo", &["RDC", "Congo-Kinshasa"]),
    ("GAB", "Gabon", "Gabon", &[]),
    ("CMR", "Cameroun", "Cameroon", &[]),
    ("NGA", "Nigéria", "Nigeria", &[]),
    ("TCD", "Tchad", "Chad", &[]),
    ("TGO", "Togo", "Togo", &[]),
    ("BEN", "Bénin", "Benin", &[]),
    ("GHA", "Ghana", "Ghana", &[]),
    ("GMB", "Gambie", "Gambia", &[]),
    ("GNB", "Guinée-Bissau", "Guinea-Bissau", &[]),
    ("LBR", "Libéria", "Liberia", &[]),
    ("SLE", "Sierra Leone", "Sierra Leone", &[]),
    ("EGY", "Égypte", "Egypt", &[]),
    ("SDN", "Soudan", "Sudan", &[]),
    ("AGO", "Angola", "Angola", &[]),
    ("GNQ", "Guinée équatoriale", "Equatorial Guinea", &[]),
    ("ESP", "Espagne", "Spain", &[]),
    ("FRA", "France", "France", &[]),
    ("ITA", "Italie", "Italy", &[]),
    ("DEU", "Allemagne", "Germany", &[]),
    ("SAU", "Arabie saoudite", "Saudi Arabia", &[]),
    ("LBN", "Liban", "Lebanon", &[]),
];

const ENTRY_POINTS: &[Row] = &[
    ("gogui", "Gogui", "Gogui", &[]),
    ("khabou_gadiaga", "Khabou-Gadiaga", "Khabou-Gadiaga", &["Khabou"]),
    ("diboli", "Diboli", "Diboli", &["Kidira-Diboli"]),
    ("kouremale", "Kourémalé", "Kourémalé", &[]),
    ("zegoua", "Zégoua", "Zégoua", &[]),
    ("heremakono", "Hèrèmakono", "Hèrèmakono", &[]),
    ("benena", "Bénéna", "Bénéna", &[]),
    ("sona", "Sona", "Sona", &[]),
    ("labbezanga", "Labbezanga", "Labbezanga", &[]),
    ("in_khalil", "In-Khalil", "In-Khalil", &["Inkhalil"]),
    ("tinzaouaten", "Tinzaouaten", "Tinzaouaten", &["Tinzawaten"]),
    ("bamako_senou", "Bamako-Sénou", "Bamako-Sénou airport", &["Bamako", "Sénou"]),
    ("kayes_dag_dag", "Kayes Dag-Dag", "Kayes Dag-Dag airport", &[]),
    ("gao", "Gao (transit)", "Gao (transit)", &["Gao"]),
    ("kayes", "Kayes (transit)", "Kayes (transit)", &["Kayes"]),
    ("nioro", "Nioro (transit)", "Nioro (transit)", &["Nioro"]),
    ("menaka", "Ménaka", "Ménaka", &[]),
    ("tombouctou", "Tombouctou", "Timbuktu", &["Tomboctou"]),
    ("kidal", "Kidal", "Kidal", &[]),
    ("sikasso", "Sikasso", "Sikasso", &[]),
];

const RETURN_CATEGORIES: &[Row] = &[
    ("assisted_voluntary", "Retour volontaire assisté", "Assisted voluntary return", &[]),
    ("humanitarian_voluntary", "Retour volontaire humanitaire", "Voluntary humanitarian return", &[]),
    ("expulsion", "Expulsion ou refoulement", "Expulsion or refoulement", &["Refoulement", "Expulsion"]),
    ("evacuation", "Évacuation", "Evacuation", &[]),
    ("repatriation", "Rapatriement", "Repatriation", &[]),
    ("spontaneous", "Retour spontané", "Spontaneous return", &[]),
];

const DOCUMENT_TYPES: &[Row] = &[
    ("none", "Aucun", "None", &[]),
    ("nina", "Carte NINA", "NINA card", &["NINA"]),
    ("biometric_id", "Carte d'identité biométrique", "Biometric identity card", &["CNI"]),
    ("passport", "Passeport", "Passport", &[]),
    ("consular_card", "Carte consulaire", "Consular card", &[]),
    ("laissez_passer", "Laissez-passer", "Laissez-passer", &[]),
    ("birth_certificate", "Acte de naissance", "Birth certificate", &["Extrait de naissance"]),
    ("notoriety_act", "Acte de notoriété", "Act of notoriety", &[]),
    ("unhcr", "Document du HCR", "UNHCR document", &["HCR"]),
    ("iom", "Document de l'OIM", "IOM document", &["OIM"]),
    ("other", "Autre", "Other", &[]),
];

const ASSISTANCE_KINDS: &[Row] = &[
    ("food", "Nourriture", "Food", &[]),
    ("water", "Eau", "Water", &[]),
    ("hygiene_kit", "Kit d'hygiène", "Hygiene kit", &[]),
    ("dignity_kit", "Kit de dignité", "Dignity kit", &[]),
    ("blanket", "Couverture", "Blanket", &[]),
    ("clothes", "Vêtements", "Clothes", &[]),
    ("lodging", "Hébergement", "Lodging", &[]),
    ("medical", "Soins médicaux", "Medical care", &[]),
    ("psychosocial", "Soutien psychosocial", "Psychosocial support", &[]),
    ("transport_ticket", "Titre de transport", "Transport ticket", &[]),
    ("pocket_money", "Argent de poche", "Pocket money", &[]),
    ("phone_call", "Appel téléphonique", "Phone call", &[]),
    ("reinsertion_kit", "Kit de réinsertion", "Reinsertion kit", &[]),
    ("cash", "Espèces", "Cash", &[]),
];

const NEEDS: &[Row] = &[
    ("priority", "Prioritaire : voir le point focal", "Priority: see focal point", &[]),
    ("child_alone", "Enfant seul ou séparé", "Unaccompanied or separated child", &[]),
    ("pregnant", "Enceinte", "Pregnant", &[]),
    ("nursing", "Allaitante", "Nursing", &[]),
    ("urgent_medical", "Urgence médicale", "Urgent medical need", &[]),
    ("disability", "Handicap", "Disability", &[]),
    ("elderly", "Personne âgée", "Older person", &[]),
];

/// Whom to ring about a need: its code, and the number as another spelling. Numbers to be checked in Mali.
const FOCAL_POINTS: &[Row] = &[
    ("child_alone", "Protection de l'enfant", "Child protection", &["116"]),
    ("urgent_medical", "Urgence médicale (SAMU)", "Medical emergency (SAMU)", &["15"]),
];

const PURPOSES: &[Row] = &[
    ("registration", "Enregistrement", "Registration", &[]),
    ("assistance", "Assistance", "Assistance", &[]),
    ("referral", "Orientation vers un partenaire", "Referral", &[]),
    ("statistics", "Statistiques", "Statistics", &[]),
    ("tracing", "Recherche de la famille", "Family tracing", &[]),
    ("later_contact", "Contact ultérieur", "Later contact", &[]),
];

const REFERRAL_SERVICES: &[Row] = &[
    ("medical", "Soins médicaux", "Medical care", &[]),
    ("psychosocial", "Soutien psychosocial", "Psychosocial support", &[]),
    ("shelter", "Hébergement", "Shelter", &[]),
    ("child_protection", "Protection de l'enfant", "Child protection", &[]),
    ("legal", "Aide juridique, papiers", "Legal aid, papers", &[]),
    ("tracing", "Recherche de la famille", "Family tracing", &[]),
    ("education", "École", "School", &[]),
    ("training", "Formation", "Training", &[]),
    ("livelihood", "Projet de réinsertion", "Reintegration project", &[]),
    ("other", "Autre", "Other", &[]),
];

const REFERRAL_RESULTS: &[Row] = &[
    ("given", "Service rendu", "Service given", &[]),
    ("partly", "Rendu en partie", "Given in part", &[]),
    ("not_found", "Personne introuvable", "Person not found", &[]),
    ("declined", "Refusé par la personne", "Declined by the person", &[]),
    ("not_possible", "Pas possible", "Not possible", &[]),
    ("passed_on", "Transmis à un autre", "Passed on", &[]),
];

const FUNDERS: &[Row] = &[
    ("state", "Budget national", "National budget", &[]),
    ("iom", "OIM", "IOM", &[]),
    ("unhcr", "HCR", "UNHCR", &[]),
    ("eu", "Union européenne", "European Union", &[]),
    ("red_cross", "Croix-Rouge malienne", "Mali Red Cross", &[]),
    ("other", "Autre", "Other", &[]),
];

const RELATIONS: &[Row] = &[
    ("head", "Chef de ménage", "Head of household", &[]),
    ("spouse", "Conjoint(e)", "Spouse", &[]),
    ("child", "Enfant", "Child", &[]),
    ("parent", "Parent", "Parent", &[]),
    ("sibling", "Frère ou sœur", "Sibling", &[]),
    ("grandparent", "Grand-parent", "Grandparent", &[]),
    ("grandchild", "Petit-enfant", "Grandchild", &[]),
    ("uncle_aunt", "Oncle ou tante", "Uncle or aunt", &[]),
    ("cousin", "Cousin(e)", "Cousin", &[]),
    ("guardian", "Tuteur ou tutrice", "Guardian", &[]),
    ("other_relative", "Autre parenté", "Other relative", &[]),
    ("not_related", "Sans parenté", "Not related", &[]),
];

const LANGUAGES: &[Row] = &[
    ("bm", "Bambara", "Bambara", &[]),
    ("fr", "Français", "French", &[]),
    ("ff", "Peul (fulfuldé)", "Fula", &[]),
    ("snk", "Soninké", "Soninke", &[]),
    ("ses", "Songhaï", "Songhay", &[]),
    ("taq", "Tamasheq", "Tamasheq", &[]),
    ("dogon", "Dogon", "Dogon", &[]),
    ("bwu", "Bobo, bwamu", "Bobo, Bwamu", &[]),
    ("sef", "Sénoufo", "Senufo", &[]),
    ("kas", "Khassonké", "Khassonke", &[]),
    ("ar", "Arabe", "Arabic", &[]),
    ("en", "Anglais", "English", &[]),
    ("es", "Espagnol", "Spanish", &[]),
];

const MARITAL_STATUSES: &[Row] = &[
    ("single", "Célibataire", "Single", &[]),
    ("married", "Marié(e)", "Married", &[]),
    ("divorced", "Divorcé(e)", "Divorced", &[]),
    ("widowed", "Veuf ou veuve", "Widowed", &[]),
    ("separated", "Séparé(e)", "Separated", &[]),
];

const EDUCATION_LEVELS: &[Row] = &[
    ("none", "Aucun", "None", &[]),
    ("koranic", "École coranique", "Koranic school", &[]),
    ("literacy", "Alphabétisation", "Literacy course", &[]),
    ("primary", "Fondamental, premier cycle", "Primary", &[]),
    ("lower_secondary", "Fondamental, second cycle", "Lower secondary", &[]),
    ("secondary", "Secondaire", "Secondary", &[]),
    ("vocational", "Professionnel", "Vocational", &[]),
    ("higher", "Supérieur", "Higher", &[]),
];

const SKILLS: &[Row] = &[
    ("farming", "Agriculture", "Farming", &[]),
    ("herding", "Élevage", "Herding", &[]),
    ("fishing", "Pêche", "Fishing", &[]),
    ("food_processing", "Transformation agroalimentaire", "Agri-food processing", &[]),
    ("building", "Bâtiment", "Building", &[]),
    ("sewing", "Coupe et couture", "Cutting and sewing", &[]),
    ("mechanics", "Mécanique", "Mechanics", &[]),
    ("electricity", "Électricité", "Electricity", &[]),
    ("welding", "Soudure", "Welding", &[]),
    ("carpentry", "Menuiserie", "Carpentry", &[]),
    ("driving", "Conduite", "Driving", &[]),
    ("trade", "Commerce", "Trade", &[]),
    ("mining", "Orpaillage", "Gold mining", &[]),
    ("domestic_work", "Travail domestique", "Domestic work", &[]),
    ("cooking", "Restauration", "Cooking", &[]),
    ("hairdressing", "Coiffure", "Hairdressing", &[]),
    ("it", "Informatique", "Computing", &[]),
];

const PROTECTION_CODES: &[Row] = &[
    ("child_at_risk", "Enfant à risque", "Child at risk", &[]),
    ("woman_at_risk", "Femme à risque", "Woman at risk", &[]),
    ("single_parent", "Parent seul", "Single parent", &[]),
    ("mental_distress", "Détresse psychique", "Mental distress", &[]),
    ("violence", "Survivant(e) de violence", "Survivor of violence", &[]),
    ("trafficked", "Traite ou exploitation", "Trafficked or exploited", &[]),
    ("detained", "Détention", "Detained", &[]),
    ("torture", "Torture", "Torture", &[]),
    ("smuggler_debt", "Dettes envers des passeurs", "Debts to smugglers", &[]),
    ("threatened", "Menacé(e) au retour", "Threatened on return", &[]),
    ("child_separated", "Enfant séparé", "Separated child", &[]),
    ("child_unaccompanied", "Enfant non accompagné", "Unaccompanied child", &[]),
];

const CARE_ARRANGEMENTS: &[Row] = &[
    ("relative", "Chez un parent", "With a relative", &[]),
    ("foster", "Famille d'accueil", "Foster family", &[]),
    ("centre", "Centre d'accueil", "Reception centre", &[]),
    ("independent", "Autonome, suivi", "Independent, followed", &[]),
    ("none", "Aucune", "None", &[]),
];

const BEST_INTEREST_STEPS: &[Row] = &[
    ("assessment", "Évaluation", "Assessment", &[]),
    ("determination", "Détermination", "Determination", &[]),
    ("tracing", "Recherche de la famille", "Family tracing", &[]),
    ("verification", "Vérification du lien", "Relation verified", &[]),
    ("reunification", "Réunification", "Reunification", &[]),
    ("follow_up", "Suivi", "Follow-up", &[]),
];

/// Level 1 with its level 2, whose codes are numbered in this order.
const PLACES: &[(&str, &str, &[&str])] = &[
    ("ML01", "Kayes", &["Bafoulabé", "Diéma", "Kayes", "Kéniéba", "Kita", "Nioro", "Yélimané"]),
    ("ML02", "Koulikoro", &["Banamba", "Dioïla", "Kangaba", "Kati", "Kolokani", "Koulikoro", "Nara"]),
    ("ML03", "Sikasso", &["Bougouni", "Kadiolo", "Kolondiéba", "Koutiala", "Sikasso", "Yanfolila", "Yorosso"]),
    ("ML04", "Ségou", &["Barouéli", "Bla", "Macina", "Niono", "San", "Ségou", "Tominian"]),
    ("ML05", "Mopti", &["Bandiagara", "Bankass", "Djenné", "Douentza", "Koro", "Mopti", "Ténenkou", "Youwarou"]),
    ("ML06", "Tombouctou", &["Diré", "Goundam", "Gourma-Rharous", "Niafunké", "Tombouctou"]),
    ("ML07", "Gao", &["Ansongo", "Bourem", "Gao"]),
    ("ML08", "Kidal", &["Abeïbara", "Kidal", "Tessalit", "Tin-Essako"]),
    ("ML09", "Bamako", &["Bamako"]),
    ("ML10", "Ménaka", &["Ménaka"]),
];
