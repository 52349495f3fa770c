//! What was recognised in a threat, entered in its row: the row says when and between whom, some other place says what.

use chrono::{DateTime, TimeDelta, Utc};

use crate::collect::Slice;
use crate::collect::wire::event::INTRUSION;
use crate::collect::wire::flows::{End, Flow};
use crate::model::event::{Event, Party};

/// How far the times of a row and of its flow may lie apart (facts: unifi-api.md section 5).
pub const APART: TimeDelta = TimeDelta::seconds(2);
const SOURCE: [&str; 3] = ["SRC_CLIENT", "SRC_DEVICE", "SRC_IP"];
const DESTINATION: [&str; 3] = ["DST_CLIENT", "DST_DEVICE", "DST_IP"];

/// The rows of the threat detection that nobody counted before and that do not say what it recognised.
pub fn unsaid(slice: &mut Slice) -> Vec<&mut Event> {
    let (is_overlap, changed) = (slice.overlap, &slice.changed_hours);
    // What was counted before is told no more.
    let is_new = |event: &Event| !is_overlap || changed.contains(&hour(event));
    let rows = slice.rows.iter_mut();
    rows.filter(|event| is_new(event) && lacks_signature(event))
        .collect()
}

/// The hour of a row, since the epoch.
pub fn hour(event: &Event) -> i64 {
    event.time.timestamp().div_euclid(3600)
}

/// A row of the threat detection that does not say what it recognised.
pub fn lacks_signature(event: &Event) -> bool {
    let is_threat = event.subcategory == INTRUSION
        || [&event.key, &event.event]
            .into_iter()
            .any(|name| name.starts_with("THREAT_"));
    is_threat && event.party(&["SIGNATURE", "IPS_SIGNATURE"]).is_none()
}

pub fn bounds<'e>(events: impl Iterator<Item = &'e &'e mut Event> + Clone) -> (DateTime<Utc>, DateTime<Utc>) {
    let times = events.map(|event| event.time);
    let first = times.clone().min().unwrap_or_default();
    let last = times.max().unwrap_or_default();
    (first - APART, last + APART)
}

/// Enters what the nearest flow between the same two ends tells.
pub fn tell(event: &mut Event, flows: &[Flow]) {
    let fits = |flow: &&Flow| is_of(event, flow);
    let nearest = |flow: &&Flow| ((flow.time - event.time).abs(), flow.signature_id.clone());
    let Some(flow) = flows.iter().filter(fits).min_by_key(nearest) else {
        return;
    };
    for (role, said) in [
        ("SIGNATURE", &flow.signature),
        ("SIGNATURE_ID", &flow.signature_id),
        ("CATNAME", &flow.category),
        ("INNER_ALERT_CATEGORY", &flow.class),
        ("INNER_ALERT_SEVERITY", &flow.priority),
        ("SRC_PORT", &flow.source.port),
        ("DST_PORT", &flow.destination.port),
    ] {
        if !said.is_empty() {
            let party = Party {
                name: said.clone(),
                ..Party::default()
            };
            event.parties.entry(role.to_owned()).or_insert(party);
        }
    }
}

fn is_of(event: &Event, flow: &Flow) -> bool {
    let is_near = (flow.time - event.time).abs() <= APART;
    let is_during = flow
        .lasted
        .is_some_and(|(first, last)| first - APART <= event.time && event.time <= last + APART);
    (is_near || is_during)
        && is_end(event, &SOURCE, "SRC_PORT", &flow.source)
        && is_end(event, &DESTINATION, "DST_PORT", &flow.destination)
}

/// Whether the party in these roles is this end, as far as the row says who it was.
fn is_end(event: &Event, roles: &[&str], port: &str, end: &End) -> bool {
    let parties: Vec<&Party> = roles.iter().filter_map(|role| event.parties.get(*role)).collect();
    let same_port = event
        .party(&[port])
        .is_none_or(|party| end.port.is_empty() || party.label() == end.port);
    let is_it = |text: &String| !text.is_empty() && (*text == end.ip || *text == end.mac);
    let same_party = parties
        .iter()
        .any(|party| [&party.id, &party.ip, &party.name].into_iter().any(is_it));
    same_port && (same_party || parties.is_empty())
}
