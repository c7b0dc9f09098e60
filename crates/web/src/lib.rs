//! HTTP API, pages and live streams.
