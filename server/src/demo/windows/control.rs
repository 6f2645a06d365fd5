//! The page of the browser demo: both phones in frames, their switches, the hub's buttons, what `segin verify` says.
//!
//! Answers to its own address and acts for its own page only. Markup: `page`; acts: [`super::stand`], [`super::window`].

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;

use super::Phone;
use super::page;
use super::stand::{Counts, Stand, Verdict};
use crate::hub_process::HubProcessError;

/// The page; its listener ends with the runtime.
pub struct Control {
    url: String,
}

/// What its handlers know.
struct Board {
    own: String,
    phones: Arc<Vec<Phone>>,
    stand: Arc<Stand>,
}

/// How everything stands.
#[derive(Debug, Serialize)]
struct Standing {
    /// What the hub says of itself; nothing: it does not run.
    hub: Option<Counts>,
    phones: Vec<PhoneStanding>,
}

#[derive(Debug, Serialize)]
struct PhoneStanding {
    name: &'static str,
    airplane: bool,
}

impl Control {
    /// Serves it from this listener, whose origin is `own`.
    pub(super) fn open(listener: TcpListener, own: String, phones: Arc<Vec<Phone>>, stand: Arc<Stand>) -> Self {
        let url = format!("{own}/");
        let board = Arc::new(Board { own, phones, stand });
        let router = Router::new()
            .route("/", get(index))
            .route("/control.css", get(|| async { typed("text/css; charset=utf-8", page::STYLE) }))
            .route("/control.js", get(|| async { typed("text/javascript; charset=utf-8", page::SCRIPT) }))
            .route("/state", get(standing))
            .route("/phones/{name}/airplane/{position}", post(airplane))
            .route("/hub/kill", post(kill))
            .route("/hub/start", post(start))
            .route("/verify", post(verify))
            .layer(from_fn_with_state(Arc::clone(&board), own_page))
            .with_state(board);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

fn typed(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Only under its own address, acts only from its own page; with the headers of every answer.
async fn own_page(State(board): State<Arc<Board>>, request: Request, next: Next) -> Response {
    let is = |headers: &HeaderMap, name, wanted: &str| headers.get(name).is_some_and(|value| value == wanted);
    let host = board.own.trim_start_matches("http://");
    let is_meant = is(request.headers(), header::HOST, host);
    let may_act = request.method() == Method::GET || is(request.headers(), header::ORIGIN, &board.own);
    let mut response = match is_meant && may_act {
        true => next.run(request).await,
        false => StatusCode::FORBIDDEN.into_response(),
    };
    let frames: Vec<String> = board.phones.iter().map(|phone| phone.window.url()).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-src {}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        frames.join(" ")
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    response
}

async fn index(State(board): State<Arc<Board>>) -> Html<String> {
    let counts = board.stand.counts().await.unwrap_or_default();
    Html(page::page(&board.phones, board.stand.link(), &counts.enrolled).0)
}

async fn standing(State(board): State<Arc<Board>>) -> Json<Standing> {
    let phone = |phone: &Phone| PhoneStanding { name: phone.name, airplane: phone.window.is_airplane() };
    Json(Standing { hub: board.stand.counts().await, phones: board.phones.iter().map(phone).collect() })
}

async fn airplane(State(board): State<Arc<Board>>, Path((name, position)): Path<(String, String)>) -> StatusCode {
    let phone = board.phones.iter().find(|phone| phone.name == name);
    match (phone, position.as_str()) {
        (Some(phone), "on") => phone.window.set_airplane(true),
        (Some(phone), "off") => phone.window.set_airplane(false),
        _ => return StatusCode::NOT_FOUND,
    }
    StatusCode::NO_CONTENT
}

async fn kill(State(board): State<Arc<Board>>) -> Result<StatusCode, Response> {
    board.stand.kill().await.map(|()| StatusCode::NO_CONTENT).map_err(failed)
}

async fn start(State(board): State<Arc<Board>>) -> Result<StatusCode, Response> {
    board.stand.start().await.map(|()| StatusCode::NO_CONTENT).map_err(failed)
}

async fn verify(State(board): State<Arc<Board>>) -> Result<Json<Verdict>, Response> {
    let verdict = board.stand.verify().await.map_err(failed)?;
    verdict.map(Json).ok_or_else(|| StatusCode::CONFLICT.into_response())
}

fn failed(error: HubProcessError) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}
