//! A fake UniFi OS console on 127.0.0.1: real sockets, its own rows, clock, accounts and request log,
//! and whatever fault a test asks for. It shares no code with the program.

mod answer;
pub mod beside;
pub mod fault;
pub mod identity;
pub mod manner;
pub mod row;
pub mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::{Value, json};

use crate::console::beside::Beside;
use crate::console::fault::Fault;
use crate::console::identity::Identity;
pub use crate::console::manner::{Bounds, Manner};
use crate::console::row::Row;

/// The account and the key every fake console knows.
pub const API_KEY: &str = "k3y-5f0e2b7c9d1a4468bb0e";
pub const USERNAME: &str = "scan-reader";
pub const PASSWORD: &str = "p4ss-Zr8!quince&marmalade";

/// How long a test waits for something that is about to happen before it calls it a failure.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Console {
    shared: Arc<Shared>,
    address: SocketAddr,
    pin: Option<String>,
}

pub struct Shared {
    pub state: Mutex<State>,
    pub changed: Condvar,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a trait of its own; a console may have any of them"
)]
pub struct State {
    /// The console's clock in milliseconds; it stands still until a test moves it.
    pub now: i64,
    pub uuid: String,
    pub version: String,
    pub timezone: String,
    pub retention_days: Option<i64>,
    /// The path it lies under, behind a reverse proxy.
    pub base_path: String,
    /// A self-hosted controller: cookies and paths of its own, and no keys.
    pub classic: bool,
    /// It has a v2 system log (Network 8 and newer).
    pub has_log: bool,
    /// What the lists beside the log hold, ascending by time: `events`, `alarms`, `ips` of older consoles, `audit`,
    /// `activity` and `flows` of newer ones.
    pub lists: BTreeMap<&'static str, Vec<Row>>,
    pub beside: Beside,
    pub sites: Vec<Site>,
    /// Rows per site, ascending by time, then by order of arrival.
    pub rows: BTreeMap<String, Vec<Row>>,
    pub devices: Vec<Value>,
    pub health: Vec<Value>,
    pub manner: Manner,
    pub faults: Vec<Fault>,
    /// Rows that come in once so many system-log answers have been given.
    pub arrivals: Vec<(usize, Row)>,
    pub log_answers: usize,
    pub hits: Vec<Hit>,
    /// Cookie → the CSRF token that its next POST must carry.
    pub sessions: BTreeMap<String, String>,
    pub key_is_good: bool,
    pub logins: usize,
    pub logouts: usize,
    /// Every cookie and token ever handed out.
    pub issued: Vec<String>,
    /// Moved by [`Console::release`]: held requests go on.
    pub releases: usize,
    pub stopping: bool,
    streams: Vec<TcpStream>,
}

#[derive(Clone)]
pub struct Site {
    pub id: String,
    pub name: String,
    pub desc: String,
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Hit {
    pub method: String,
    pub path: String,
    /// Behind the `?`.
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Console {
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    pub fn start_at(address: &str) -> Self {
        Self::listen(address, None, None)
    }

    pub fn start_tls() -> Self {
        let identity = Identity::fresh();
        let pin = identity.pin.clone();
        Self::listen("127.0.0.1:0", Some(identity), Some(pin))
    }

    fn listen(address: &str, identity: Option<Identity>, pin: Option<String>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new()),
            changed: Condvar::new(),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || wire::accept(&listener, identity.as_ref(), &served));
        Self { shared, address, pin }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate's SHA-256 in hex, if this console speaks TLS.
    pub fn pin(&self) -> Option<&str> {
        self.pin.as_deref()
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.state().now).unwrap()
    }

    pub fn advance(&self, by: chrono::TimeDelta) {
        self.state().now += by.num_milliseconds();
    }

    pub fn add(&self, rows: impl IntoIterator<Item = Row>) {
        self.add_to("default", rows);
    }

    pub fn add_to(&self, site: &str, rows: impl IntoIterator<Item = Row>) {
        // Rows may be made while they are iterated, with a look at this console's clock.
        let rows: Vec<Row> = rows.into_iter().collect();
        let mut state = self.state();
        let store = state.rows.entry(site.to_owned()).or_default();
        store.extend(rows);
        store.sort_by_key(|row| row.time);
    }

    /// Rows in one of the lists beside the log.
    pub fn list(&self, name: &'static str, rows: impl IntoIterator<Item = Row>) {
        let mut state = self.state();
        let list = state.lists.entry(name).or_default();
        list.extend(rows);
        list.sort_by_key(|row| row.time);
    }

    pub fn manner(&self, manner: Manner) {
        self.state().manner = manner;
    }

    pub fn fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// From now on it behaves, and requests that were held go on.
    pub fn behave(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.manner = Manner::default();
        state.releases += 1;
        self.shared.changed.notify_all();
    }

    pub fn release(&self) {
        self.state().releases += 1;
        self.shared.changed.notify_all();
    }

    /// Blocks until the console has come to this.
    pub fn wait_until(&self, what: &str, mut reached: impl FnMut(&State) -> bool) {
        let state = self.state();
        let (state, late) = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !reached(state))
            .unwrap();
        assert!(
            !late.timed_out(),
            "the console never saw {what}; requests: {:#?}",
            state.paths()
        );
    }

    pub fn wait_for_path(&self, end: &str) {
        self.wait_until(end, |state| state.hits.iter().any(|hit| hit.path.ends_with(end)));
    }

    pub fn hits(&self) -> Vec<Hit> {
        self.state().hits.clone()
    }

    /// How many requests for a path with this ending came in.
    pub fn asked(&self, end: &str) -> usize {
        self.state().asked(end)
    }

    /// The ids of every row the default site shows now.
    pub fn ids(&self) -> BTreeSet<String> {
        let state = self.state();
        let rows = state.rows.get("default").into_iter().flatten();
        rows.filter(|row| row.appears <= state.now)
            .map(|row| row.id.clone())
            .collect()
    }

    /// Everything that must never be seen outside of the requests themselves.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![API_KEY.to_owned(), PASSWORD.to_owned()];
        secrets.extend(self.state().issued.iter().cloned());
        secrets
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        for stream in &state.streams {
            stream.shutdown(Shutdown::Both).ok();
        }
        drop(state);
        self.shared.changed.notify_all();
        // The acceptor wakes up for this one, sees the flag and closes the port.
        TcpStream::connect(self.address).ok();
    }
}

impl Shared {
    /// A test that panicked while it held the state must not hide its own message behind a poisoned lock.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    fn new() -> Self {
        Self {
            now: Utc::now().trunc_subsecs(0).timestamp_millis(),
            base_path: String::new(),
            classic: false,
            has_log: true,
            lists: BTreeMap::new(),
            beside: Beside::default(),
            uuid: "7c1e64a0-5f3b-4c0e-9d57-02f1a3b4c5d6".to_owned(),
            version: "10.3.58".to_owned(),
            timezone: "Europe/Berlin".to_owned(),
            retention_days: Some(90),
            sites: vec![Site::new("5dcadb04f8cd8804ddee7b9b", "default", "Default")],
            rows: BTreeMap::new(),
            devices: vec![
                row::device("02:00:5e:00:53:01", "Hall AP", json!({})),
                row::device(
                    "02:00:5e:00:53:02",
                    "Office switch",
                    json!({"type": "usw", "model": "USL8LP"}),
                ),
            ],
            health: vec![
                json!({"subsystem": "wlan", "status": "ok", "num_ap": 1, "num_adopted": 1, "num_disconnected": 0}),
                json!({"subsystem": "wan", "status": "ok", "wan_ip": "203.0.113.7"}),
                json!({"subsystem": "www", "status": "ok", "latency": 9}),
            ],
            manner: Manner::default(),
            faults: Vec::new(),
            arrivals: Vec::new(),
            log_answers: 0,
            hits: Vec::new(),
            sessions: BTreeMap::new(),
            key_is_good: true,
            logins: 0,
            logouts: 0,
            issued: Vec::new(),
            releases: 0,
            stopping: false,
            streams: Vec::new(),
        }
    }

    pub fn asked(&self, end: &str) -> usize {
        self.hits.iter().filter(|hit| hit.path.ends_with(end)).count()
    }

    pub fn paths(&self) -> Vec<String> {
        self.hits
            .iter()
            .map(|hit| format!("{} {} {}", hit.method, hit.path, hit.body))
            .collect()
    }
}

impl Site {
    pub fn new(id: &str, name: &str, desc: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            desc: desc.to_owned(),
        }
    }
}
