//! What all pages have in common: the frame around them, and how they are sent.

use askama::Template;
use axum::response::Html;

use crate::asset;
use crate::problem::Problem;
use crate::state::Desk;

/// A page as it is sent, or why there is none.
pub(super) type Page = Result<Html<String>, Problem>;

pub(super) fn sent(page: &impl Template) -> Page {
    page.render().map(Html).map_err(|error| Problem::fault(&error))
}

/// What is around every page.
pub(crate) struct Shell {
    pub(super) title: String,
    pub(super) site: String,
    pub(super) tab: &'static str,
    pub(super) scan: String,
    pub(super) focus: bool,
    pub(super) waiting: u64,
    pub(super) version: &'static str,
    pub(super) logo: String,
    pub(super) tabler: String,
    pub(super) style: String,
    pub(super) theme: String,
    pub(super) htmx: String,
    pub(super) script: String,
    pub(super) charts: String,
}

impl Shell {
    pub(super) fn new(desk: &Desk, tab: &'static str, title: impl Into<String>) -> Shell {
        Shell {
            title: title.into(),
            site: desk.house.name(),
            tab,
            scan: String::new(),
            focus: true,
            waiting: desk.pulse.latest().quarantined_waiting,
            version: env!("CARGO_PKG_VERSION"),
            logo: asset::url("logo.svg"),
            tabler: asset::url("vendor/tabler.min.css"),
            style: asset::url("tracewright.css"),
            theme: asset::url("theme.js"),
            htmx: asset::url("vendor/htmx.min.js"),
            script: asset::url("tracewright.js"),
            charts: asset::url("vendor/echarts.simple.min.js"),
        }
    }

    /// The page is a form of its own: the scan box leaves the caret to it.
    pub(super) fn without_focus(mut self) -> Shell {
        self.focus = false;
        self
    }
}
