//! `GET /v1/openapi.json`: the description of the API, the same as the committed `server/openapi.json`.

use axum::Json;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

use super::error::ErrorBody;

/// Title, licence, the console's token and the session, without any path.
#[must_use]
pub fn base() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The console token that the hub prints at its start"))
        .build();
    let info = InfoBuilder::new()
        .title("Segin hub")
        .version("1")
        .description(Some(
            "Registration of people who return, recorded offline and reconciled here. Positions are numbers of log \
             entries; every answer says as of which position it speaks. Times are milliseconds since 1970, UTC.",
        ))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").build()))
        .build();
    let cookie = ApiKeyValue::with_description(
        super::principal::COOKIE,
        "A session of the console, given by POST /v1/session. Acts must come from the hub's own origin",
    );
    let components = ComponentsBuilder::new()
        .security_scheme("console", SecurityScheme::Http(bearer))
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// The description of the API.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    tag = "operation",
    responses(
        (status = OK, description = "OpenAPI 3.1", body = serde_json::Value),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn openapi() -> Json<OpenApi> {
    Json(super::description())
}
