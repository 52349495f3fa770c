//! Takes out of an answer what says whose network it is, and leaves what says how the console answers.
//!
//! The same value is always replaced by the same stand-in, so that rows still belong together. Pure.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value};

use crate::collect::capture::forms::{self, Form};
use crate::collect::capture::keys::{is_name, is_own_words, is_secret};

/// What stands for a secret.
pub const SECRET: &str = "[redacted]";

/// Replaces consistently, over as many answers as it is given.
#[derive(Debug, Default)]
pub struct Redactor {
    stand_ins: BTreeMap<(Kind, String), String>,
    counts: BTreeMap<Kind, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Mac,
    Ipv4,
    GlobalIpv6,
    LocalIpv6,
    ObjectId,
    Uuid,
    Text,
}

impl Redactor {
    /// The answer with stand-ins.
    pub fn answer(&mut self, body: &Value) -> Value {
        self.value("", body)
    }

    fn value(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let replaced = fields
                    .iter()
                    .map(|(name, value)| (self.name_of_field(name), self.value(name, value)));
                Value::Object(replaced.collect::<Map<_, _>>())
            }
            Value::Array(values) => values.iter().map(|value| self.value(key, value)).collect(),
            Value::String(text) => Value::String(self.text(key, text)),
            Value::Number(_) if is_secret(key) => Value::String(SECRET.to_owned()),
            Value::Number(_) | Value::Bool(_) | Value::Null => value.clone(),
        }
    }

    /// Maps may be keyed by an address or a name.
    fn name_of_field(&mut self, name: &str) -> String {
        match forms::of(name) {
            Form::Word | Form::Shouted | Form::Number | Form::Time => name.to_owned(),
            _ => self.text("", name),
        }
    }

    fn text(&mut self, key: &str, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        if is_secret(key) {
            return SECRET.to_owned();
        }
        let lower = key.to_ascii_lowercase();
        if lower.contains("version") && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            // Four numbers of a version look like an address.
            return text.to_owned();
        }
        if lower.contains("mac") && text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.mac(text);
        }
        match forms::of(text) {
            Form::Mac => self.mac(text),
            Form::Address(address) => self.address(address),
            Form::Network(address, length) => format!("{}/{length}", self.address(address)),
            Form::ObjectId => self.object_id(text),
            Form::Uuid => self.stand_in(Kind::Uuid, text, |n| format!("00000000-0000-4000-8000-{n:012x}")),
            Form::Number | Form::Time => text.to_owned(),
            Form::Shouted if !is_name(key) => text.to_owned(),
            Form::Word | Form::Shouted | Form::Other if is_own_words(key) || text.starts_with("api.err.") => {
                self.sentence(text)
            }
            Form::Word | Form::Shouted | Form::Other => {
                self.stand_in(Kind::Text, text, |n| format!("text-{n}"))
            }
        }
    }

    /// The console's own words, with stand-ins for the addresses among them.
    fn sentence(&mut self, text: &str) -> String {
        let mut said = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-');
            let gap = rest.find(is_part).unwrap_or(rest.len());
            let (between, behind) = rest.split_at(gap);
            let end = behind.find(|c| !is_part(c)).unwrap_or(behind.len());
            let (token, after) = behind.split_at(end);
            let bare = token.trim_end_matches(['.', ':', '-']);
            said.push_str(between);
            match forms::of(bare) {
                Form::Mac => said.push_str(&self.mac(bare)),
                Form::Address(address) => said.push_str(&self.address(address)),
                Form::ObjectId => said.push_str(&self.object_id(bare)),
                _ => said.push_str(bare),
            }
            said.push_str(token.get(bare.len()..).unwrap_or_default());
            rest = after;
        }
        said
    }

    fn mac(&mut self, text: &str) -> String {
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        let parting = text.chars().find(|c| !c.is_ascii_hexdigit());
        let stand_in = self.stand_in(Kind::Mac, &digits.to_ascii_lowercase(), |n| {
            format!("020000{:06x}", n & 0x00ff_ffff)
        });
        let pairs: Vec<&str> = (0..6).filter_map(|at| stand_in.get(2 * at..2 * at + 2)).collect();
        pairs.join(&parting.map_or_else(String::new, String::from))
    }

    /// Documentation addresses (RFC 5737, RFC 3849) for public ones; private ones say nothing about anybody. Local
    /// IPv6 addresses are replaced as well: they may be made of a MAC.
    fn address(&mut self, address: IpAddr) -> String {
        let text = address.to_string();
        match address {
            IpAddr::V4(v4) if forms::is_private(v4) => text,
            IpAddr::V4(_) => self.stand_in(Kind::Ipv4, &text, |n| documented(n).to_string()),
            IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() => text,
            IpAddr::V6(v6) => {
                let [first, ..] = v6.segments();
                if first & 0xffc0 == 0xfe80 {
                    self.stand_in(Kind::LocalIpv6, &text, |n| numbered(0xfe80, 0, n))
                } else {
                    self.stand_in(Kind::GlobalIpv6, &text, |n| numbered(0x2001, 0x0db8, n))
                }
            }
        }
    }

    /// The first eight digits of an object id are the second it was made in, which is worth knowing.
    fn object_id(&mut self, text: &str) -> String {
        let second = text.get(..8).unwrap_or_default().to_owned();
        self.stand_in(Kind::ObjectId, text, |n| format!("{second}{n:016x}"))
    }

    fn stand_in(&mut self, kind: Kind, value: &str, form: impl Fn(u64) -> String) -> String {
        if let Some(known) = self.stand_ins.get(&(kind, value.to_owned())) {
            return known.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let made = form(*count);
        self.stand_ins.insert((kind, value.to_owned()), made.clone());
        made
    }
}

/// 762 documentation addresses (RFC 5737), then those for benchmarks (RFC 2544).
fn documented(n: u64) -> Ipv4Addr {
    const NETS: [[u8; 3]; 3] = [[203, 0, 113], [198, 51, 100], [192, 0, 2]];
    let nth = usize::try_from((n - 1) / 254).unwrap_or(usize::MAX);
    let host = u8::try_from((n - 1) % 254 + 1).unwrap_or(1);
    if let Some([a, b, c]) = NETS.get(nth) {
        return Ipv4Addr::new(*a, *b, *c, host);
    }
    let rest = u32::try_from(n % (1 << 17)).unwrap_or(0);
    Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + rest)
}

fn numbered(first: u16, second: u16, n: u64) -> String {
    let network = u128::from(first) << 112 | u128::from(second) << 96;
    Ipv6Addr::from(network | u128::from(n)).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_says_whose_network_it_is_has_stand_ins_and_what_the_console_says_stays() {
        let mut redactor = Redactor::default();
        let row = json!({
            "id": "6740a1b2c3d4e5f601234567",
            "key": "CLIENT_CONNECTED_WIRELESS_2", "category": "CLIENT_DEVICES", "status": "NEW",
            "timestamp": 1_790_000_000_000_u64, "title_raw": "{CLIENT} joined {WLAN}",
            "message": "Bob's phone joined Nest",
            "parameters": {
                "CLIENT": { "id": "02:16:3e:12:34:56", "name": "Bob's phone", "ip": "198.18.7.9" },
                "WLAN": { "name": "HOME_NEST" },
                "SIGNAL_STRENGTH": { "name": "-65" },
                "SRC_IP": { "id": "192.168.3.62" },
            },
            "x_password": "hunter2", "latitude": 52.1,
            "inner_alert_signature": "ET SCAN from 198.18.7.9",
            "version": "10.3.58.1",
            "02:16:3e:12:34:56": 1,
        });
        assert_eq!(
            redactor.answer(&row),
            json!({
                "id": "6740a1b20000000000000001",
                "key": "CLIENT_CONNECTED_WIRELESS_2", "category": "CLIENT_DEVICES", "status": "NEW",
                "timestamp": 1_790_000_000_000_u64, "title_raw": "{CLIENT} joined {WLAN}",
                "message": "text-1",
                "parameters": {
                    "CLIENT": { "id": "02:00:00:00:00:01", "name": "text-2", "ip": "203.0.113.1" },
                    "WLAN": { "name": "text-3" },
                    "SIGNAL_STRENGTH": { "name": "-65" },
                    "SRC_IP": { "id": "192.168.3.62" },
                },
                "x_password": SECRET, "latitude": SECRET,
                "inner_alert_signature": "ET SCAN from 203.0.113.1",
                "version": "10.3.58.1",
                "02:00:00:00:00:01": 1,
            }),
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<[u8; 6]>().prop_map(|mac| mac.map(|byte| format!("{byte:02x}")).join(":")),
            any::<u32>().prop_map(|address| Ipv4Addr::from(address).to_string()),
            any::<u32>().prop_map(|address| format!("from {} to you", Ipv4Addr::from(address))),
            any::<u128>().prop_map(|address| Ipv6Addr::from(address).to_string()),
            ".{0,20}",
        ];
        let leaf = prop_oneof![text.prop_map(Value::from), any::<i64>().prop_map(Value::from)];
        leaf.prop_recursive(3, 40, 6, |inner| {
            let key = prop::sample::select(vec!["name", "msg", "key", "status", "mac", "ip", "x_psk"]);
            let fields = prop::collection::btree_map(key.prop_map(str::to_owned), inner.clone(), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Value::from),
                fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_mac_and_no_public_address_is_left_in_any_answer(value in any_json()) {
            let shown = Redactor::default().answer(&value).to_string();
            for token in shown.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-'))) {
                match forms::of(token.trim_matches(['.', ':', '-'])) {
                    Form::Mac => prop_assert!(token.starts_with("02"), "{token} in {shown}"),
                    Form::Address(IpAddr::V4(left)) if !forms::is_private(left) => {
                        prop_assert!([198, 203, 192].contains(&left.octets()[0]), "{token} in {shown}");
                    }
                    Form::Address(IpAddr::V6(left)) => {
                        let [first, ..] = left.segments();
                        let is_fine = first == 0x2001 || first == 0xfe80 || left.is_multicast() || first == 0;
                        prop_assert!(is_fine, "{token} in {shown}");
                    }
                    _ => {}
                }
            }
        }
    }
}
