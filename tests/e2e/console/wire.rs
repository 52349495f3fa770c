//! The fake console's end of the line: accepting, TLS, HTTP/1.1 with keep-alive, and the spoiled answers.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::console::answer;
use crate::console::fault::What;
use crate::console::identity::Identity;
use crate::console::{Console, Hit, Shared};

impl Console {
    /// Where it is reached.
    pub fn url(&self) -> String {
        let scheme = if self.pin.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port())
    }
}

/// Takes every connection, one thread each, until the console is dropped.
pub(super) fn accept(listener: &TcpListener, identity: Option<&Identity>, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let mut state = shared.lock();
        if state.stopping {
            return;
        }
        state.streams.push(stream.try_clone().unwrap());
        drop(state);
        stream.set_nodelay(true).ok();
        let shared = Arc::clone(shared);
        let tls = identity.map(|identity| Arc::clone(&identity.config));
        // The console keeps a handle to every connection, so the end must be said, not only dropped.
        let end = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            match tls {
                None => converse(stream, &shared),
                Some(config) => {
                    let connection = rustls::ServerConnection::new(config).unwrap();
                    converse(rustls::StreamOwned::new(connection, stream), &shared);
                }
            }
            end.shutdown(Shutdown::Both).ok();
        });
    }
}

/// What goes back for one request.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

fn converse(mut stream: impl Read + Write, shared: &Shared) {
    let mut buffer = Vec::new();
    while let Some(hit) = read_request(&mut stream, &mut buffer) {
        if !respond(&mut stream, shared, &hit) {
            break;
        }
    }
    stream.flush().ok();
}

/// Answers one request; `false` ends the connection.
fn respond(stream: &mut (impl Read + Write), shared: &Shared, hit: &Hit) -> bool {
    let mut state = shared.lock();
    state.hits.push(hit.clone());
    let struck = state
        .faults
        .iter_mut()
        .find_map(|fault| fault.strikes(&hit.path).then(|| fault.what.clone()));
    shared.changed.notify_all();
    if matches!(struck, Some(What::Hang | What::Hold)) {
        let releases = state.releases;
        state = shared
            .changed
            .wait_while(state, |state| state.releases == releases && !state.stopping)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.stopping || matches!(struck, Some(What::Hang)) {
            return false;
        }
    }
    let reply = match &struck {
        Some(What::Answer(wanted)) => Reply {
            status: wanted.status,
            kind: wanted.kind,
            headers: wanted.headers.clone(),
            body: wanted.body.clone(),
        },
        _ => answer::to(&mut state, hit),
    };
    let mut bytes = render(&reply, reply.body.as_bytes(), state.now);
    if let Some(What::Gzip { told }) = struck {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(reply.body.as_bytes()).unwrap();
        let mut reply = Reply {
            headers: reply.headers.clone(),
            body: String::new(),
            ..reply
        };
        if told {
            reply.headers.push(("Content-Encoding", "gzip".to_owned()));
        }
        bytes = render(&reply, &packed.finish().unwrap(), state.now);
    }
    drop(state);
    match struck {
        Some(What::Garbage) => stream
            .write_all(b"\x16\x03\x01 what is this\r\n\r\n")
            .is_ok_and(|()| false),
        Some(What::Nothing) => false,
        Some(What::CutOff) => {
            let most = bytes.len() - reply.body.len() / 2;
            stream.write_all(bytes.get(..most).unwrap_or_default()).ok();
            false
        }
        Some(What::Drip) => drip(stream, shared, &bytes),
        _ => stream.write_all(&bytes).and_then(|()| stream.flush()).is_ok(),
    }
}

/// One byte at a time, some ten a second: each read succeeds, the answer never comes.
fn drip(stream: &mut impl Write, shared: &Shared, bytes: &[u8]) -> bool {
    for byte in bytes {
        if stream.write_all(&[*byte]).and_then(|()| stream.flush()).is_err() {
            return false;
        }
        let state = shared.lock();
        let releases = state.releases;
        let pause = Duration::from_millis(100);
        let (state, _) = shared
            .changed
            .wait_timeout_while(state, pause, |state| {
                state.releases == releases && !state.stopping
            })
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.stopping {
            return false;
        }
    }
    true
}

fn render(reply: &Reply, body: &[u8], now: i64) -> Vec<u8> {
    let date = DateTime::from_timestamp_millis(now).unwrap_or_default();
    let mut head = format!(
        "HTTP/1.1 {} {}\r\nServer: nginx\r\nDate: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
        reply.status,
        reason(reply.status),
        date.format("%a, %d %b %Y %H:%M:%S GMT"),
        reply.kind,
        body.len()
    );
    for (name, value) in &reply.headers {
        head = format!("{head}{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        _ => "Status",
    }
}

/// The next request on this connection, or `None` at its end.
pub fn read_request(stream: &mut impl Read, buffer: &mut Vec<u8>) -> Option<Hit> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        fill(stream, buffer)?;
    };
    let head = String::from_utf8_lossy(buffer.get(..head_end)?).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    while buffer.len() < head_end + length {
        fill(stream, buffer)?;
    }
    let body = String::from_utf8_lossy(buffer.get(head_end..head_end + length)?).into_owned();
    buffer.drain(..head_end + length);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Hit {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
    })
}

fn fill(stream: &mut impl Read, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 16 * 1024];
    let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
    buffer.extend_from_slice(chunk.get(..count)?);
    Some(())
}
