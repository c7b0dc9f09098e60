//! HTTP API, pages and live streams.
//!
//! Everything here translates: a request becomes one question to the [`House`], its answer becomes a page or a document. Status codes, URLs
//! and HTML live here and nowhere else; SQL and rules do not. Questions block, so each is asked on a thread of its own kind
//! ([`tokio::task::spawn_blocking`]). Pages work without scripts; scripts only make them live.

mod api;
mod asset;
mod csv;
mod guard;
mod house;
mod link;
mod page;
mod problem;
mod pulse;
mod serve;
mod state;

pub use api::openapi;
pub use guard::{ListenRefused, check_listen};
pub use house::House;
pub use link::{scanned, thing_path};
pub use serve::{Options, router, serve};
