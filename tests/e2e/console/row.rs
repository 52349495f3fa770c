//! What the fake console has to tell: log rows and devices, modelled on recorded ones.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// One row of the system log as the console stores it: rendered once, sent as it is.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    /// Its timestamp in milliseconds.
    pub time: i64,
    /// From when on the console shows it, by its own clock.
    pub appears: i64,
    pub text: String,
}

impl Row {
    /// The `n`th row of a test: a client that joined the Wi-Fi.
    pub fn new(n: u64, time: DateTime<Utc>) -> Self {
        Self::keyed(n, time, "CLIENT_CONNECTED_WIRELESS_2")
    }

    /// A row with another key.
    pub fn keyed(n: u64, time: DateTime<Utc>, key: &str) -> Self {
        Self::shaped(n, time, &json!({"key": key}))
    }

    /// A row with these fields instead of the usual ones; `null` takes a field away.
    pub fn shaped(n: u64, time: DateTime<Utc>, fields: &Value) -> Self {
        let id = id(n, time);
        let mac = format!("02:00:5e:10:{:02x}:{:02x}", n / 251 % 251, n % 251);
        let mut body = json!({
            "id": id, "timestamp": time.timestamp_millis(),
            "category": "CLIENT_DEVICES", "subcategory": "CLIENT_DEVICES_WIFI", "event": "CLIENT_CONNECTED_WIRELESS",
            "key": "CLIENT_CONNECTED_WIRELESS_2", "severity": "LOW", "status": "NEW", "target": "CLIENT", "type": "GENERAL",
            "show_on_dashboard": false, "title_raw": "WiFi Client Connected",
            "message_raw": "{CLIENT} connected to {WLAN} on {DEVICE}.",
            "parameters": {
                "CLIENT": {"id": mac, "name": format!("phone-{n}"), "ip": "192.0.2.31"},
                "DEVICE": {"id": "02:00:5e:00:53:01", "name": "Hall AP", "model": "U6-Lite"},
                "WLAN": {"name": "Office"}
            }
        });
        let object = body.as_object_mut().unwrap();
        for (name, value) in fields.as_object().unwrap() {
            if value.is_null() {
                object.remove(name);
            } else {
                object.insert(name.clone(), value.clone());
            }
        }
        if fields.get("key").is_some() && fields.get("event").is_none() {
            object.remove("event");
        }
        Self::raw(&id, time, body.to_string())
    }

    /// An intrusion attempt that the console blocked, between two addresses.
    pub fn threat(n: u64, time: DateTime<Utc>, from: &str, to: &str) -> Self {
        Self::shaped(
            n,
            time,
            &json!({
                "category": "SECURITY", "subcategory": "SECURITY_INTRUSION_PREVENTION", "event": "THREAT_BLOCKED",
                "key": "THREAT_BLOCKED_V3", "type": "THREAT_DETECTION_AND_PREVENTION", "target": "DEVICE",
                "title_raw": "Threat Detected and Blocked",
                "message_raw": "A network intrusion attempt from {SRC_IP} to {DST_IP} has been detected and blocked.",
                "parameters": {
                    "SRC_IP": {"id": from, "name": from, "not_actionable": true},
                    "DST_IP": {"id": to, "name": to, "not_actionable": true},
                    "DEVICE": {"id": "02:00:5e:00:53:00", "name": "Gateway", "model": "UDM-Pro"}
                }
            }),
        )
    }

    /// A row as the lists of older consoles hold it: a client that joined the Wi-Fi, with these fields instead.
    pub fn listed(n: u64, time: DateTime<Utc>, key: &str, fields: &Value) -> Self {
        let id = id(n, time);
        let mut row = json!({
            "_id": id, "key": key, "subsystem": "wlan", "site_id": "574e86994566ffb914a2683c", "time": time.timestamp_millis(),
            "datetime": time.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "msg": format!("row {n}"),
            "user": format!("02:00:5e:20:{:02x}:{:02x}", n / 251 % 251, n % 251), "ap": "02:00:5e:00:53:01", "ap_name": "Hall AP",
            "ssid": "Office", "channel": "36"
        });
        for (name, value) in fields.as_object().unwrap() {
            row.as_object_mut().unwrap().insert(name.clone(), value.clone());
        }
        Self::raw(&id, time, row.to_string())
    }

    /// Any text in the place of a row.
    pub fn raw(id: &str, time: DateTime<Utc>, text: String) -> Self {
        Self {
            id: id.to_owned(),
            time: time.timestamp_millis(),
            appears: i64::MIN,
            text,
        }
    }

    /// A late row: the console shows it only from then on.
    pub fn appearing(mut self, at: DateTime<Utc>) -> Self {
        self.appears = at.timestamp_millis();
        self
    }
}

/// `count` rows numbered from `first`, evenly spread from `since` on, `step` apart.
pub fn series(first: u64, count: u64, since: DateTime<Utc>, step: TimeDelta) -> Vec<Row> {
    let mut time = since;
    (first..first + count)
        .map(|n| {
            let row = Row::new(n, time);
            time += step;
            row
        })
        .collect()
}

/// An id as Mongo makes them: the second of insertion, then a counter.
pub fn id(n: u64, time: DateTime<Utc>) -> String {
    format!("{:08x}{n:016x}", time.timestamp())
}

/// A device in good health, with these fields instead of the usual ones.
pub fn device(mac: &str, name: &str, fields: Value) -> Value {
    let mut device = json!({
        "mac": mac, "_id": mac.replace(':', ""), "name": name, "type": "uap", "model": "UAL6", "serial": mac.replace(':', ""),
        "version": "6.7.31.15618", "adopted": true, "state": 1, "uptime": 864_000, "last_seen": 0,
        "system-stats": {"cpu": "4.1", "mem": "38.5", "uptime": "864000"}, "upgradable": false,
        "has_temperature": false, "overheating": false,
        // Recorded devices carry secrets; nothing of them may ever be seen again.
        "x_authkey": DEVICE_SECRET, "x_vwirekey": DEVICE_SECRET, "syslog_key": DEVICE_SECRET
    });
    if let (Some(device), Value::Object(fields)) = (device.as_object_mut(), fields) {
        device.extend(fields);
    }
    device
}

/// What stands in every secret field of every device.
pub const DEVICE_SECRET: &str = "dev1ce-s3cret-8f1d0c";
