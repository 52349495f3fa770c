//! `traffic-flows` of the demo: for each threat of its log, what the threat detection recognised in it.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::collect::demo::rows::Row;
use crate::collect::demo::system_log::{self, Ask, Class};
use crate::collect::demo::world::World;

/// Signature, its number, the console's category, the class and the priority of what the neighbourhood of the demo is
/// probed with.
const KNOCKS: [Rule; 3] = [
    Rule(
        "ET DROP Dshield Block Listed Source group 1",
        2_402_000,
        "dshield",
        "Misc Attack",
        2,
    ),
    Rule(
        "ET CINS Active Threat Intelligence Poor Reputation IP group 8",
        2_403_307,
        "ciarmy",
        "Misc Attack",
        2,
    ),
    Rule(
        "ET SCAN Suspicious inbound to MSSQL port 1433",
        2_010_935,
        "emerging-scan",
        "Potentially Bad Traffic",
        2,
    ),
];
const CALL_HOME: Rule = Rule(
    "ET MALWARE Observed Fake Browser Update Domain",
    2_049_181,
    "emerging-malware",
    "A Network Trojan was detected",
    1,
);

struct Rule(&'static str, u64, &'static str, &'static str, u64);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wish {
    policy_type: Vec<String>,
    #[serde(rename = "pageNumber")]
    page_number: usize,
    #[serde(rename = "pageSize")]
    page_size: Option<usize>,
}

/// One page, newest first; else what the console says is wrong with the question.
pub fn page(world: &World, now: DateTime<Utc>, body: &[u8]) -> Result<Value, String> {
    let wish: Wish = serde_json::from_slice(body).map_err(|error| format!("JSON parse error: {error}"))?;
    let ask = Ask::parse(body)?;
    let size = wish.page_size.unwrap_or(50).clamp(1, 100);
    let first = wish.page_number.saturating_mul(size);
    let wants =
        wish.policy_type.is_empty() || wish.policy_type.iter().any(|kind| kind == "INTRUSION_PREVENTION");
    let (mut data, mut total) = (Vec::new(), 0_usize);
    system_log::newest_first(world, now, &ask, Class::ThreatAlert, |row| {
        if wants {
            if total >= first && data.len() < size {
                data.push(flow(row));
            }
            total += 1;
        }
    });
    let pages = total.div_ceil(size);
    Ok(
        json!({ "data": data, "has_next": wish.page_number + 1 < pages, "or_more": false,
        "page_number": wish.page_number, "total_element_count": total, "total_page_count": pages }),
    )
}

fn flow(row: &Row) -> Value {
    let party = |roles: [&str; 2]| {
        let found = row.parties.iter().find(|(role, _)| roles.contains(role));
        found.map_or(Value::Null, |(_, party)| party.clone())
    };
    let (source, destination) = (party(["SRC_CLIENT", "SRC_IP"]), party(["DST_CLIENT", "DST_IP"]));
    let is_own = source.get("ip").is_some();
    let address = |party: &Value| {
        party
            .get("ip")
            .or_else(|| party.get("id"))
            .cloned()
            .unwrap_or_default()
    };
    let digits = |from: usize| {
        row.id
            .get(from..)
            .and_then(|text| u64::from_str_radix(text, 16).ok())
            .unwrap_or(0)
    };
    let knock = address(&source)
        .to_string()
        .bytes()
        .fold(0, |sum: usize, byte| sum + usize::from(byte));
    let Rule(signature, number, category, class, priority) = match KNOCKS.get(knock % KNOCKS.len()) {
        Some(rule) if !is_own => rule,
        _ => &CALL_HOME,
    };
    let (direction, port) = if is_own {
        ("outgoing", 443)
    } else {
        ("incoming", 1_433)
    };
    json!({ "id": row.id, "action": "blocked", "risk": "high", "direction": direction, "protocol": "TCP", "service": "OTHER",
        "count": 1, "time": row.time.timestamp_millis(),
        "source": { "ip": address(&source), "mac": if is_own { source.get("id").cloned() } else { None },
            "port": 32_768 + digits(18) % 28_000, "zone_name": if is_own { "Internal" } else { "External" } },
        "destination": { "ip": address(&destination), "port": port, "domains": [] },
        "policies": [{ "id": "ips", "name": "Intrusion Prevention", "type": "INTRUSION_PREVENTION", "internal_type": "IPS" }],
        "traffic_data": { "bytes_total": 60, "packets_total": 1 },
        "ips": { "signature": signature, "signature_id": number, "category_name": category,
            "advanced_information": format!("IPS Alert {priority}: {class}. Signature {signature}") } })
}
