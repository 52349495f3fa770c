//! Rows of the log, shaped as recorded ones are: what a busy site writes, and the worst that could be written.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::console::row::Row;

/// What the rows of a log are like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Each tells of another client that came.
    Joins,
    /// Of a hundred, ninety tell of clients that come, move and go, eight of the firewall and two of attacks.
    Busy,
    /// Attacks, every one between another pair of addresses, so that nothing folds together.
    Distinct,
}

impl Rows {
    pub fn name(self) -> &'static str {
        match self {
            Self::Joins => "joins",
            Self::Busy => "rows of a busy site",
            Self::Distinct => "distinct rows",
        }
    }

    /// So many of them, from one moment on.
    pub fn spread(self, count: u64, since: DateTime<Utc>, step: TimeDelta) -> impl Iterator<Item = Row> {
        let mut time = since;
        (0..count).map(move |n| {
            time += step;
            match self {
                Self::Joins => Row::new(n, time),
                Self::Busy => busy(n, time),
                Self::Distinct => threat(n, time, &format!("2001:db8::{:x}:{:x}", n >> 16, n & 0xffff)),
            }
        })
    }
}

fn busy(n: u64, time: DateTime<Utc>) -> Row {
    // A multiple of neither a hundred nor the number of clients, so that all of them do everything.
    let (what, who) = (n * 37 % 100, n * 7919 % 300);
    match what {
        0..=44 => client(
            n,
            time,
            who,
            "CLIENT_CONNECTED_WIRELESS",
            "WiFi Client Connected",
            "{CLIENT} connected to {WLAN} on {DEVICE}. Connection Info: Ch. {CHANNEL}, {SIGNAL} dBm.",
        ),
        45..=79 => client(
            n,
            time,
            who,
            "CLIENT_DISCONNECTED_WIRELESS",
            "WiFi Client Disconnected",
            "{CLIENT} disconnected from {WLAN} on {DEVICE}. Time Connected: {DURATION}.",
        ),
        80..=89 => client(
            n,
            time,
            who,
            "CLIENT_ROAMED",
            "WiFi Client Roamed",
            "{CLIENT} roamed to {DEVICE} on {WLAN}. Connection Info: Ch. {CHANNEL}, {SIGNAL} dBm.",
        ),
        90..=97 => firewall(n, time, who),
        _ => threat(n, time, &format!("203.0.113.{}", n / 100 % 250)),
    }
}

fn named(who: u64) -> Value {
    let host = format!("phone-{who}");
    json!({
        "id": format!("02:00:5e:10:{:02x}:{:02x}", who / 250, who % 250), "name": host, "hostname": host,
        "ip": format!("192.0.2.{}", who % 250), "device_fingerprint_id": 4607, "fingerprint_source": 0
    })
}

fn client(n: u64, time: DateTime<Utc>, who: u64, event: &str, title: &str, message: &str) -> Row {
    let fields = json!({
        "event": event, "key": format!("{event}_2"), "type": "CLIENT_ACTIVITY", "title_raw": title, "message_raw": message,
        "parameters": {
            "CLIENT": named(who),
            "DEVICE": {
                "id": format!("02:00:5e:00:53:{:02x}", n % 20), "name": format!("AP {}", n % 20), "model": "U6-Lite", "model_name": "U6 Lite",
                "ip": format!("192.0.2.{}", n % 20), "version": "6.8.2", "device_fingerprint_id": 3522, "fingerprint_source": 0
            },
            "WLAN": {"id": "Office", "name": "Office"},
            "CHANNEL": {"id": "44", "name": "44"}, "SIGNAL": {"name": format!("-{}", 40 + n % 40)}, "DURATION": {"name": format!("{} min", n % 300)}
        }
    });
    Row::shaped(n, time, &fields)
}

fn firewall(n: u64, time: DateTime<Utc>, who: u64) -> Row {
    let to = format!("198.51.100.{}", n / 100 % 250);
    let fields = json!({
        "category": "SECURITY", "subcategory": "SECURITY_FIREWALL", "event": "BLOCKED_BY_FIREWALL", "key": "TRAFFIC_BLOCKED_KNOWN_SOURCE_CLIENT",
        "type": "CONTENT_FILTERING_AND_RESTRICTIONS", "target": "TRIGGER", "severity": "MEDIUM", "title_raw": "Blocked by Firewall",
        "message_raw": "{SRC_CLIENT} was blocked from accessing {DST_IP} by the {TRIGGER} Firewall Policy.",
        "parameters": {
            "SRC_CLIENT": named(who), "CONSOLE_NAME": {"id": "Gateway", "name": "Gateway"},
            "DST_IP": {"id": to, "name": to, "not_actionable": true},
            "TRIGGER": {"id": "trigger-0001", "name": "block phones to external"}
        }
    });
    Row::shaped(n, time, &fields)
}

fn threat(n: u64, time: DateTime<Utc>, from: &str) -> Row {
    let to = "198.51.100.1";
    let fields = json!({
        "category": "SECURITY", "subcategory": "SECURITY_INTRUSION_PREVENTION", "event": "THREAT_BLOCKED", "key": "THREAT_BLOCKED_V3",
        "type": "THREAT_DETECTION_AND_PREVENTION", "target": "DEVICE", "title_raw": "Threat Detected and Blocked",
        "message": format!("A network intrusion attempt from {from} to {to} has been detected and blocked."),
        "message_raw": "A network intrusion attempt from {SRC_IP} to {DST_IP} has been detected and blocked.",
        "parameters": {
            "CONSOLE_NAME": {"id": "Gateway", "name": "Gateway"},
            "DEVICE": {
                "id": "02:00:5e:00:53:00", "name": "Gateway", "model": "UDM-Pro", "model_name": "UDMPRO", "ip": "192.0.2.1", "version": "5.0.16",
                "device_fingerprint_id": 3522, "fingerprint_source": 0
            },
            "SRC_IP": {"id": from, "name": from, "not_actionable": true}, "DST_IP": {"id": to, "name": to, "not_actionable": true},
            "INITIATOR_ID": {"id": format!("{n:024x}")}
        }
    });
    Row::shaped(n, time, &fields)
}
