//! As much of HTTP/1.1 as stands between the program and the servers: messages with a length, in chunks, or up to the
//! end of the connection.

use std::io::{BufRead, Read, Write};

use flate2::read::MultiGzDecoder;

/// Bytes of the head of a message at most.
const HEAD: u64 = 64 << 10;

/// A request or an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    /// The request line or the status line.
    pub(crate) line: String,
    /// Fields as they came, in order.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// An answer of our own.
    pub(crate) fn answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let fields = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { line: format!("HTTP/1.1 {status} Fault"), fields, body: body.into() }
    }

    /// The next request of a connection; none at its end, or where it ends within one.
    pub(crate) fn request(from: &mut impl BufRead, to: &mut impl Write) -> Option<Self> {
        let mut message = Self::head(from)?;
        if message.field("expect").is_some() {
            // The body only comes when it is asked for.
            to.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
            message.remove("expect");
        }
        message.read_body(from, false)?;
        Some(message)
    }

    /// The answer to a request.
    pub(crate) fn response(from: &mut impl BufRead) -> Option<Self> {
        loop {
            let mut message = Self::head(from)?;
            let status = message.status();
            if (100..200).contains(&status) {
                continue;
            }
            if status != 204 && status != 304 {
                message.read_body(from, true)?;
            }
            return Some(message);
        }
    }

    fn head(from: &mut impl BufRead) -> Option<Self> {
        let mut from = from.take(HEAD);
        let mut next = || {
            let mut line = String::new();
            let read = from.read_line(&mut line).ok()?;
            line.ends_with("\r\n").then(|| line.truncate(read - 2))?;
            Some(line)
        };
        let line = next()?;
        let mut fields = Vec::new();
        loop {
            let field = next()?;
            if field.is_empty() {
                return Some(Self { line, fields, body: Vec::new() });
            }
            let (name, value) = field.split_once(':')?;
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// The body; from here on the message has a length.
    fn read_body(&mut self, from: &mut impl BufRead, until_end: bool) -> Option<()> {
        let chunked = self.field("transfer-encoding").is_some_and(|value| value.contains("chunked"));
        if chunked {
            loop {
                let mut line = String::new();
                from.read_line(&mut line).ok()?;
                let size = usize::from_str_radix(line.trim().split(';').next()?, 16).ok()?;
                let start = self.body.len();
                self.body.resize(start + size, 0);
                from.read_exact(&mut self.body[start..]).ok()?;
                let mut end = String::new();
                from.read_line(&mut end).ok()?;
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = self.field("content-length") {
            self.body = vec![0; length.parse().ok()?];
            from.read_exact(&mut self.body).ok()?;
        } else if until_end {
            from.read_to_end(&mut self.body).ok()?;
        }
        self.remove("transfer-encoding");
        Some(())
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|(field, _)| !field.eq_ignore_ascii_case(name));
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn method(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn status(&self) -> u16 {
        self.target().parse().unwrap_or_default()
    }

    /// Reads the body as OpenSearch does.
    pub(crate) fn plain(&self) -> Box<dyn Read + '_> {
        match self.field("content-encoding").map(str::to_ascii_lowercase).as_deref() {
            Some("gzip") => Box::new(MultiGzDecoder::new(self.body.as_slice())),
            Some("zstd") => Box::new(zstd::stream::read::Decoder::new(self.body.as_slice()).unwrap()),
            _ => Box::new(self.body.as_slice()),
        }
    }

    /// The message as it goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{}\r\n", self.line);
        let mut length = format!("content-length: {}\r\n", self.body.len());
        if self.body.is_empty() && matches!(self.method(), "GET" | "DELETE" | "HEAD") {
            length.clear();
        }
        for (name, value) in &self.fields {
            if !name.eq_ignore_ascii_case("content-length") {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str(&length);
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
