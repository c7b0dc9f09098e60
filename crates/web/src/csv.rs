//! Comma-separated values as spreadsheets read them (RFC 4180), made row by row.

use std::fmt::Write;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio_stream::iter;

/// Rows of one chunk of the answer.
const CHUNK_ROWS: usize = 1_000;

/// A file to download, sent in chunks so that a recall of 100,000 units is never one string.
pub(crate) fn download<R, F>(file: &str, head: &'static [&'static str], rows: Vec<R>, fields: F) -> Response
where
    R: Send + 'static,
    F: Fn(&R) -> Vec<String> + Send + 'static,
{
    let mut rows = rows.into_iter();
    let mut first = true;
    let chunks = std::iter::from_fn(move || {
        let mut text = String::new();
        if std::mem::take(&mut first) {
            line(&mut text, head.iter().copied());
        }
        for row in rows.by_ref().take(CHUNK_ROWS) {
            line(&mut text, fields(&row).iter().map(String::as_str));
        }
        (!text.is_empty()).then(|| Ok::<_, std::convert::Infallible>(Bytes::from(text)))
    });
    let safe: String = file.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{safe}.csv\"")),
    ];
    (headers, Body::from_stream(iter(chunks))).into_response()
}

fn line<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>) {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            text.push(',');
        }
        let field = unarmed(field);
        if field.contains([',', '"', '\n', '\r']) {
            write!(text, "\"{}\"", field.replace('"', "\"\"")).unwrap_or_default();
        } else {
            text.push_str(&field);
        }
    }
    text.push_str("\r\n");
}

/// A field that a spreadsheet would run as a formula is shown as text: labels come from outside.
fn unarmed(field: &str) -> String {
    match field.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') if field.parse::<f64>().is_err() => format!("'{field}"),
        _ => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_disarmed() {
        let mut text = String::new();
        line(&mut text, ["R1", "a,b", "say \"hi\"", "=1+1", "-5"].into_iter());
        assert_eq!(text, "R1,\"a,b\",\"say \"\"hi\"\"\",'=1+1,-5\r\n");
    }
}
