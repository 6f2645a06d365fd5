//! The parts of the page: where the hub stands, who arrived, what disagrees, what was receipted.

use maud::{Markup, html};
use serde_json::Value;
use sync_protocol::ids::{Millis, Position, SiteCode};

use super::frame::both;
use super::words::{self, moment, number};
use crate::access::{Action, Principal, Resource, decide};
use crate::routes::devices;
use crate::routes::receipts::check::{Outcome, Proof};
use crate::routes::sight;
use crate::routes::status::{self, Status};
use crate::serve::app::App;
use crate::store::read_model::{ArrivalRow, Arrivals, ConflictPage, ConflictRow, Counts, ReadModelError, ReceiptPage};

/// Everything that the living part shows; lists only as far as they are open to whoever looks.
struct Lists {
    counts: Counts,
    arrivals: Option<Arrivals>,
    conflicts: Option<ConflictPage>,
    receipts: Option<ReceiptPage>,
}

/// What a hub that came back from an older copy waits for.
fn restored(status: &status::Status) -> Markup {
    html! {
        @if let Some(row) = &status.restored {
            section.restored role="alert" {
                h2 { (both("Ce hub a été restauré : tout est retenu", "This hub was restored: everything is held")) }
                p lang="fr" {
                    "Il revient d'une copie plus ancienne, ou existe deux fois. Comparez les révocations, les appareils, les \
                     agents et les transferts depuis l'entrée " (row.shared) ", puis un administrateur lance : "
                    code { "segin admin hub confirm-restored" } ". Travaux retenus : " (row.held) "."
                }
                p.en lang="en" {
                    "It came back from an older copy, or exists twice. Compare revocations, devices, users and moves since \
                     entry " (row.shared) "; then an administrator runs: "
                    code { "segin admin hub confirm-restored" } ". Pieces of work held: " (row.held) "."
                }
            }
        }
    }
}

/// The living part of the page.
pub async fn live(app: &App, principal: &Principal, rows: usize) -> Markup {
    let status = status::now(app);
    let banner = restored(&status);
    match lists(app, principal, rows).await {
        Ok(lists) => html! {
            div #as-of data-position=(lists.counts.as_of) {
                (banner)
                (standing(app, principal, &status, lists.counts.as_of))
                @if may(principal, Action::ReadFigures) { (figures(&lists.counts)) }
                @if let Some(list) = &lists.conflicts { (conflicts(list)) }
                @if let Some(list) = &lists.arrivals { (arrivals(list)) }
                @if let Some(list) = &lists.receipts { (receipts(list)) }
            }
        },
        Err(_) => html! {
            div #as-of data-position="0" {
                (banner)
                (standing(app, principal, &status, Position::START))
                section.filling {
                    p.empty { (both(
                        "Les listes se remplissent encore. Les appareils sont déjà servis.",
                        "The lists are still being filled. Devices are served already.",
                    )) }
                }
            }
        },
    }
}

/// Whether the principal may do this at all.
fn may(principal: &Principal, action: Action) -> bool {
    decide(principal, action, Resource::Any).is_ok()
}

async fn lists(app: &App, principal: &Principal, rows: usize) -> Result<Lists, ReadModelError> {
    app.lists_follow().await?;
    let (model, rows) = (&app.read_model, Some(rows));
    let cases = || sight::cases(principal);
    let figures = sight::figures(principal, &app.shared.directory());
    let mut lists =
        Lists { counts: model.counts(None, figures).await?, arrivals: None, conflicts: None, receipts: None };
    if may(principal, Action::ListCases) {
        lists.arrivals = Some(model.arrivals(rows, cases()).await?);
    }
    if may(principal, Action::ReadConflicts) {
        lists.conflicts = Some(model.conflicts(None, None, rows, cases()).await?);
    }
    if may(principal, Action::ReadReceipts) {
        lists.receipts = Some(model.receipts(None, rows, sight::receipts(principal)).await?);
    }
    Ok(lists)
}

fn standing(app: &App, principal: &Principal, status: &Status, shown: Position) -> Markup {
    let behind = status.position.0.saturating_sub(shown.0);
    let without_copy = status.position.0.saturating_sub(status.copied_to.0);
    html! {
        section.standing aria-label="État du hub — Hub status" {
            div {
                h2 { (both("Journal", "Log")) }
                p.figure { (number(status.position.0)) }
                p.note { (both("écritures sur le disque", "entries on disk")) }
                @if behind > 0 && shown != Position::START {
                    p.note { (both(&format!("listes : {behind} en retard"), &format!("lists: {behind} behind"))) }
                }
            }
            div {
                h2 { (both("Seconde copie", "Second copy")) }
                @if status.copied_to == Position::START {
                    p.figure.warn { "—" }
                    p.note { (both("aucune : les appareils gardent tout", "none: devices keep everything")) }
                } @else if without_copy == 0 {
                    p.figure.good { "✓" }
                    p.note { (both("complète", "complete")) }
                } @else {
                    p.figure { (number(status.copied_to.0)) }
                    p.note { (both(&format!("{without_copy} à copier"), &format!("{without_copy} to copy"))) }
                }
            }
            @if may(principal, Action::ReadPlaces) {
                div.wide {
                    h2 { (both("Sites entendus", "Sites heard from")) }
                    (sites(app))
                }
            }
        }
    }
}

/// Each site with the moment at which one of its devices was last heard of.
fn sites(app: &App) -> Markup {
    let devices = devices::list(app).devices;
    let directory = app.shared.directory();
    let heard = |code: &SiteCode| devices.iter().filter(|device| device.site == *code).map(|device| device.heard).max();
    let rows: Vec<(String, String, Option<Millis>)> =
        directory.sites.iter().map(|(code, site)| (code.to_string(), site.name.clone(), heard(code))).collect();
    drop(directory);
    html! {
        @if rows.is_empty() {
            p.note { (both("Aucun site n'est encore inscrit.", "No site has been added yet.")) }
        } @else {
            ul.sites {
                @for (code, name, heard) in &rows {
                    li {
                        span.code { (code) } " " (name)
                        @match heard {
                            Some(at) => span.when { (moment(*at)) },
                            None => span.when.never { (both("jamais", "never")) },
                        }
                    }
                }
            }
        }
    }
}

fn figures(counts: &Counts) -> Markup {
    let sex = |code: &str| counts.cases_by_sex.get(code).copied().unwrap_or_default();
    let said: u64 = ["f", "m"].into_iter().map(sex).sum();
    let figure = |value: u64, french: &str, english: &str| {
        html! { div { p.figure { (number(value)) } p.note { (both(french, english)) } } }
    };
    html! {
        section.figures aria-label="Chiffres — Figures" {
            (figure(counts.cases, "dossiers", "cases"))
            (figure(sex("f"), "femmes et filles", "women and girls"))
            (figure(sex("m"), "hommes et garçons", "men and boys"))
            (figure(counts.cases.saturating_sub(said), "sexe non connu", "sex not known"))
            (figure(counts.conflicts, "désaccords", "conflicts"))
            (figure(counts.held, "retenus", "held"))
            (figure(counts.receipts, "reçus", "receipts"))
        }
    }
}

fn conflicts(page: &ConflictPage) -> Markup {
    html! {
        section.conflicts aria-labelledby="conflicts" {
            h2 #conflicts { (both("Désaccords à trancher", "Conflicts to be decided")) @if page.total > 0 { span.count { (page.total) } } }
            @if page.conflicts.is_empty() {
                p.empty { (both(
                    "Aucun désaccord : chaque champ n'a qu'une valeur.",
                    "No conflicts: every field has one value.",
                )) }
            }
            @for conflict in &page.conflicts { (one_conflict(conflict)) }
        }
    }
}

fn one_conflict(conflict: &ConflictRow) -> Markup {
    let label = |language: &str| conflict.label[language].as_str().unwrap_or(&conflict.path).to_owned();
    let name = conflict.name.clone().filter(|name| !name.is_empty());
    html! {
        article.conflict {
            h3 {
                (both(&label("fr"), &label("en")))
            }
            p.whose {
                @if let Some(code) = &conflict.code { span.code { (code) } " " }
                @if let Some(name) = &name { (name) }
            }
            div.values {
                @for value in conflict.values.as_array().into_iter().flatten() { (one_value(value)) }
            }
        }
    }
}

fn one_value(value: &Value) -> Markup {
    let (french, english) = words::value(&value["value"]);
    let at = value["at"].as_i64().map(|at| moment(Millis(at))).unwrap_or_default();
    let text = |key: &str| value[key].as_str().unwrap_or("?").to_owned();
    html! {
        div.value {
            p.said {
                span lang="fr" { (french) }
                @if english != french { span.en lang="en" { (english) } }
            }
            p.who { (text("by")) }
            p.note { span.code { (text("site")) } " · " (at) }
            @if value["winner"].as_bool() == Some(true) {
                p.note.shown { (both("affichée en attendant", "shown meanwhile")) }
            }
        }
    }
}

fn arrivals(page: &Arrivals) -> Markup {
    html! {
        section aria-labelledby="arrivals" {
            h2 #arrivals { (both("Derniers dossiers arrivés", "Cases that arrived last")) }
            @if page.arrivals.is_empty() {
                p.empty { (both(
                    "Aucun dossier encore. Ils apparaîtront ici dès qu'un appareil se synchronise.",
                    "No cases yet. They appear here as soon as a device syncs.",
                )) }
            } @else {
                ol.cases { @for arrival in &page.arrivals { (one_case(arrival)) } }
            }
        }
    }
}

fn one_case(arrival: &ArrivalRow) -> Markup {
    let case = &arrival.case;
    let (french, english) = words::sex(case.sex.as_deref());
    let birth = case.birth.as_ref().map(words::birth);
    let name = case.name.as_deref().filter(|name| !name.is_empty());
    html! {
        li id=(format!("case-{}", case.document)) {
            p.name {
                @match name {
                    Some(name) => (name),
                    None => (both("Sans nom", "No name")),
                }
                @if case.conflicts > 0 {
                    span.flag { (both("désaccord", "conflict")) }
                }
            }
            p.details {
                @if let Some(code) = &case.code { span.code { (code) } " · " }
                span lang="fr" { (french) } " " span.en.inline lang="en" { (english) }
                @if let Some((french, english)) = &birth {
                    " · " span lang="fr" { (french) } " " span.en.inline lang="en" { (english) }
                }
            }
            p.note {
                @if let Some(site) = &case.site { span.code { (site) } " · " }
                @if let Some(user) = &arrival.user { (user) " · " }
                @if let Some(at) = arrival.at { (moment(at)) }
            }
        }
    }
}

fn receipts(page: &ReceiptPage) -> Markup {
    html! {
        section aria-labelledby="receipts" {
            h2 #receipts { (both("Reçus", "Receipts")) }
            @if page.receipts.is_empty() {
                p.empty { (both(
                    "Aucun reçu encore : rien n'a été remis au hub.",
                    "No receipts yet: nothing has been handed to the hub.",
                )) }
            } @else {
                ul.receipts {
                    @for receipt in &page.receipts {
                        li {
                            div {
                                p.name { "N° " (number(receipt.position.0)) }
                                p.details {
                                    (receipt.user) " · "
                                    @if let Some(site) = &receipt.site { span.code { (site) } " · " }
                                    (moment(receipt.at))
                                }
                                p.note { (fates(receipt)) }
                            }
                            a.verify id=(format!("verify-{}", receipt.position)) href=(format!("/page/receipts/{}", receipt.position)) {
                                (both("vérifier", "verify"))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn fates(receipt: &crate::store::read_model::ReceiptRow) -> Markup {
    let said = receipt.fates.iter().map(|(code, count)| (words::fate(code), count));
    html! {
        (receipt.documents) " " span lang="fr" { "dossier(s)" } " "
        @for ((french, english), count) in said {
            "· " (count) " " span lang="fr" { (french) } " " span.en.inline lang="en" { (english) } " "
        }
    }
}

/// A verified receipt.
pub fn proof(proof: &Proof) -> Markup {
    html! {
        div.proof {
            h2 {
                @if proof.sound {
                    span.good { "✓ " } (both("Reçu vérifié", "Receipt verified"))
                } @else {
                    span.bad { "✗ " } (both("Ce reçu ne tient pas", "This receipt does not hold"))
                }
            }
            p.details {
                "N° " (number(proof.position.0))
                @if let Some(user) = &proof.user { " · " (user) }
                @if let Some(site) = &proof.site { " · " span.code { (site) } }
                @if let Some(at) = proof.at { " · " (moment(at)) }
            }
            ul.checks {
                @for check in &proof.checks {
                    li class=(outcome_class(check.outcome)) {
                        span.mark aria-hidden="true" { (outcome_mark(check.outcome)) }
                        div { (both(&check.french, &check.english)) }
                    }
                }
            }
            @if let Some(chain) = &proof.chain {
                p.hash { (both("Empreinte de la chaîne", "Chain hash")) code { (chain) } }
            }
        }
    }
}

fn outcome_class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Sound => "sound",
        Outcome::Broken => "broken",
        Outcome::Open => "open",
    }
}

fn outcome_mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Sound => "✓",
        Outcome::Broken => "✗",
        Outcome::Open => "·",
    }
}
