//! Suricata's EVE log, one JSON object a line, as far as it tells what was recognised
//! (<https://docs.suricata.io/en/latest/output/eve/eve-json-format.html>). UniFi OS puts a syslog stamp before each.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use memchr::memchr;
use serde_json::Value;

use crate::collect::wire::fields::{self, Object};
use crate::collect::wire::flows::{End, Flow};
use crate::collect::wire::json;
use crate::model::text::{KEY, SENTENCE};

/// What lines of that log tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eve {
    pub alerts: Vec<Flow>,
    /// Lines that are no JSON object, and alerts that do not say what was recognised, when and between whom.
    pub malformed: u64,
    /// The earliest moment of any line.
    pub begins: Option<DateTime<Utc>>,
}

/// `Err`: there are lines, and none of them is one of Suricata's.
pub fn read(text: &[u8]) -> Result<Eve, String> {
    let mut eve = Eve::default();
    let (mut lines, mut known) = (0_u64, 0_u64);
    for line in text.split(|byte| *byte == b'\n') {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        lines += 1;
        let (stamp, raw) = line.split_at(memchr(b'{', line).unwrap_or(line.len()));
        let Some(Value::Object(row)) = json::parse(raw) else {
            eve.malformed += 1;
            continue;
        };
        known += u64::from(row.contains_key("event_type") || row.contains_key("alert"));
        let time = row.get("timestamp").and_then(moment).or_else(|| stamped(stamp));
        eve.begins = [eve.begins, time].into_iter().flatten().min();
        if let Some(alert) = fields::object(&row, "alert") {
            match time.and_then(|time| flow(&row, alert, time)) {
                Some(flow) => eve.alerts.push(flow),
                None => eve.malformed += 1,
            }
        }
    }
    if lines > 0 && known == 0 {
        return Err(format!(
            "none of its {lines} lines is an event of Suricata's EVE log"
        ));
    }
    Ok(eve)
}

fn flow(row: &Object, alert: &Object, time: DateTime<Utc>) -> Option<Flow> {
    let flow = Flow {
        time,
        lasted: None,
        source: end(row, "src")?,
        destination: end(row, "dest")?,
        signature: fields::text(alert, &["signature"], SENTENCE),
        signature_id: fields::text(alert, &["signature_id"], KEY),
        category: String::new(),
        class: fields::text(alert, &["category"], SENTENCE),
        priority: fields::text(alert, &["severity"], KEY),
    };
    (!flow.signature.is_empty()).then_some(flow)
}

fn end(row: &Object, side: &str) -> Option<End> {
    // Suricata writes out every zero of an IPv6 address, consoles do not.
    let ip: IpAddr = fields::text(row, &[&format!("{side}_ip")], KEY).parse().ok()?;
    Some(End {
        ip: ip.to_string(),
        mac: String::new(),
        port: fields::text(row, &[&format!("{side}_port")], KEY),
    })
}

/// With an offset, as `+0100` or `+01:00`; without one nobody knows which hour is meant.
fn moment(value: &Value) -> Option<DateTime<Utc>> {
    let loose = || {
        let zoned = DateTime::parse_from_str(value.as_str()?, "%Y-%m-%dT%H:%M:%S%.f%z").ok()?;
        DateTime::from_timestamp_millis(zoned.timestamp_millis())
    };
    fields::moment(value).or_else(loose)
}

/// The moment that a line begins with before its JSON (grue-some/ucg-dash: `2026-08-10T12:35:47-07:00`).
fn stamped(before: &[u8]) -> Option<DateTime<Utc>> {
    let word = before.split(u8::is_ascii_whitespace).next()?;
    moment(&Value::from(str::from_utf8(word).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALERT: &str = r#"{"timestamp":"2026-11-21T07:00:00.251547+0100","event_type":"alert","src_ip":"192.0.2.14","src_port":50096,
        "dest_ip":"2001:0db8:0000:0000:0000:0000:0000:0007","dest_port":80,"proto":"TCP","alert":{"action":"allowed","gid":1,
        "signature_id":2018358,"signature":"ET HUNTING POST to Dotted Quad","category":"Potentially Bad Traffic","severity":2}}"#;

    fn line(text: &str) -> String {
        text.replace('\n', "")
    }

    #[test]
    fn an_alert_tells_what_was_recognised_when_and_between_whom() {
        let stamped = r#"2026-11-21T05:00:00-01:00 gw threat: {"alert":{"signature":"x"},"src_ip":"192.0.2.1","dest_ip":"192.0.2.2"}"#;
        let other = r#"{"timestamp":"2026-11-21T05:00:00.000000+0000","event_type":"dns"}"#;
        let text = format!(
            "{}\r\n\n{stamped}\n{other}\nnoise\n{{\"event_type\":\"alert\",\"alert\":{{}}}}",
            line(ALERT)
        );
        let eve = read(text.as_bytes()).unwrap();
        let [first, second] = eve.alerts.as_slice() else {
            panic!("{eve:?}");
        };
        assert_eq!(
            (eve.malformed, first.time),
            (2, second.time + chrono::TimeDelta::milliseconds(251))
        );
        assert_eq!(eve.begins.unwrap().to_rfc3339(), "2026-11-21T05:00:00+00:00");
        assert_eq!(
            [
                &first.source.ip,
                &first.source.port,
                &first.destination.ip,
                &first.destination.port
            ],
            ["192.0.2.14", "50096", "2001:db8::7", "80"]
        );
        assert_eq!(
            [
                &first.signature,
                &first.signature_id,
                &first.class,
                &first.priority
            ],
            [
                "ET HUNTING POST to Dotted Quad",
                "2018358",
                "Potentially Bad Traffic",
                "2"
            ]
        );
    }

    #[test]
    fn what_is_no_such_log_is_told_from_an_empty_one() {
        assert!(read(b"<html>\n</html>").unwrap_err().contains("2 lines"));
        assert_eq!(read(b" \n"), Ok(Eve::default()));
        let no_zone = line(ALERT).replace("+0100", "");
        assert_eq!(read(no_zone.as_bytes()).unwrap().malformed, 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0..500_usize, byte: u8) {
            drop(read(&bytes));
            let mut bent = ALERT.as_bytes().to_vec();
            let length = bent.len();
            bent[at % length] = byte;
            drop(read(&bent));
        }
    }
}
