//! HTTP/1.1 by hand, blocking, every byte counted: tests cut, double and lose what a real client would repair.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A hub that does not answer within this has failed the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// What takes a device's requests: a hub over HTTP, or its plain functions.
pub trait Post {
    /// Posts a frame; status and body of the answer.
    ///
    /// # Errors
    /// When there is none.
    fn post(&mut self, path: &str, body: &[u8]) -> io::Result<(u16, Vec<u8>)>;
}

impl Post for Http {
    fn post(&mut self, path: &str, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        Http::post(self, path, body)
    }
}

/// A connection that is kept while it works.
#[derive(Debug)]
pub struct Http {
    address: String,
    stream: Option<BufReader<TcpStream>>,
    /// Bytes sent.
    pub up: u64,
    /// Bytes received.
    pub down: u64,
}

impl Http {
    /// To this `host:port`; connects when first needed.
    #[must_use]
    pub fn to(address: impl Into<String>) -> Self {
        Self { address: address.into(), stream: None, up: 0, down: 0 }
    }

    /// Goes elsewhere from now on, if the address is another one.
    pub fn move_to(&mut self, address: &str) {
        if self.address != address {
            address.clone_into(&mut self.address);
            self.stream = None;
        }
    }

    /// Closes the connection.
    pub fn hang_up(&mut self) {
        self.stream = None;
    }

    /// Posts a frame; status and body of the answer. Never tries twice.
    ///
    /// # Errors
    /// When the connection cannot be made or breaks; it is closed then.
    pub fn post(&mut self, path: &str, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        self.request("POST", path, "Content-Type: application/cbor\r\n", body)
    }

    /// Sends any request; status and body of the answer.
    ///
    /// # Errors
    /// As [`Http::post`].
    pub fn request(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.address)?,
        };
        let host = &self.address;
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n");
        stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.up += (head.len() + length) as u64;
        let (status, body, bytes) = read_answer(&mut stream)?;
        self.down += bytes;
        self.stream = Some(stream);
        Ok((status, body))
    }
}

fn connect(address: &str) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<(u16, Vec<u8>, u64)> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::UnexpectedEof, what.to_owned());
    let (mut status, mut length, mut bytes) = (None, 0, 0);
    loop {
        let mut line = String::new();
        let read = stream.read_line(&mut line)?;
        bytes += read as u64;
        let line = line.trim_end().to_ascii_lowercase();
        if read == 0 {
            return Err(broken("the hub went away"));
        }
        if line.is_empty() {
            break;
        }
        if status.is_none() {
            status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        } else if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(|_| broken("a length that is none"))?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((status.ok_or_else(|| broken("no status"))?, body, bytes + length as u64))
}
