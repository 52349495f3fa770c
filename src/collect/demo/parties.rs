//! The parties of a row, role by role, in the shapes consoles give them.

use chrono::Duration;
use serde_json::{Value, json};

use crate::collect::demo::office::{Client, GATEWAY, Unit};

/// Role and party.
pub type Parties = Vec<(&'static str, Value)>;

pub fn unit(unit: &Unit) -> Value {
    json!({ "id": unit.mac, "name": unit.name, "ip": unit.ip, "model": unit.model_name, "model_name": unit.model,
        "version": unit.version, "device_fingerprint_id": 3522, "fingerprint_source": 0 })
}

pub fn client(client: &Client) -> Value {
    json!({ "id": client.mac, "name": client.name, "hostname": client.host, "ip": client.ip,
        "device_fingerprint_id": 4607, "fingerprint_source": 0 })
}

/// A thing of one word: both `id` and `name`, as consoles do.
pub fn word(text: &str) -> Value {
    json!({ "id": text, "name": text })
}

/// A number or a measure, which consoles send as text in `name`.
pub fn measure(value: impl std::fmt::Display) -> Value {
    json!({ "name": value.to_string() })
}

pub fn address(ip: &str) -> Value {
    json!({ "id": ip, "name": ip, "not_actionable": true })
}

/// What every row about a threat carries beside its two ends. The initiator's id is filled in with the row's.
pub fn threat(ends: [(&'static str, Value); 2]) -> Parties {
    let mut parties = Parties::from(ends);
    parties.push(("DEVICE", unit(&GATEWAY)));
    parties.push(("CONSOLE_NAME", word(GATEWAY.name)));
    parties.push(("INITIATOR_ID", Value::Null));
    parties
}

/// `2h 3m`, `7m 41s`, `9s`: how the console writes a duration.
pub fn duration(span: Duration) -> Value {
    let (hours, minutes, seconds) = (span.num_hours(), span.num_minutes() % 60, span.num_seconds() % 60);
    measure(match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m {seconds}s"),
        _ => format!("{hours}h {minutes}m"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_consoles_write_them() {
        assert_eq!(duration(Duration::seconds(9)), json!({ "name": "9s" }));
        assert_eq!(duration(Duration::seconds(461)), json!({ "name": "7m 41s" }));
        assert_eq!(duration(Duration::minutes(407)), json!({ "name": "6h 47m" }));
    }
}
