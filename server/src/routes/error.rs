//! The one error envelope, and the one place that chooses its status.
//!
//! A handler answers with a [`Failure`]; [`super::observe`] writes it as JSON with the request's id. What is a defect
//! or a fault of the machine gets a bland sentence, and its cause goes to the log.

use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admin::AdminError;
use crate::access::DENIED;
use crate::account::password::PasswordError;
use crate::hub::enrolling::EnrolError;
use crate::hub::vet::RequestError;
use crate::hub::writer::Fatal;
use crate::limits::RETRY_AFTER_SECONDS;
use crate::serve::app::WorkError;
use crate::serve::queue::QueueError;
use crate::serve::rate::RetryAfter;
use crate::store::read_model::ReadModelError;

/// Every error of the API as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// Stable: programs decide by it.
    pub code: String,
    /// What was wrong, where, and what to do; for people.
    pub message: String,
    /// The same in the hub's log.
    pub request_id: String,
}

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    status: StatusCode,
    /// The stable code.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
    /// Seconds after which the same may be tried again.
    retry: Option<u32>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry: None }
    }

    /// Something in the request is not as it should be.
    #[must_use]
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// It contradicts what is there.
    #[must_use]
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// No path of this hub.
    #[must_use]
    pub fn no_such_path() -> Self {
        Self::not_found("path-unknown", "this hub has nothing at this address: see /v1/openapi.json")
    }

    /// The path has no such method.
    #[must_use]
    pub fn no_such_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-unknown",
            "this address does not take this method: see /v1/openapi.json",
        )
    }

    /// Nobody is signed in, and the console token is missing or wrong.
    #[must_use]
    pub fn no_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "token-required",
            "this address wants to know who asks: sign in, open the link printed when the hub started, or send the \
             console token as 'Authorization: Bearer …'",
        )
    }

    /// A sign-in that opens nothing: whatever was wrong, nobody is told what.
    #[must_use]
    pub fn sign_in_failed() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "sign-in-failed",
            "name, password or code is wrong, or the code was used before: wait for the telephone's next code and try \
             again",
        )
    }

    /// Too many failures: nothing is looked at for a while.
    #[must_use]
    pub fn paused(ms: i64) -> Self {
        let seconds = u32::try_from(ms.max(0).unsigned_abs().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
        let message = format!("too many tries have failed: try again in {} minutes", seconds.div_ceil(60));
        Self { retry: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "sign-in-paused", message) }
    }

    /// Something that may be done so often and no more.
    #[must_use]
    pub fn used_up(code: &'static str, what: &str, ms: i64) -> Self {
        let seconds = u32::try_from(ms.max(0).unsigned_abs().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
        let message = format!("{what}: try again in {} minutes", seconds.div_ceil(60));
        Self { retry: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, message) }
    }

    /// A setup code that opens nothing.
    #[must_use]
    pub fn setup_unknown() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "setup-unknown",
            "this setup code is unknown, used or too old: an administrator can give another one",
        )
    }

    /// The first code of a telephone was wrong, or came too late.
    #[must_use]
    pub fn telephone_code() -> Self {
        Self::invalid(
            "telephone-code",
            "the telephone's code does not fit: type the present one, or begin again without a code if more than a \
             quarter of an hour has passed",
        )
    }

    /// Known, and not allowed. Says nothing of what is there.
    #[must_use]
    pub fn not_allowed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            DENIED,
            "this is not open to you: if your work needs it, ask an administrator for the role",
        )
    }

    /// A route without a decision about who may use it.
    #[must_use]
    pub fn no_decision() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "no-decision",
            "nobody has decided who may use this address: it is closed, and this is a defect of the hub",
        )
    }

    /// The device's own token is missing, wrong or too old.
    #[must_use]
    pub fn no_device_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "device-token",
            "the lease or its token is not in force: make an exchange, it renews the token",
        )
    }

    /// A page of another origin tries to act with the console's cookie.
    #[must_use]
    pub fn other_origin() -> Self {
        Self::new(StatusCode::FORBIDDEN, "other-origin", "this act is accepted from the hub's own page only")
    }

    /// More bytes than are taken.
    #[must_use]
    pub fn too_large(max: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            format!("the body is longer than {max} bytes: send less in one request"),
        )
    }

    /// The body is of another type.
    #[must_use]
    pub fn media_type(wanted: &'static str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            format!("the body must be sent with content-type {wanted}"),
        )
    }

    /// The body did not come in time, or broke off.
    #[must_use]
    pub fn body_cut() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "body-cut",
            "the body did not arrive whole and in time: nothing of it was used, send it again in smaller pieces",
        )
    }

    /// Too much at once.
    #[must_use]
    pub fn busy() -> Self {
        Self {
            retry: Some(RETRY_AFTER_SECONDS),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", QueueError::Full.to_string())
        }
    }

    /// More often than is allowed.
    #[must_use]
    pub fn too_often(retry: RetryAfter) -> Self {
        let RetryAfter(seconds) = retry;
        Self {
            retry: Some(seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", retry.to_string())
        }
    }

    /// Target and headers are longer than is taken.
    #[must_use]
    pub fn head_too_large(max: usize) -> Self {
        Self::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "head-too-large",
            format!("the address and the headers of the request are longer than {max} bytes"),
        )
    }

    /// The request names another host than this hub.
    #[must_use]
    pub fn other_host() -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "other-host",
            "this hub is not known by the name in the request: open it by its address, or start it with --public-name \
             and that name",
        )
    }

    /// The hub does not answer exchanges.
    #[must_use]
    pub fn not_ready() -> Self {
        Self {
            retry: Some(RETRY_AFTER_SECONDS),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", QueueError::Stopping.to_string())
        }
    }

    /// A defect or a fault; the cause goes to the log, not to the client.
    #[must_use]
    pub fn internal(cause: &(impl std::fmt::Display + ?Sized)) -> Self {
        tracing::error!(cause = %cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the hub could not do this: its log names the cause under this request id",
        )
    }

    /// How it is answered.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Seconds after which the same may be sent again.
    #[must_use]
    pub const fn retry(&self) -> Option<u32> {
        self.retry
    }

    /// The envelope.
    #[must_use]
    pub fn body(&self, request_id: &str) -> ErrorBody {
        ErrorBody { code: self.code.to_owned(), message: self.message.clone(), request_id: request_id.to_owned() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Full => Self::busy(),
            QueueError::TooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request-too-large", error.to_string())
            }
            QueueError::DiskFull => Self {
                retry: Some(RETRY_AFTER_SECONDS),
                ..Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", error.to_string())
            },
            QueueError::Stopping => Self::not_ready(),
        }
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let status = match &error {
            RequestError::LeaseUnknown(_) => StatusCode::FORBIDDEN,
            RequestError::TooMany { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            RequestError::Codec(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl From<EnrolError> for Failure {
    fn from(error: EnrolError) -> Self {
        let status = match error {
            EnrolError::Unknown | EnrolError::Used | EnrolError::Expired | EnrolError::Proof => StatusCode::FORBIDDEN,
            EnrolError::Letters | EnrolError::NotReady | EnrolError::Restored => StatusCode::CONFLICT,
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        Self::new(error.status(), error.code(), error.to_string())
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        Self::invalid(error.code(), error.to_string())
    }
}

impl From<Fatal> for Failure {
    fn from(error: Fatal) -> Self {
        Self::internal(&error)
    }
}

impl From<ReadModelError> for Failure {
    fn from(error: ReadModelError) -> Self {
        let status = match &error {
            ReadModelError::CatchingUp { .. }
            | ReadModelError::Busy
            | ReadModelError::Stopped
            | ReadModelError::Off => StatusCode::SERVICE_UNAVAILABLE,
            ReadModelError::TooEarly { .. } | ReadModelError::NotYet { .. } | ReadModelError::Cursor => {
                StatusCode::BAD_REQUEST
            }
            ReadModelError::Source(_) | ReadModelError::Internal(_) => return Self::internal(&error),
        };
        let retry = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_SECONDS);
        Self { retry, ..Self::new(status, error.code(), error.to_string()) }
    }
}

impl From<WorkError> for Failure {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Busy => Self::busy(),
            WorkError::Panicked => Self::internal(&error),
        }
    }
}

impl From<JsonRejection> for Failure {
    fn from(error: JsonRejection) -> Self {
        match error {
            JsonRejection::MissingJsonContentType(_) => Self::media_type("application/json"),
            other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Self::too_large(crate::limits::JSON_BODY_BYTES_MAX)
            }
            other => Self::invalid("body", other.body_text()),
        }
    }
}

impl From<FormRejection> for Failure {
    fn from(error: FormRejection) -> Self {
        match error {
            FormRejection::InvalidFormContentType(_) => Self::media_type("application/x-www-form-urlencoded"),
            other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Self::too_large(crate::limits::JSON_BODY_BYTES_MAX)
            }
            // The library's sentence may repeat what was typed.
            _ => Self::invalid("form", "the form lacks a field, or holds one that is not text"),
        }
    }
}

impl From<QueryRejection> for Failure {
    fn from(error: QueryRejection) -> Self {
        Self::invalid("query", error.body_text())
    }
}

impl From<PathRejection> for Failure {
    fn from(error: PathRejection) -> Self {
        Self::not_found("path-part", error.body_text())
    }
}
