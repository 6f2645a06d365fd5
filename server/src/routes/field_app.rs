//! `GET /app/…`: the field app. Open to everybody: it holds nobody's data, and whoever is to be enrolled has no proof yet.
//!
//! Files, forms and policies: [`crate::web`]. What the app then asks of the hub goes to the routes of devices.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::{ErrorBody, Failure};
use super::extract::Part;
use crate::web::{self, File, INDEX, PERMISSIONS, POLICY};

/// The app without its slash.
#[utoipa::path(
    get,
    path = "/app",
    tag = "page",
    description = "The field app's address without its slash. A fragment (an invitation) is kept by the browser.",
    responses((status = PERMANENT_REDIRECT, description = "To /app/"))
)]
pub async fn without_slash() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, HeaderValue::from_static("/app/"))]).into_response()
}

/// The app's page.
#[utoipa::path(
    get,
    path = "/app/",
    tag = "page",
    description = "The field app. Needs no token.",
    responses(
        (status = OK, description = "The page", body = String, content_type = "text/html"),
        (status = NOT_MODIFIED, description = "The page that the browser has is still right"),
    )
)]
pub async fn index(headers: HeaderMap) -> Response {
    answer(INDEX, &headers)
}

/// A file at the app's top: its service worker, its manifest, its page by name.
#[utoipa::path(
    get,
    path = "/app/{file}",
    tag = "page",
    description = "A file of the field app that may differ in the next version. Needs no token.",
    params(("file" = String, Path, description = "Its name")),
    responses(
        (status = OK, description = "The file"),
        (status = NOT_MODIFIED, description = "The file that the browser has is still right"),
        (status = NOT_FOUND, description = "The app has no such file", body = ErrorBody),
    )
)]
pub async fn file(Part(name): Part<String>, headers: HeaderMap) -> Response {
    answer(&name, &headers)
}

/// A file with a hash in its name.
#[utoipa::path(
    get,
    path = "/app/assets/{file}",
    tag = "page",
    description = "A file of the field app whose name holds a hash of its content: it never changes. Needs no token.",
    params(("file" = String, Path, description = "Its name")),
    responses(
        (status = OK, description = "The file"),
        (status = NOT_MODIFIED, description = "The file that the browser has is still right"),
        (status = NOT_FOUND, description = "The app has no such file", body = ErrorBody),
    )
)]
pub async fn asset(Part(name): Part<String>, headers: HeaderMap) -> Response {
    answer(&format!("assets/{name}"), &headers)
}

fn answer(name: &str, headers: &HeaderMap) -> Response {
    web::file(name).map_or_else(|| Failure::no_such_path().into_response(), |file| sent(file, headers))
}

fn sent(file: &File, asked: &HeaderMap) -> Response {
    let text = |name| asked.get(name).and_then(|value| value.to_str().ok());
    let (coding, bytes) = file.form(text(header::ACCEPT_ENCODING));
    let tag = file.tag(coding);
    let is_known = text(header::IF_NONE_MATCH).is_some_and(|known| web::matches(known, &tag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(bytes).into_response(),
    };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::CACHE_CONTROL, file.cache());
    set(header::VARY, "accept-encoding");
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    if !is_known {
        set(header::CONTENT_TYPE, file.content_type().unwrap_or("application/octet-stream"));
        if let Some(coding) = coding.name() {
            set(header::CONTENT_ENCODING, coding);
        }
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use crate::serve::testing::{Place, send};
    use crate::web::{FILES, PERMISSIONS, POLICY};

    #[test]
    fn the_app_is_served_to_everybody_in_the_form_that_is_taken() {
        let place = Place::new();
        let hub = place.start();
        let ask =
            |method: &str, path: &str, headers: &[(&str, &str)]| send(hub.hub.address, method, path, headers, b"");
        let slash = ask("GET", "/app", &[]);
        assert_eq!((slash.status, slash.header("location")), (308, Some("/app/")));
        assert_eq!(ask("GET", "/app/", &[]).body, ask("GET", "/app/index.html", &[]).body);
        for file in FILES {
            let path = format!("/app/{}", file.name);
            let plain = ask("GET", &path, &[]);
            assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{path}");
            assert!(plain.body == file.form(None).1, "{path}");
            assert_eq!(plain.header("content-type"), file.content_type(), "{path}");
            assert_eq!(plain.header("content-security-policy"), Some(POLICY), "{path}");
            assert_eq!(plain.header("permissions-policy"), Some(PERMISSIONS), "{path}");
            assert_eq!(plain.header("x-content-type-options"), Some("nosniff"), "{path}");
            assert_eq!(plain.header("vary"), Some("accept-encoding"), "{path}");
            assert_eq!(plain.header("set-cookie"), None, "{path}");
            let is_hashed = file.name.starts_with("assets/");
            assert_eq!(plain.header("cache-control") == Some("no-cache"), !is_hashed, "{path}");
            assert_eq!(plain.header("cache-control").unwrap().ends_with("immutable"), is_hashed, "{path}");
            for accept in ["br, gzip", "gzip"] {
                let (coding, bytes) = file.form(Some(accept));
                let got = ask("GET", &path, &[("accept-encoding", accept)]);
                assert!(got.status == 200 && got.body == bytes, "{path} {accept}");
                assert_eq!(got.header("content-encoding"), coding.name(), "{path} {accept}");
                let tag = got.header("etag").unwrap();
                let again = ask("GET", &path, &[("accept-encoding", accept), ("if-none-match", tag)]);
                assert_eq!((again.status, again.header("etag"), again.body.len()), (304, Some(tag), 0), "{path}");
                assert_eq!(again.header("cache-control"), got.header("cache-control"), "{path}");
            }
            let head = ask("HEAD", &path, &[]);
            assert_eq!((head.status, head.header("etag"), head.body.len()), (200, plain.header("etag"), 0), "{path}");
            assert_eq!(head.header("content-length"), Some(plain.body.len().to_string().as_str()), "{path}");
        }
        hub.stop();
    }

    #[test]
    fn what_the_app_does_not_have_is_not_there() {
        let place = Place::new();
        let hub = place.start();
        for path in [
            "/app/nothing",
            "/app/assets",
            "/app/assets/",
            "/app/assets/index.html",
            "/app/assets/nothing.js",
            "/app/x/y",
            "/app//",
            "/app/%2e%2e/limits.rs",
            "/app/assets%2fnothing.js",
            "/app/..%2f..%2fmaster.key",
            "/app/%FF",
            "/appetite",
        ] {
            let got = send(hub.hub.address, "GET", path, &[], b"");
            assert!(got.status == 404 || got.status == 400, "{path}: {}", got.head);
            assert!(!got.code().is_empty(), "{path}: in the envelope");
        }
        assert_eq!(send(hub.hub.address, "POST", "/app/", &[], b"").status, 405);
        hub.stop();
    }
}
