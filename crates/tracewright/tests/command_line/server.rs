//! A server that listens on a port of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::tracewright;

/// A server, killed when it is dropped.
pub(crate) struct Server {
    process: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Server {
        let mut process = spawned(data);
        let address = address(&mut process).expect("says where it listens");
        Server { process, address }
    }

    /// Whether a body was acknowledged, that was sent to a path of the programming interface. A server that is killed acknowledges nothing.
    pub(crate) fn post(&self, path: &str, body: &str) -> bool {
        post(&self.address, path, body).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// Kills it (signal 9) after a while, whatever it does then.
    pub(crate) fn kill_after(mut self, after: Duration) {
        std::thread::sleep(after);
        self.process.kill().ok();
    }

    /// One that is killed after a while, perhaps before it listens.
    pub(crate) fn start_and_kill_after(data: &Path, after: Duration) {
        let process = spawned(data);
        Server { process, address: String::new() }.kill_after(after);
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn spawned(data: &Path) -> Child {
    tracewright(data, &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs")
}

fn address(process: &mut Child) -> Option<String> {
    let mut line = String::new();
    BufReader::new(process.stdout.take()?).read_line(&mut line).ok()?;
    Some(line.trim().rsplit('/').next()?.to_owned()).filter(|address| !address.is_empty())
}

/// The whole answer to a request, as it came over the wire.
pub(crate) fn post(address: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!("POST {path} HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json");
    write!(stream, "{head}\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
