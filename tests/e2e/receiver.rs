//! A scripted receiver of webhooks on 127.0.0.1: it writes down what arrives and answers as a test wants it to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use serde_json::Value;

use crate::console::PATIENCE;
use crate::console::identity::Identity;
use crate::console::wire::read_request;

/// The token in the path and in the query, and what messages are signed with.
pub const TOKEN: &str = "t0k3n-Jc41qplum";
pub const QUERY: &str = "qu3ry-90faelder";
pub const SECRET: &str = "s1gn-77c0medlar";

#[derive(Clone, Debug)]
pub enum Manner {
    Says(u16),
    /// With this `Retry-After`.
    SaysLater(u16, String),
    /// 301 to this URL.
    Redirects(String),
    /// Reads all of it and never answers.
    Hangs,
    /// Reads all of it and closes the connection: it may have kept the message, or not.
    Drops,
    /// Says 200, and never ends the body that it promises.
    Drips,
}

/// A message as it arrived.
#[derive(Clone, Debug)]
pub struct Got {
    pub key: String,
    pub headers: BTreeMap<String, String>,
    pub raw: String,
    pub body: Value,
    /// It was answered with 200.
    pub accepted: bool,
}

impl Got {
    pub fn runs(&self) -> Vec<u64> {
        let runs = self.body["runs"].as_array().unwrap();
        runs.iter().map(|run| run.as_u64().unwrap()).collect()
    }
}

pub struct Receiver {
    shared: Arc<(Mutex<State>, Condvar)>,
    port: u16,
    tls: Option<Arc<rustls::ServerConfig>>,
}

struct State {
    /// How the next messages are met, before `manner` is.
    first: VecDeque<Manner>,
    manner: Manner,
    got: Vec<Got>,
    streams: Vec<TcpStream>,
    stopping: bool,
}

impl Receiver {
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// One that shows this certificate.
    pub fn start_tls(identity: &Identity) -> Self {
        Self::start_with(Some(Arc::clone(&identity.config)))
    }

    fn start_with(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            first: VecDeque::new(),
            manner: Manner::Says(200),
            got: Vec::new(),
            streams: Vec::new(),
            stopping: false,
        };
        let receiver = Self {
            shared: Arc::new((Mutex::new(state), Condvar::new())),
            port,
            tls,
        };
        receiver.listen(listener);
        receiver
    }

    fn listen(&self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        let tls = self.tls.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                let mut state = lock(&shared);
                if state.stopping {
                    drop(listener);
                    state.stopping = false;
                    shared.1.notify_all();
                    return;
                }
                state.streams.push(stream.try_clone().unwrap());
                drop(state);
                let shared = Arc::clone(&shared);
                let end = stream.try_clone().unwrap();
                match tls.clone() {
                    None => std::thread::spawn(move || converse(stream, &end, &shared)),
                    Some(config) => std::thread::spawn(move || {
                        let connection = rustls::ServerConnection::new(config).unwrap();
                        converse(rustls::StreamOwned::new(connection, stream), &end, &shared);
                    }),
                };
            }
        });
    }

    /// Closes the port: connections are refused until [`Self::opens`].
    pub fn closes(&self) {
        let mut state = lock(&self.shared);
        state.stopping = true;
        drop(state);
        TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        self.wait_until("the end", |_, stopping| !stopping);
    }

    pub fn opens(&self) {
        self.listen(TcpListener::bind(("127.0.0.1", self.port)).unwrap());
    }

    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}/hook/{TOKEN}?key={QUERY}", self.port)
    }

    pub fn manner(&self, manner: Manner) {
        lock(&self.shared).manner = manner;
    }

    /// Meets the next message so, and all later ones as [`Self::manner`] says.
    pub fn once(&self, manner: Manner) {
        lock(&self.shared).first.push_back(manner);
    }

    pub fn got(&self) -> Vec<Got> {
        lock(&self.shared).got.clone()
    }

    /// The runs of every message, in the order of arrival.
    pub fn runs(&self) -> Vec<Vec<u64>> {
        self.got().iter().map(Got::runs).collect()
    }

    /// Blocks until so many messages have arrived.
    pub fn wait_for(&self, count: usize) {
        self.wait_until("the message", |got, _| got >= count);
    }

    fn wait_until(&self, what: &str, reached: impl Fn(usize, bool) -> bool) {
        let state = lock(&self.shared);
        let (_state, late) = self
            .shared
            .1
            .wait_timeout_while(state, PATIENCE, |state| !reached(state.got.len(), state.stopping))
            .unwrap();
        assert!(!late.timed_out(), "the receiver never saw {what}");
    }

    /// Every run from `first` to `last` was accepted, and what arrived twice did so under one key.
    #[track_caller]
    pub fn has_all(&self, first: u64, last: u64) {
        let got = self.got();
        let accepted: BTreeSet<u64> = got
            .iter()
            .filter(|got| got.accepted)
            .flat_map(Got::runs)
            .collect();
        assert_eq!(accepted, (first..=last).collect(), "{:?}", self.runs());
        let mut keys: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for message in got.iter().filter(|got| got.accepted) {
            for run in message.runs() {
                keys.entry(run).or_default().insert(message.key.clone());
            }
        }
        assert!(keys.values().all(|keys| keys.len() == 1), "{keys:#?}");
    }
}

/// `end` is the connection's own handle, which closes it whatever it speaks.
fn converse(mut stream: impl Read + Write, end: &TcpStream, shared: &(Mutex<State>, Condvar)) {
    let Some(hit) = read_request(&mut stream, &mut Vec::new()) else {
        return;
    };
    assert!(hit.path.ends_with(TOKEN), "{hit:?}");
    let mut state = lock(shared);
    let manner = state.first.pop_front().unwrap_or_else(|| state.manner.clone());
    state.got.push(Got {
        key: hit.headers.get("idempotency-key").cloned().unwrap_or_default(),
        body: serde_json::from_str(&hit.body).unwrap(),
        raw: hit.body,
        headers: hit.headers,
        accepted: matches!(manner, Manner::Says(200..=299) | Manner::Drips),
    });
    shared.1.notify_all();
    drop(state);
    let head = match manner {
        Manner::Says(status) => format!("HTTP/1.1 {status} Said\r\nContent-Length: 2\r\n\r\nok"),
        Manner::SaysLater(status, when) => {
            format!("HTTP/1.1 {status} Said\r\nRetry-After: {when}\r\nContent-Length: 0\r\n\r\n")
        }
        Manner::Redirects(url) => {
            format!("HTTP/1.1 301 Moved\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n")
        }
        Manner::Drips => "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{".to_owned(),
        Manner::Hangs => return,
        Manner::Drops => {
            end.shutdown(Shutdown::Both).ok();
            return;
        }
    };
    stream.write_all(head.as_bytes()).ok();
    stream.flush().ok();
}

fn lock(shared: &(Mutex<State>, Condvar)) -> MutexGuard<'_, State> {
    shared.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut state = lock(&self.shared);
        state.stopping = true;
        for stream in &state.streams {
            stream.shutdown(Shutdown::Both).ok();
        }
        drop(state);
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}
