//! The frame of every page: head, style, script, and the policy that allows exactly these two.

use std::sync::LazyLock;

use axum::http::HeaderValue;
use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("live.js");

/// Styles and scripts are allowed by their hash alone: what is injected into a page does not run.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = |text: &str| BASE64.encode(&Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT),
    );
    HeaderValue::from_str(&policy).expect("a policy of ASCII words is a header")
});

/// The content policy of the pages.
pub fn policy() -> HeaderValue {
    POLICY.clone()
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light";
            link rel="icon" href="data:,";
            title { (title) }
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// Two languages, the second one smaller beneath.
pub fn both(french: &str, english: &str) -> Markup {
    html! {
        span lang="fr" { (french) }
        span.en lang="en" { (english) }
    }
}

/// The way to the field app, for whoever sees the hub's first page.
pub fn app_link() -> Markup {
    html! { a href="/app/" { (both("Application de terrain", "Field app")) } }
}

/// The page with its living part, and who looks at it.
pub fn page(live: &Markup, who: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="fr" {
            (head("Segin — hub"))
            body {
                a.skip href="#live" { "Aller au contenu" }
                header.top {
                    p.brand { "Segin" }
                    p.link #link data-lost-fr="Connexion au hub perdue, nouvel essai…" data-lost-en="Connection to the hub lost, trying again…" data-live-fr="En direct" data-live-en="Live" role="status" {
                        (both("Affiché à l'ouverture", "As of opening"))
                    }
                    (who)
                }
                main #live { (live) }
                dialog #proof aria-label="Vérification du reçu — Receipt verification" {
                    div #proof-body {}
                    button type="button" #proof-close { (both("Fermer", "Close")) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// A screen of the console: the way back to the page, who looks at it, and what there is to do.
pub fn screen(title: &str, around: &Markup, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="fr" {
            (head(title))
            body {
                a.skip href="#content" { "Aller au contenu" }
                header.top {
                    p.brand { a href="/" { "Segin" } }
                    (around)
                }
                main.screen #content { (content) }
            }
        }
    }
}

/// A page of one thing, without a way on: a form that leads there.
pub fn form(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="fr" {
            (head(title))
            body {
                header.top { p.brand { "Segin" } }
                main.narrow { section { (content) } }
            }
        }
    }
}

/// A page of one thing.
pub fn single(content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="fr" {
            (head("Segin — reçu"))
            body {
                header.top {
                    p.brand { "Segin" }
                    p { a.back href="/" { (both("Retour à la page du hub", "Back to the hub's page")) } }
                }
                main.narrow { section { (content) } }
            }
        }
    }
}

/// What somebody without the token sees while nobody can sign in yet.
pub fn locked() -> Markup {
    form(
        "Segin",
        &html! {
            h1 { (both("Cette page est fermée", "This page is closed")) }
            p lang="fr" { "Ouvrez le lien que le hub a affiché à son démarrage : il contient la clé de cette page." }
            p.en lang="en" { "Open the link that the hub printed when it started: it holds the key to this page." }
            p { a.back href="/page/account" { (both("J'ai reçu un code pour mon compte", "I was given a code for my account")) } }
            p { (app_link()) }
        },
    )
}
