//! As much of HTTP/1.1 as a console's web server needs, for clients that may send anything.

use std::io::{self, Read, Write};

use chrono::{DateTime, Utc};
use serde_json::Value;

const LONGEST_HEAD: usize = 16 * 1024;
const LONGEST_BODY: usize = 64 * 1024;
const MOST_HEADERS: usize = 100;

#[derive(Debug, Default)]
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub keep_alive: bool,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// What came over a connection.
#[derive(Debug)]
pub enum Received {
    Request(Request),
    /// The client has gone.
    Closed,
    /// Not HTTP, or too much of it: this is the answer, and the connection ends.
    Refused(Answer),
}

impl Request {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.iter().filter(|(own, _)| own == "cookie");
        cookies.flat_map(|(_, line)| line.split(';')).find_map(|pair| {
            let (own, value) = pair.split_once('=')?;
            (own.trim() == name).then(|| value.trim().trim_matches('"'))
        })
    }
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    pub fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The next request. `buffer` holds what was read beyond the last one.
pub fn receive(stream: &mut (impl Read + Write), buffer: &mut Vec<u8>) -> io::Result<Received> {
    let head_end = loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > LONGEST_HEAD {
            return Ok(refused(431));
        }
        if !read_more(stream, buffer)? {
            return Ok(Received::Closed);
        }
    };
    let head: Vec<u8> = buffer.drain(..head_end + 4).collect();
    if head.len() > LONGEST_HEAD {
        return Ok(refused(431));
    }
    let Some(mut request) = std::str::from_utf8(&head).ok().and_then(parse_head) else {
        return Ok(refused(400));
    };
    if request.header("transfer-encoding").is_some() {
        return Ok(refused(411));
    }
    let mut lengths = request
        .headers
        .iter()
        .filter(|(name, _)| name == "content-length");
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => 0,
        (Some((_, digits)), None) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse::<usize>().unwrap_or(usize::MAX)
        }
        _ => return Ok(refused(400)),
    };
    if length > LONGEST_BODY {
        return Ok(refused(413));
    }
    if request
        .header("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        stream.flush()?;
    }
    while buffer.len() < length {
        if !read_more(stream, buffer)? {
            return Ok(Received::Closed);
        }
    }
    request.body = buffer.drain(..length).collect();
    Ok(Received::Request(request))
}

/// Sends `answer`, dated `now`; without its body to a `HEAD`.
pub fn send(
    stream: &mut impl Write,
    answer: &Answer,
    now: DateTime<Utc>,
    keep_alive: bool,
    head_only: bool,
) -> io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {}\r\n\
         Vary: Origin\r\nX-Frame-Options: SAMEORIGIN\r\nX-Content-Type-Options: nosniff\r\n",
        answer.status,
        reason(answer.status),
        now.format("%a, %d %b %Y %H:%M:%S GMT"),
        answer.content_type,
        answer.body.len(),
        if keep_alive { "keep-alive" } else { "close" },
    );
    for (name, value) in &answer.headers {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    if !head_only {
        bytes.extend_from_slice(&answer.body);
    }
    stream.write_all(&bytes)?;
    stream.flush()
}

fn parse_head(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let known_version = matches!(version, "HTTP/1.1" | "HTTP/1.0");
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if words.next().is_some()
        || !known_version
        || !plain(method)
        || !plain(target)
        || !target.starts_with('/')
    {
        return None;
    }
    let mut headers = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        if !plain(name) || value.chars().any(|c| c.is_control() && c != '\t') || headers.len() >= MOST_HEADERS
        {
            return None;
        }
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let path = target.split(['?', '#']).next().unwrap_or(target).to_owned();
    let mut request = Request {
        method: method.to_owned(),
        path,
        headers,
        ..Request::default()
    };
    let connection = request.header("connection").unwrap_or("").to_ascii_lowercase();
    request.keep_alive = match version {
        "HTTP/1.1" => !connection.contains("close"),
        _ => connection.contains("keep-alive"),
    };
    Some(request)
}

fn read_more(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<bool> {
    let mut chunk = [0; 4 * 1024];
    let length = stream.read(&mut chunk)?;
    buffer.extend_from_slice(chunk.get(..length).unwrap_or_default());
    Ok(length > 0)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn refused(status: u16) -> Received {
    let (code, words) = (status, reason(status));
    let page = format!(
        "<html><head><title>{code} {words}</title></head><body><h1>{code} {words}</h1></body></html>"
    );
    Received::Refused(Answer::new(status, "text/html", page))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::demo::client::{connect, console, read_reply};

    #[test]
    fn too_much_is_refused() {
        let console = console(0);
        let status = |raw: &str| {
            let mut stream = connect(&console);
            // The console may have answered and closed before all of it was taken.
            drop(stream.write_all(raw.as_bytes()));
            read_reply(&mut stream).status
        };
        assert_eq!(
            status("POST /api/auth/login HTTP/1.1\r\nContent-Length: 65537\r\n\r\n"),
            413
        );
        assert_eq!(
            status("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
            413
        );
        assert_eq!(
            status("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            400
        );
        assert_eq!(
            status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            411
        );
        assert_eq!(
            status(&format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(16_380))),
            431
        );
        assert_eq!(status("GET http://elsewhere/ HTTP/1.1\r\n\r\n"), 400);
    }
}
