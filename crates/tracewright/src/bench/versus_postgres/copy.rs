//! Rows in PostgreSQL's binary COPY form, and their way to the server.

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio_postgres::Transaction;

use super::server::Server;
use crate::bench::timing::Stopwatch;
use crate::say::Failure;

/// Bytes sent at once.
const CHUNK_BYTES: usize = 4 << 20;
/// What a binary COPY begins with: signature, flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const NULL: i32 = -1;

/// Rows of one table.
#[derive(Debug)]
pub(super) struct Rows {
    bytes: Vec<u8>,
}

impl Rows {
    fn new() -> Rows {
        Rows { bytes: HEADER.to_vec() }
    }

    /// Begins a row of so many columns.
    pub(super) fn row(&mut self, columns: i16) -> &mut Rows {
        self.bytes.extend_from_slice(&columns.to_be_bytes());
        self
    }

    fn field(&mut self, bytes: &[u8]) -> &mut Rows {
        self.bytes.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn null(&mut self) -> &mut Rows {
        self.bytes.extend_from_slice(&NULL.to_be_bytes());
        self
    }

    pub(super) fn int(&mut self, value: u32) -> &mut Rows {
        self.field(&(value as i32).to_be_bytes())
    }

    pub(super) fn int_or_null(&mut self, value: Option<u32>) -> &mut Rows {
        match value {
            Some(value) => self.int(value),
            None => self.null(),
        }
    }

    pub(super) fn small(&mut self, value: u16) -> &mut Rows {
        self.field(&(value as i16).to_be_bytes())
    }

    pub(super) fn yes(&mut self, value: bool) -> &mut Rows {
        self.field(&[u8::from(value)])
    }

    pub(super) fn text(&mut self, value: &str) -> &mut Rows {
        self.field(value.as_bytes())
    }

    /// A time, microseconds since 1970; PostgreSQL counts from 2000.
    pub(super) fn time(&mut self, us: i64) -> &mut Rows {
        const FROM_1970_TO_2000_US: i64 = 946_684_800_000_000;
        self.field(&(us - FROM_1970_TO_2000_US).to_be_bytes())
    }
}

/// Copies rows into a table of the transaction that made it. Only what the server and the way to it take is timed, not the making of the rows.
pub(super) fn copy<T>(
    server: &Server,
    transaction: &Transaction<'_>,
    watch: &mut Stopwatch,
    table: &str,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut Rows, T),
) -> Result<u64, Failure> {
    let statement = format!("copy {table} from stdin with (format binary, freeze)");
    let sink =
        watch.time(|| server.runtime.block_on(transaction.copy_in::<_, Bytes>(&*statement))).map_err(Failure::of)?;
    let mut sink = Box::pin(sink);
    let mut rows = Rows::new();
    for item in items {
        write(&mut rows, item);
        if rows.bytes.len() >= CHUNK_BYTES {
            let chunk = Bytes::from(std::mem::take(&mut rows.bytes));
            watch.time(|| server.runtime.block_on(sink.send(chunk))).map_err(Failure::of)?;
        }
    }
    // The end of the rows: a row of -1 columns.
    rows.row(-1);
    let chunk = Bytes::from(rows.bytes);
    watch
        .time(|| {
            server.runtime.block_on(async {
                sink.send(chunk).await?;
                sink.as_mut().finish().await
            })
        })
        .map_err(Failure::of)
}
