//! Delivers what a factory says to a running server, as a machine's gateway would: `POST` after `POST`, each answered before the next.
//!
//! Plain HTTP/1.1 over one connection a request, because that is all a simulated factory needs. It does not speak TLS: for a server behind one,
//! write files and send them with another client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use ::factory::{Kind, Output};
use anyhow::{Context as _, anyhow, bail};
use serde::{Deserialize, Serialize};

/// Messages of one request.
const MESSAGES_MAX: usize = 500;
/// Bytes of messages after which a request is sent, however few they are.
const BYTES_MAX: usize = 4 << 20;
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the server is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Server {
    host: String,
    port: u16,
    /// What stands before `/api`, without a slash at its end.
    prefix: String,
}

impl Server {
    /// Reads `http://host[:port][/prefix]`.
    pub(crate) fn parse(url: &str) -> Result<Server, String> {
        let Some(rest) = url.strip_prefix("http://") else {
            return Err(format!("the server's address begins with `http://`, and `{url}` does not"));
        };
        let (authority, prefix) = rest.split_once('/').map_or((rest, String::new()), |(authority, path)| {
            let path = path.trim_end_matches('/');
            (authority, if path.is_empty() { String::new() } else { format!("/{path}") })
        });
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| format!("`{port}` in `{url}` is no port"))?)
            }
            _ => (authority, 80),
        };
        if host.is_empty() {
            return Err(format!("`{url}` names no host"));
        }
        Ok(Server { host: host.to_owned(), port, prefix })
    }

    /// One request, and the body of its answer.
    fn post(&self, path: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let mut stream = TcpStream::connect((host, self.port))
            .with_context(|| format!("no server at `{}:{}`", self.host, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let head = format!(
            "POST {}{path} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.prefix,
            self.host,
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("the server did not answer")?;
        read_answer(&answer)
    }
}

/// The body of an answer that says 200.
fn read_answer(answer: &[u8]) -> anyhow::Result<Vec<u8>> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").ok_or_else(|| anyhow!("no HTTP answer came"))?;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let chunked = head.lines().any(|line| line.starts_with("transfer-encoding:") && line.contains("chunked"));
    let body = &answer[end + 4..];
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    if status != "200" {
        bail!("the server answered {status}: {}", String::from_utf8_lossy(&body).chars().take(300).collect::<String>());
    }
    Ok(body)
}

/// Joins the chunks of a chunked body.
fn unchunk(mut bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = bytes.windows(2).position(|pair| pair == b"\r\n").ok_or_else(|| anyhow!("a chunk is cut off"))?;
        let size = String::from_utf8_lossy(&bytes[..line]);
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
        bytes = &bytes[line + 2..];
        if size == 0 {
            return Ok(whole);
        }
        whole.extend_from_slice(bytes.get(..size).ok_or_else(|| anyhow!("a chunk is cut off"))?);
        bytes = bytes.get(size + 2..).ok_or_else(|| anyhow!("a chunk is cut off"))?;
    }
}

/// What became of the messages.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Delivered {
    pub(crate) messages: u64,
    pub(crate) recorded: u64,
    pub(crate) duplicates: u64,
    pub(crate) heartbeats: u64,
    pub(crate) quarantined: u64,
}

#[derive(Deserialize)]
struct Answer {
    counts: Counts,
}

#[derive(Deserialize)]
struct Counts {
    messages: u64,
    recorded: u64,
    duplicates: u64,
    heartbeats: u64,
    quarantined: u64,
}

/// Sends everything, in the order of delivery as far as batches allow.
pub(crate) fn deliver(server: &Server, outputs: impl Iterator<Item = Output>) -> anyhow::Result<Delivered> {
    let mut delivered = Delivered::default();
    let (mut cfx, mut events, mut count) = (Vec::new(), Vec::new(), 0);
    for output in outputs {
        let (stream, line) = match output.kind {
            Kind::Cfx(line) => (&mut cfx, line),
            Kind::Event(line) => (&mut events, line),
        };
        stream.extend_from_slice(line.as_bytes());
        stream.push(b'\n');
        count += 1;
        if count >= MESSAGES_MAX || cfx.len() >= BYTES_MAX {
            delivered.send(server, &mut cfx, &mut events)?;
            count = 0;
        }
    }
    delivered.send(server, &mut cfx, &mut events)?;
    Ok(delivered)
}

impl Delivered {
    fn send(&mut self, server: &Server, cfx: &mut Vec<u8>, events: &mut Vec<u8>) -> anyhow::Result<()> {
        for (path, bytes) in [("/api/v1/capture/cfx?source=factory", cfx), ("/api/v1/events?source=factory", events)] {
            if bytes.is_empty() {
                continue;
            }
            let answer = server.post(path, bytes)?;
            let Answer { counts } = serde_json::from_slice(&answer).context("the server's answer does not read")?;
            self.messages += counts.messages;
            self.recorded += counts.recorded;
            self.duplicates += counts.duplicates;
            self.heartbeats += counts.heartbeats;
            self.quarantined += counts.quarantined;
            bytes.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let server = |host: &str, port, prefix: &str| Server { host: host.into(), port, prefix: prefix.into() };
        assert_eq!(Server::parse("http://127.0.0.1:8642"), Ok(server("127.0.0.1", 8642, "")));
        assert_eq!(Server::parse("http://plant/"), Ok(server("plant", 80, "")));
        assert_eq!(Server::parse("http://plant:81/mes/"), Ok(server("plant", 81, "/mes")));
        assert_eq!(Server::parse("http://[::1]:8642"), Ok(server("[::1]", 8642, "")));
        for wrong in ["https://plant", "plant:8642", "http://plant:port", "http:///api"] {
            assert!(Server::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers() {
        let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(read_answer(plain).expect("reads"), b"{}");
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n3\r\na\":\r\n0\r\n\r\n";
        assert_eq!(read_answer(chunked).expect("reads"), b"{\"a\":");
        for wrong in [
            &b"HTTP/1.1 503 Busy\r\n\r\nlater"[..],
            b"",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}",
        ] {
            assert!(read_answer(wrong).is_err());
        }
    }
}
