//! A connection that posts, one request after the other: as much HTTP as a machine needs.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::say::Failure;

pub(super) struct Sender {
    to: SocketAddr,
    connection: BufReader<TcpStream>,
}

impl Sender {
    pub(super) fn connect(to: SocketAddr) -> Result<Sender, Failure> {
        let connection = TcpStream::connect(to)?;
        connection.set_nodelay(true)?;
        Ok(Sender { to, connection: BufReader::new(connection) })
    }

    /// Sends a body and waits until it is acknowledged.
    pub(super) fn post(&mut self, path: &str, body: &[u8]) -> Result<(), Failure> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.to,
            body.len()
        );
        let connection = self.connection.get_mut();
        connection.write_all(&[head.as_bytes(), body].concat())?;
        let mut status = String::new();
        self.connection.read_line(&mut status)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.connection.read_line(&mut line)?;
            let line = line.trim();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        io::copy(&mut (&mut self.connection).take(length), &mut io::sink())?;
        if status.split_whitespace().nth(1) == Some("200") {
            return Ok(());
        }
        Err(Failure::of(anyhow::anyhow!("the server answered `{}`", status.trim())))
    }
}
