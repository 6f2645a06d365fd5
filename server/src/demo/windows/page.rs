//! The control page's markup: French first, English beneath. What changes is filled in by `control.js`.

use maud::{DOCTYPE, Markup, html};

use super::Phone;

pub(super) const STYLE: &str = include_str!("control.css");
pub(super) const SCRIPT: &str = include_str!("control.js");

fn both(french: &str, english: &str) -> Markup {
    html! {
        span lang="fr" { (french) }
        span.en lang="en" { (english) }
    }
}

/// The page. Who is enrolled already gets the app without the invitation, which is used.
pub(super) fn page(phones: &[Phone], hub_link: &str, enrolled: &[String]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="fr" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" href="data:,";
                title { "Segin — démonstration" }
                link rel="stylesheet" href="/control.css";
            }
            body data-hub="unknown" {
                main {
                    @for (place, phone) in phones.iter().enumerate() {
                        (window(phone, enrolled.iter().any(|name| name == phone.owner)))
                        @if place == 0 { (panel(hub_link)) }
                    }
                }
                script src="/control.js" {}
            }
        }
    }
}

fn window(phone: &Phone, is_enrolled: bool) -> Markup {
    let app = if is_enrolled { format!("{}/app/", phone.window.url()) } else { phone.link() };
    html! {
        section.phone data-phone=(phone.name) aria-label=(format!("{} : {}", phone.site, phone.owner)) {
            header {
                div {
                    h2 { (phone.site) }
                    p.owner { (phone.owner) }
                }
                button.switch type="button" role="switch" aria-checked="false" {
                    span.knob aria-hidden="true" {}
                    span.label { (both("Mode avion", "Airplane mode")) }
                }
            }
            iframe src=(app) title=(format!("Segin, {}", phone.site)) allow="camera; clipboard-write" {}
            footer {
                p { "Invitation " span.code { (phone.invitation) } }
                p { a href=(app) target="_blank" rel="noopener" { (both("Ouvrir seul", "Open by itself")) } }
            }
        }
    }
}

fn panel(hub_link: &str) -> Markup {
    html! {
        section.panel aria-label="Hub" {
            h1 { "Segin" }
            div.hub {
                p.light role="status" {
                    span.when-up { (both("Le hub tourne", "The hub runs")) }
                    span.when-down { (both("Le hub est mort", "The hub is dead")) }
                }
                div.acts {
                    button.kill.when-up type="button" data-act="/hub/kill" { (both("Tuer le hub", "Kill the hub")) }
                    button.start.when-down type="button" data-act="/hub/start" { (both("Redémarrer le hub", "Start the hub")) }
                }
                dl {
                    div { dt { (both("Documents au hub", "Documents at the hub")) } dd data-count="documents" { "–" } }
                    div { dt { (both("Reçus signés", "Signed receipts")) } dd data-count="receipts" { "–" } }
                    div { dt { (both("Entrées en deux lieux", "Entries in two places")) } dd data-count="copied" { "–" } }
                }
                p { a href=(hub_link) target="_blank" rel="noopener" { (both("La page du hub", "The hub's page")) } }
            }
            div.verify {
                button.when-up type="button" data-act="/verify" { (both("Vérifier", "Verify")) }
                p.details.when-down { (both("Redémarrez le hub pour vérifier.", "Start the hub to verify.")) }
                div #verdict role="status" {
                    p.agrees hidden {
                        (both("segin verify : tout concorde.", "segin verify: everything agrees."))
                    }
                    p.differs hidden { (both("segin verify : des différences !", "segin verify: differences!")) }
                    p.busy hidden { (both("Tout est relu et recalculé…", "Everything is read and worked out again…")) }
                    p.failed hidden { (both("Cela n'a pas marché.", "That did not work.")) }
                    p.details {}
                }
            }
            ol.steps {
                li { (both("Ouvrez les deux téléphones : l'invitation est là, choisissez une phrase secrète.", "Open both phones: the invitation is there, choose a passphrase.")) }
                li { (both("Enregistrez une personne à Gogui ; elle arrive à Kayes.", "Record a person at Gogui; it arrives at Kayes.")) }
                li { (both("Mettez les deux en mode avion et changez le même champ des deux côtés.", "Put both into airplane mode and change the same field on both.")) }
                li { (both("Tuez le hub. Enregistrez encore.", "Kill the hub. Record some more.")) }
                li { (both("Redémarrez, coupez le mode avion : les deux valeurs sont là, rien n'est perdu.", "Start it, leave airplane mode: both values are there, nothing is lost.")) }
                li { (both("Vérifiez.", "Verify.")) }
            }
        }
    }
}
