//! Answers of `traffic-flows`, as far as they tell what the threat detection recognised.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::collect::ask::PAGE;
use crate::collect::wire::fields::{self, Object};
use crate::collect::wire::{List, json};
use crate::model::event::Event;
use crate::model::text::{KEY, NAME, SENTENCE};

/// One page of flows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowPage {
    /// Those in which something was recognised.
    pub flows: Vec<Flow>,
    /// Rows that came, whatever they were.
    pub rows: u64,
    pub malformed: u64,
    /// How many the console says match; `None` if it does not say.
    pub total: Option<u64>,
    /// There are more than it counts.
    pub or_more: bool,
}

/// A connection in which the threat detection recognised something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    pub time: DateTime<Utc>,
    /// First and last moment, where it lasted.
    pub lasted: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub source: End,
    pub destination: End,
    pub signature: String,
    pub signature_id: String,
    /// The console's own category of the signature, such as `emerging-malware`.
    pub category: String,
    /// The class of the rule in words, such as `Misc Attack`, and its priority, 1 being the worst.
    pub class: String,
    pub priority: String,
}

/// One end of a connection. Any field may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    pub ip: String,
    pub mac: String,
    pub port: String,
}

/// Every filter is named, as the clients do that are known to work: a name the console does not know it ignores.
pub fn question(from: DateTime<Utc>, to: DateTime<Utc>, number: u64) -> Value {
    let mut body = json!({
        "policy_type": ["INTRUSION_PREVENTION"], "except_for": [], "search_text": "", "skip_count": false,
        "timestampFrom": from.timestamp_millis(), "timestampTo": to.timestamp_millis(), "pageNumber": number, "pageSize": PAGE,
    });
    let plain = [
        "risk",
        "action",
        "direction",
        "protocol",
        "policy",
        "service",
        "in_network_id",
        "out_network_id",
        "next_ai_query",
    ];
    let ends = [
        "host",
        "mac",
        "ip",
        "port",
        "network_id",
        "domain",
        "zone_id",
        "region",
    ];
    let sides = ["source", "destination"];
    let ends = sides
        .iter()
        .flat_map(|side| ends.map(|end| format!("{side}_{end}")));
    if let Some(body) = body.as_object_mut() {
        body.extend(
            plain
                .map(str::to_owned)
                .into_iter()
                .chain(ends)
                .map(|name| (name, json!([]))),
        );
    }
    body
}

pub fn page(body: &[u8]) -> Result<FlowPage, String> {
    let list = List::open(body)?;
    let mut page = FlowPage {
        rows: u64::try_from(list.items.len()).unwrap_or(u64::MAX),
        total: list.told().map(|(_, total)| total),
        or_more: list.says("or_more"),
        ..FlowPage::default()
    };
    for raw in &list.items {
        let row = match json::parse(raw) {
            Some(Value::Object(row)) => row,
            _ => Object::new(),
        };
        let Some(time) = row.get("time").and_then(fields::moment) else {
            page.malformed += 1;
            continue;
        };
        page.flows.extend(flow(&row, time));
    }
    Ok(page)
}

fn flow(row: &Object, time: DateTime<Utc>) -> Option<Flow> {
    let ips = fields::object(row, "ips")?;
    let told = fields::text(ips, &["advanced_information"], SENTENCE);
    let (priority, class, named) = advanced(&told);
    let signature = fields::text(ips, &["signature"], SENTENCE);
    let moment = |name: &str| row.get(name).and_then(fields::moment);
    let flow = Flow {
        time,
        lasted: moment("flow_start_time").zip(moment("flow_end_time")),
        source: end(row, "source"),
        destination: end(row, "destination"),
        signature: if signature.is_empty() {
            named.to_owned()
        } else {
            signature
        },
        signature_id: fields::text(ips, &["signature_id"], KEY),
        category: fields::text(ips, &["category_name", "ips_category"], NAME),
        class: class.to_owned(),
        priority: priority.to_owned(),
    };
    (!flow.signature.is_empty()).then_some(flow)
}

/// What a row of the list of threats (`stat/ips/event`) says of its connection.
pub fn of_alert(event: &Event) -> Option<Flow> {
    let said = |role: &str| {
        event
            .party(&[role])
            .map_or_else(String::new, |party| party.label().to_owned())
    };
    let end = |side: &str| End {
        ip: said(&format!("{side}_IP")),
        mac: fields::mac(&said(&format!("{side}_MAC"))).unwrap_or_default(),
        port: said(&format!("{side}_PORT")),
    };
    let flow = Flow {
        time: event.time,
        lasted: None,
        source: end("SRC"),
        destination: end("DST"),
        signature: said("INNER_ALERT_SIGNATURE"),
        signature_id: said("INNER_ALERT_SIGNATURE_ID"),
        category: said("CATNAME"),
        class: said("INNER_ALERT_CATEGORY"),
        priority: said("INNER_ALERT_SEVERITY"),
    };
    (!flow.signature.is_empty()).then_some(flow)
}

fn end(row: &Object, side: &str) -> End {
    let Some(end) = fields::object(row, side) else {
        return End::default();
    };
    let mac = fields::text(end, &["mac", "id"], KEY);
    End {
        ip: fields::text(end, &["ip"], KEY),
        mac: fields::mac(&mac).unwrap_or_default(),
        port: fields::text(end, &["port"], KEY),
    }
}

/// Priority, class and signature in `IPS Alert 2: Misc Attack. Signature ET DROP x`; what is not told is empty.
fn advanced(told: &str) -> (&str, &str, &str) {
    let Some((priority, rest)) = told
        .strip_prefix("IPS Alert ")
        .and_then(|rest| rest.split_once(": "))
    else {
        return ("", "", "");
    };
    let (class, signature) = rest.split_once(". Signature ").unwrap_or((rest, ""));
    (priority, class, signature.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_flow_tells_what_was_recognised_and_between_whom() {
        let body = br#"{"data":[
            {"id":"a","time":1778077234330,"source":{"ip":"192.0.2.62","mac":"02-00-5E-00-53-07","port":51544},
             "destination":{"ip":"198.51.100.7","port":443},"ips":{"signature_id":2400022,"category_name":"drop",
             "advanced_information":"IPS Alert 2: Misc Attack. Signature ET DROP Spamhaus listed"}},
            {"id":"b","time":1778077234331,"source":{"ip":"192.0.2.62"}}, {"id":"c"}, 7],
            "or_more":true,"total_element_count":1000}"#;
        let page = page(body).unwrap();
        assert_eq!(
            (page.rows, page.malformed, page.total, page.or_more),
            (4, 2, Some(1000), true)
        );
        let [flow] = page.flows.as_slice() else {
            panic!("{page:?}");
        };
        assert_eq!(
            (flow.source.mac.as_str(), flow.destination.port.as_str()),
            ("02:00:5e:00:53:07", "443")
        );
        assert_eq!(flow.signature, "ET DROP Spamhaus listed");
        assert_eq!(
            (
                flow.priority.as_str(),
                flow.class.as_str(),
                flow.category.as_str(),
                flow.signature_id.as_str()
            ),
            ("2", "Misc Attack", "drop", "2400022")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), told in ".{0,60}") {
            drop((page(&bytes), advanced(&told)));
        }
    }
}
