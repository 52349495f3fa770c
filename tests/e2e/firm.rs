//! A firm that looks after its customers' consoles, and sends each customer what is theirs.

use std::fmt::Write as _;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::console::row::{Row, device};
use crate::console::{API_KEY, Console, Site};
use crate::receiver::{QUERY, Receiver, TOKEN};
use crate::scenario::Scenario;

/// A customer's site: its console and short name, and what may be seen by nobody else.
pub struct Customer {
    pub site: &'static str,
    pub label: &'static str,
    pub id: &'static str,
    /// In every name, and in every MAC.
    pub mark: &'static str,
    pub mac: &'static str,
    pub address: &'static str,
    pub rows: u64,
}

pub const ACME: Customer = Customer {
    site: "acme/default",
    label: "Acme",
    id: "5dcadb04f8cd8804ddee7b9b",
    mark: "acme",
    mac: "02:00:5e:aa:aa",
    address: "198.51.100.11",
    rows: 7,
};
pub const BOREALIS: Customer = Customer {
    site: "msp/default",
    label: "Borealis",
    id: "5dcadb04f8cd8804ddee7c01",
    mark: "borealis",
    mac: "02:00:5e:bb:bb",
    address: "198.51.100.22",
    rows: 11,
};
pub const CUMULUS: Customer = Customer {
    site: "msp/branch01",
    label: "Cumulus Ltd",
    id: "5dcadb04f8cd8804ddee7c02",
    mark: "cumulus",
    mac: "02:00:5e:cc:cc",
    address: "198.51.100.33",
    rows: 13,
};
pub const ALL: [&Customer; 3] = [&ACME, &BOREALIS, &CUMULUS];

impl Customer {
    fn short(&self) -> &str {
        self.site.split_once('/').unwrap().1
    }

    fn devices(&self) -> Vec<Value> {
        let named = |n: u8, what: &str, fields: Value| {
            let mut device = device(
                &format!("{}:{n:02}", self.mac),
                &format!("{} {what}", self.mark),
                fields,
            );
            device["site_id"] = json!(self.id);
            device
        };
        vec![
            named(1, "hall", json!({})),
            named(2, "attic", json!({"state": 0})),
        ]
    }

    /// Rows of every kind: that need nobody, that are findings, and that nobody has described.
    fn add(&self, console: &Console, first: u64) {
        let time = |n: u64| {
            console.now() - TimeDelta::minutes(40) + TimeDelta::seconds(i64::try_from(n % 1000).unwrap())
        };
        let client = |n: u64| {
            let mac = format!("{}:{:02x}", self.mac, n % 200);
            json!({"id": mac, "name": format!("{} phone {n}", self.mark), "ip": self.address})
        };
        let row = |n: u64| match n % 4 {
            0 => Row::threat(n, time(n), self.address, "192.0.2.7"),
            1 => Row::shaped(
                n,
                time(n),
                &json!({
                    "key": format!("{}_NEW_THING", self.mark.to_uppercase()),
                    "message_raw": format!("Something new at {}.", self.label), "parameters": {"CLIENT": client(n)},
                }),
            ),
            _ => Row::shaped(n, time(n), &json!({"parameters": {"CLIENT": client(n)}})),
        };
        console.add_to(self.short(), (first..first + self.rows).map(row));
    }

    /// What only this customer may read, also in a reason or a warning. The names that sites of two consoles share are
    /// no secret.
    fn secrets(&self) -> Vec<String> {
        let words = [self.site, self.label, self.id, self.mark, self.mac, self.address];
        let mut words: Vec<String> = words.map(str::to_lowercase).to_vec();
        if self.short() != "default" {
            words.push(self.short().to_owned());
        }
        words
    }
}

/// A firm that looks after three sites on two consoles.
pub struct Firm {
    pub scenario: Scenario,
    pub acme: Console,
    pub msp: Console,
    pub consoles: String,
}

impl Firm {
    pub fn new() -> Self {
        let (acme, msp) = (Console::start(), Console::start());
        let site = |customer: &Customer| Site::new(customer.id, customer.short(), customer.label);
        for (console, customers) in [(&acme, [&ACME].as_slice()), (&msp, &[&BOREALIS, &CUMULUS])] {
            let mut state = console.state();
            state.sites = customers.iter().map(|customer| site(customer)).collect();
            state.devices = customers.iter().flat_map(|customer| customer.devices()).collect();
        }
        "7c1e64a0-5f3b-4c0e-9d57-02f1a3b4c599".clone_into(&mut msp.state().uuid);
        let mut consoles = String::new();
        for (name, console, sites) in [("acme", &acme, "[\"default\"]"), ("msp", &msp, "\"all\"")] {
            let port = console.port();
            write!(
                consoles,
                "[[controller]]\nname = \"{name}\"\nhost = \"http://127.0.0.1:{port}\"\napi_key = \"{API_KEY}\"\n\
                 sites = {sites}\n"
            )
            .unwrap();
        }
        let scenario = Scenario::new();
        let path = scenario.home().join("firm.toml");
        let scenario = scenario
            .env("UNIFI_SCAN_CONFIG", path.to_str().unwrap())
            .secret(TOKEN)
            .secret(QUERY);
        let firm = Self {
            scenario,
            acme,
            msp,
            consoles,
        };
        firm.an_hour(0);
        firm
    }

    /// The channels, each with its receiver and the sites it is to have.
    pub fn sends(&self, channels: &[(&str, &Receiver, &[&str])]) {
        let mut file = self.consoles.clone();
        for (name, receiver, sites) in channels {
            let url = receiver.url();
            write!(
                file,
                "[[channel]]\nkind = \"webhook\"\nname = \"{name}\"\nurl = \"{url}\"\n"
            )
            .unwrap();
            if !sites.is_empty() {
                writeln!(file, "sites = {sites:?}").unwrap();
            }
        }
        self.scenario.file("firm.toml", file);
    }

    /// Replaces what is said of the consoles.
    pub fn consoles(&mut self, from: &str, to: &str) {
        assert!(self.consoles.contains(from));
        self.consoles = self.consoles.replace(from, to);
    }

    /// More rows at every site, an hour later but for the first time.
    pub fn an_hour(&self, number: u64) {
        for console in [&self.acme, &self.msp] {
            console.advance(TimeDelta::hours(i64::from(number > 0)));
        }
        for (place, customer) in (1..).zip(ALL) {
            let console = if customer.site.starts_with("acme") {
                &self.acme
            } else {
                &self.msp
            };
            customer.add(console, 10_000 * place + 1000 * number);
        }
    }
}

/// The rows of these customers in an hour.
pub fn rows(customers: &[&Customer]) -> u64 {
    customers.iter().map(|customer| customer.rows).sum()
}

/// This text is for these customers: there is nothing of any other one in it.
#[track_caller]
pub fn nothing_of_others(text: &str, customers: &[&Customer]) {
    let text = text.to_lowercase();
    for other in ALL {
        let is_own = customers.iter().any(|customer| customer.site == other.site);
        for word in other.secrets() {
            assert!(
                is_own || !text.contains(&word),
                "{word} of {} in {text}",
                other.site
            );
        }
    }
    for console in ["acme", "msp"] {
        let is_own = customers
            .iter()
            .any(|customer| customer.site.starts_with(console));
        assert!(is_own || !text.contains(console), "{console} in {text}");
    }
}
