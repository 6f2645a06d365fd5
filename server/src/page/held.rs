//! The screen of held work: what waits, device by device, and letting it in or not, singly or all of a device.
//!
//! Plain forms without a script. Shows no content: who decides knows the person whose device it is, and asks. The same
//! acts as `GET /v1/held` and `POST /v1/held/decide`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use sync_protocol::ids::{ActorPrefix, Position};
use utoipa::{IntoParams, ToSchema};

use super::frame::{self, both};
use super::sign_in::{refused, who};
use super::words::{held_reason, kind, moment};
use super::{framed, nav};
use crate::access::{Action, Resource};
use crate::limits::REASON_CHARACTERS_MAX;
use crate::routes::admin::can;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::{Form, Params};
use crate::routes::held::decide::{HeldAll, HeldDecided, HeldDecision, HeldWork, decided};
use crate::routes::held::{HeldList, HeldQuery, HeldRow, list};
use crate::routes::principal::Asker;
use crate::serve::app::App;

/// What was just done, to be said once.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HeldPageQuery {
    /// Where the page begins.
    cursor: Option<String>,
    /// Works decided just now.
    done: Option<usize>,
    /// Works of them that are held still.
    stays: Option<usize>,
}

/// The form as browsers send it: `work` and `device` as often as they are chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct HeldForm(Vec<(String, String)>);

/// What the form says.
#[derive(Debug, PartialEq, Eq)]
struct Chosen {
    items: Vec<HeldWork>,
    devices: Vec<ActorPrefix>,
    approve: bool,
    reason: String,
}

/// The screen.
#[utoipa::path(
    get,
    path = "/page/held",
    tag = "page",
    params(HeldPageQuery),
    responses(
        (status = OK, description = "What waits for a decision", body = String, content_type = "text/html"),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn held(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<HeldPageQuery>,
) -> Result<Response, Failure> {
    let notice = query.done.map(|done| done_words(done, query.stays.unwrap_or_default()));
    let page = screen(&app, &asker, query.cursor, notice.as_ref()).await?;
    Ok(framed(StatusCode::OK, &page))
}

/// Decides with the page's form.
#[utoipa::path(
    post,
    path = "/page/held",
    tag = "page",
    description = "The form of the page; the same as POST /v1/held/decide.",
    request_body(content = HeldForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = SEE_OTHER, description = "Decided: the page again"),
        (status = BAD_REQUEST, description = "The page again: nothing chosen, or no reason", body = String, content_type = "text/html"),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "The page again: not open to this role, or another page's form", body = String, content_type = "text/html"),
        (status = SERVICE_UNAVAILABLE, description = "The page again: later", body = String, content_type = "text/html"),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn decide(
    State(app): State<Arc<App>>,
    asker: Asker,
    Form(HeldForm(pairs)): Form<HeldForm>,
) -> Result<Response, Failure> {
    let done = match chosen(&pairs) {
        Ok(chosen) => act(&app, &asker, chosen).await,
        Err(failure) => Err(failure),
    };
    match done {
        Ok((done, stays)) => {
            let to = HeaderValue::from_str(&format!("/page/held?done={done}&stays={stays}"))
                .expect("an address of ASCII letters and digits is a header");
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
        }
        Err(failure) => {
            let words = html! { p.alert role="alert" { (alert(&failure)) } };
            let page = screen(&app, &asker, None, Some(&words)).await?;
            Ok(refused(&failure, |_| page))
        }
    }
}

fn chosen(pairs: &[(String, String)]) -> Result<Chosen, Failure> {
    let wrong = || Failure::invalid("form", "the form lacks a field, or holds one that is not readable");
    let values = |name: &'static str| pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str());
    let work = |text: &str| -> Option<HeldWork> {
        let (position, item) = text.split_once('.')?;
        Some(HeldWork { position: Position(position.parse().ok()?), item: item.parse().ok()? })
    };
    let items = values("work").map(|text| work(text).ok_or_else(wrong)).collect::<Result<_, _>>()?;
    let devices = values("device").map(|text| text.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    let approve = match values("decision").next() {
        Some("approve") => true,
        Some("reject") => false,
        _ => return Err(wrong()),
    };
    Ok(Chosen { items, devices, approve, reason: values("reason").next().unwrap_or_default().to_owned() })
}

async fn act(app: &App, asker: &Asker, chosen: Chosen) -> Result<(usize, usize), Failure> {
    let Chosen { items, devices, approve, reason } = chosen;
    let all = |lease| Some(HeldAll { lease: Some(lease), ..HeldAll::default() });
    let mut wanted: Vec<(Vec<HeldWork>, Option<HeldAll>)> =
        devices.into_iter().map(|lease| (Vec::new(), all(lease))).collect();
    if !items.is_empty() || wanted.is_empty() {
        wanted.push((items, None));
    }
    let (mut done, mut stays) = (0, 0);
    for (items, all) in wanted {
        let decision = HeldDecision { items, all, approve, reason: reason.clone() };
        let HeldDecided { decided, stays: still, .. } = decided(app, &asker.principal, decision).await?;
        done += decided;
        stays += still;
    }
    Ok((done, stays))
}

async fn screen(app: &App, asker: &Asker, cursor: Option<String>, notice: Option<&Markup>) -> Result<Markup, Failure> {
    let list = list(app, &asker.principal, &HeldQuery { cursor, ..HeldQuery::default() }).await?;
    let decides = can(&asker.principal, Action::DecideHeld, Resource::Any);
    let around = html! { (nav(&asker.principal)) (who(app, asker)) };
    Ok(frame::screen("Segin — travaux retenus", &around, &content(&list, decides, notice)))
}

fn content(list: &HeldList, decides: bool, notice: Option<&Markup>) -> Markup {
    html! {
        section.work {
            h1 { (both("Travaux retenus", "Held work")) @if list.total > 0 { " " span.count { (list.total) } } }
            @if let Some(notice) = notice { (notice) }
            @if list.held.is_empty() {
                p.empty { (both("Rien n'attend de décision.", "Nothing waits for a decision.")) }
            } @else {
                p.note { (both(
                    "Ces travaux sont gardés et rien n'en est perdu. Demandez à la personne avant de décider : ce qui est \
                     accepté entre dans les dossiers, avec ce qui en dépend.",
                    "This work is kept and nothing of it is lost. Ask the person before you decide: what is let in enters \
                     the cases, with what hangs on it.",
                )) }
                form.work method="post" action="/page/held" {
                    @for rows in list.held.chunk_by(|a, b| a.lease == b.lease) { (device(rows, decides)) }
                    @if decides {
                        label { (both("Motif, que l'appareil montrera", "Reason, which the device will show"))
                            input name="reason" required maxlength=(REASON_CHARACTERS_MAX) autocomplete="off";
                        }
                        div.acts {
                            button.main type="submit" name="decision" value="approve" { (both("Accepter", "Let in")) }
                            button type="submit" name="decision" value="reject" { (both("Ne pas accepter", "Do not let in")) }
                        }
                    }
                }
                @if let Some(next) = &list.next {
                    p { a.back href=(format!("/page/held?cursor={next}")) { (both("Suite", "More")) } }
                }
            }
        }
    }
}

/// The works of one device that follow each other in the log.
fn device(rows: &[HeldRow], decides: bool) -> Markup {
    let Some(first) = rows.first() else { return html! {} };
    html! {
        fieldset.device {
            legend { (first.name) " · " span.code { (first.site) } }
            @if decides {
                label.pick.all {
                    input type="checkbox" name="device" value=(first.lease);
                    span { (both("Tout de cet appareil", "All of this device")) }
                }
            }
            @for row in rows { (one(row, decides)) }
        }
    }
}

fn one(row: &HeldRow, decides: bool) -> Markup {
    let (french, english) = held_reason(&row.code);
    let (kind_french, kind_english) = kind(&row.kind);
    let document = row.document.to_string();
    let short = &document[..document.len().min(8)];
    html! {
        label.pick {
            @if decides { input type="checkbox" name="work" value=(format!("{}.{}", row.position, row.item)); }
            span {
                span.name { span lang="fr" { (kind_french) } " " span.en.inline lang="en" { (kind_english) } " " span.code { (short) } }
                span.when { (moment(row.since)) }
                span.note { (both(
                    &format!("{french} · {} modification(s)", row.changes),
                    &format!("{english} · {} change(s)", row.changes),
                )) }
            }
        }
    }
}

fn done_words(done: usize, stays: usize) -> Markup {
    html! {
        p.notice role="status" { (both(
            &format!("Travaux décidés : {done}. L'appareil l'apprendra à sa prochaine synchronisation."),
            &format!("Works decided: {done}. The device hears of it with its next sync."),
        )) }
        @if stays > 0 {
            p.alert { (both(
                &format!("Encore retenus : {stays}. Ce qu'ils contiennent ne peut pas être appliqué tel quel."),
                &format!("Held still: {stays}. What they contain cannot be applied as it is."),
            )) }
        }
    }
}

fn alert(failure: &Failure) -> Markup {
    match failure.code {
        "held-which" => both("Choisissez au moins un travail.", "Choose at least one work."),
        "name" => both("Donnez un motif, sur une ligne.", "Give a reason, on one line."),
        "not-allowed" => both("Ce travail n'est pas de vos sites.", "This work is not of your sites."),
        _ => both("Cela n'a pas marché.", &failure.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_form_names_works_and_devices_and_one_decision() {
        let form = [
            ("work", "12.0"),
            ("work", "13.2"),
            ("device", "0102030405060708"),
            ("reason", "x"),
            ("decision", "reject"),
        ];
        let read = chosen(&pairs(&form)).unwrap();
        assert_eq!(read.items[1], HeldWork { position: Position(13), item: 2 });
        assert_eq!((read.devices.len(), read.approve, read.reason.as_str()), (1, false, "x"));
        for wrong in
            [&form[..4], &[("work", "12"), ("decision", "approve")], &[("device", "x"), ("decision", "approve")]]
        {
            assert_eq!(chosen(&pairs(wrong)).unwrap_err().code, "form");
        }
    }
}
