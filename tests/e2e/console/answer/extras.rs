//! What a console tells beside its log: audit rows, traffic flows and anomalies.

use serde_json::{Value, json};

use crate::console::answer::{data, json_reply, matching, page};
use crate::console::beside::Audit;
use crate::console::wire::Reply;
use crate::console::{Hit, State};

/// `system-log/all` asked for the type AUDIT.
pub fn audit(state: &mut State, site: &str, asked: &Value) -> Reply {
    match state.beside.audit {
        Audit::Ignored => page(state, None, site, asked),
        Audit::Apart => page(state, Some("audit"), site, asked),
        Audit::InLog => {
            let rows = state.rows.get(site).into_iter().flatten();
            let of_audit = rows.filter(|row| row.text.contains(r#""category":"AUDIT""#));
            let of_audit = of_audit.cloned().collect();
            state.lists.insert("audit", of_audit);
            page(state, Some("audit"), site, asked)
        }
        Audit::Refused => {
            let words = "JSON parse error: Cannot deserialize value of type `com.ubnt.service.alert.JdEJ` from String \
                         \"AUDIT\": not one of the values accepted for Enum class: [GENERAL]";
            json_reply(400, &json!({"errorCode": 400, "message": words}))
        }
    }
}

/// A page of flows of the asked policy types, newest first. Counts are capped, and said to be.
pub fn flows(state: &State, hit: &Hit) -> Reply {
    let asked: Value = serde_json::from_str(&hit.body).unwrap_or_default();
    let number = |name: &str, or: usize| {
        let value = asked.get(name).and_then(Value::as_u64);
        value.and_then(|n| usize::try_from(n).ok()).unwrap_or(or)
    };
    let wants_ips = asked.get("policy_type") == Some(&json!(["INTRUSION_PREVENTION"]));
    let all = matching(state, Some("flows"), "default", &asked);
    let all: Vec<_> = all
        .into_iter()
        .filter(|row| !wants_ips || row.text.contains("INTRUSION_PREVENTION"))
        .collect();
    let (size, number) = (number("pageSize", 50).clamp(1, 100), number("pageNumber", 0));
    let total = all.len().min(state.beside.flows_cap);
    let texts = all.iter().rev().take(total).skip(number * size).take(size);
    let rows: Vec<Value> = texts
        .map(|row| serde_json::from_str(&row.text).unwrap())
        .collect();
    let pages = total.div_ceil(size);
    json_reply(
        200,
        &json!({
            "data": rows, "has_next": number + 1 < pages, "or_more": all.len() > total, "page_number": number,
            "total_element_count": total, "total_page_count": pages
        }),
    )
}

/// The hours inside the asked bounds, in milliseconds; records without any are left out.
pub fn anomalies(state: &State, hit: &Hit) -> Reply {
    let bound = |name: &str| {
        let mut pairs = hit.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| value.parse::<i64>().ok())
    };
    let (Some(start), Some(end)) = (bound("start"), bound("end")) else {
        return json_reply(
            400,
            &json!({"meta": {"rc": "error", "msg": "api.err.InvalidArgs"}, "data": []}),
        );
    };
    let records = state.beside.anomalies.iter().filter_map(|(key, mac, hours)| {
        let inside = |hour: &&i64| (start..=end).contains(*hour) && **hour <= state.now;
        let hours: Vec<i64> = hours.iter().filter(inside).copied().collect();
        (!hours.is_empty()).then(|| json!({"anomaly": key, "mac": mac, "timestamps": hours}))
    });
    data(&records.collect::<Vec<_>>())
}
