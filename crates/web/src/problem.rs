//! What goes wrong, as `application/problem+json` (RFC 9457). Pages show the same in HTML (`page/error.rs`).

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};

use app::{QuestionError, SiteError};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// An error, for machines and people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A stable name for the kind of problem.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The kind in plain words.
    pub(crate) title: &'static str,
    /// HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16)]
    pub(crate) status: StatusCode,
    /// What went wrong this time.
    #[schema(value_type = String)]
    pub(crate) detail: Box<str>,
    /// The number under which the log has more, for faults.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) instance: Option<Box<str>>,
    /// What to do next, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) hint: Option<Box<str>>,
    /// Things that may have been meant, as `kind:identifier`.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub(crate) candidates: Box<[String]>,
    /// The name that was asked for, to look for near ones.
    #[serde(skip)]
    pub(crate) asked: Option<Box<str>>,
}

fn status_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    fn new(kind: &'static str, title: &'static str, status: StatusCode, detail: impl Into<Box<str>>) -> Problem {
        let detail = detail.into();
        Problem { kind, title, status, detail, instance: None, hint: None, candidates: Box::default(), asked: None }
    }

    pub(crate) fn unknown(detail: impl Into<Box<str>>) -> Problem {
        Problem::new("/problems/unknown", "nothing is known by that name", StatusCode::NOT_FOUND, detail)
    }

    pub(crate) fn malformed(detail: impl Into<Box<str>>) -> Problem {
        Problem::new("/problems/malformed", "the request cannot be understood", StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn too_large(bytes_max: usize) -> Problem {
        let detail = format!("the body is larger than {bytes_max} bytes");
        Problem::new("/problems/too-large", "the body is too large", StatusCode::PAYLOAD_TOO_LARGE, detail)
            .with_hint("send it in several requests: a repeat is recognised and does no harm")
    }

    pub(crate) fn refused(detail: impl Into<Box<str>>) -> Problem {
        Problem::new("/problems/refused", "this cannot be done", StatusCode::CONFLICT, detail)
    }

    pub(crate) fn forbidden(detail: impl Into<Box<str>>) -> Problem {
        Problem::new("/problems/forbidden", "not from here", StatusCode::FORBIDDEN, detail)
    }

    pub(crate) fn busy(detail: impl Into<Box<str>>) -> Problem {
        Problem::new("/problems/busy", "too much at once", StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_hint("try again in a moment")
    }

    pub(crate) fn slow() -> Problem {
        let detail = "the answer took too long";
        Problem::new("/problems/slow", "no answer in time", StatusCode::GATEWAY_TIMEOUT, detail)
            .with_hint("ask for less: a shorter time window, or one package instead of its lot")
    }

    /// A refusal that a layer below wrote as plain text.
    pub(crate) fn of(status: StatusCode, text: &[u8]) -> Problem {
        let text = String::from_utf8_lossy(text);
        let detail = match text.trim() {
            "" => status.canonical_reason().unwrap_or("refused").to_lowercase(),
            text => text.to_owned(),
        };
        match status {
            StatusCode::FORBIDDEN => Problem::forbidden("another site may not write here")
                .with_hint("open this server's own page and do it there; programs send no `Origin` header"),
            StatusCode::METHOD_NOT_ALLOWED => Problem::new(
                "/problems/method",
                "not by this method",
                status,
                "this address is there, but not for that",
            ),
            _ => Problem::new("/problems/malformed", "the request cannot be understood", status, detail),
        }
    }

    /// Whether it only asks which of several things was meant.
    pub(crate) fn is_choice(&self) -> bool {
        self.kind == "/problems/ambiguous"
    }

    fn asking(mut self, asked: &str) -> Problem {
        self.asked = Some(asked.into());
        self
    }

    /// A fault of ours: the page and the answer show a number, the log has the causes.
    pub(crate) fn fault(error: &dyn Error) -> Problem {
        let id = fault_id();
        tracing::error!(fault.id = %id, fault.causes = %causes(error), "a request failed");
        let mut problem = Problem::new(
            "/problems/fault",
            "something broke here",
            StatusCode::INTERNAL_SERVER_ERROR,
            error.to_string(),
        );
        problem.instance = Some(id.into());
        problem.with_hint("nothing that was acknowledged is lost; the server's log says more under this number")
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<Box<str>>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_candidates(mut self, candidates: Vec<String>) -> Problem {
        self.candidates = candidates.into();
        self
    }
}

fn fault_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let started = jiff::Timestamp::now().as_second();
    format!("F{started:X}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<QuestionError> for Problem {
    fn from(error: QuestionError) -> Problem {
        match &error {
            QuestionError::Unknown(text) => Problem::unknown(error.to_string()).asking(text).with_hint(
                "check the label; a bare code is looked up in all kinds, `lot:`, `package:`, `unit:` narrow it",
            ),
            QuestionError::Ambiguous { text, candidates } => {
                let title = "the name is not unique";
                let detail = format!("`{text}` names {} things", candidates.len());
                Problem::new("/problems/ambiguous", title, StatusCode::CONFLICT, detail)
                    .asking(text)
                    .with_hint("choose one of them")
                    .with_candidates(candidates.clone())
            }
            QuestionError::Malformed { .. } => Problem::malformed(error.to_string()),
            _ => Problem::fault(&error),
        }
    }
}

impl From<SiteError> for Problem {
    fn from(error: SiteError) -> Problem {
        let problem = match &error {
            SiteError::NotFound(_) => Problem::unknown(error.to_string()),
            SiteError::Refused(_) | SiteError::ReadOnly => Problem::refused(error.to_string()),
            SiteError::Input { source, .. } => Problem::malformed(format!("{error}: {source}")),
            SiteError::Stopped(_) => Problem::busy(error.to_string()),
            _ => Problem::fault(&error),
        };
        match error.hint() {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.extensions_mut().insert(self);
        response
    }
}
