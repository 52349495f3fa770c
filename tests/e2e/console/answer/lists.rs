//! The event lists of consoles before the system log: capped, counted, and in an order of their own.

use serde_json::{Value, json};

use crate::console::answer::{json_reply, legacy_error};
use crate::console::beside::Kept;
use crate::console::row::Row;
use crate::console::wire::Reply;
use crate::console::{Hit, State};

/// Rows in one answer.
const CAP: usize = 3_000;

/// A page of a list, newest first.
pub fn page(state: &State, list: &'static str, hit: &Hit, wanted: impl Fn(&Row, &Value) -> bool) -> Reply {
    let asked: Value = serde_json::from_str(&hit.body).unwrap_or_default();
    let number = |name: &str| {
        asked
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    let cap = state.manner.page_cap.unwrap_or(CAP);
    let shown = match shown(state, list) {
        Ok(shown) => shown,
        Err(refusal) => return refusal,
    };
    let matching: Vec<&Row> = shown.filter(|row| wanted(row, &asked)).collect();
    let start = number("_start")
        .filter(|_| !state.manner.ignores_page_number)
        .unwrap_or(0);
    let most = number("_limit").unwrap_or(cap).min(cap);
    let rows: Vec<Value> = matching
        .iter()
        .rev()
        .skip(start)
        .take(most)
        .map(|row| value(row))
        .collect();
    json_reply(
        200,
        &json!({"meta": {"rc": "ok", "count": matching.len()}, "data": rows}),
    )
}

/// All alarms, oldest first, as far as the cap goes.
pub fn alarms(state: &State) -> Reply {
    let cap = state.manner.page_cap.unwrap_or(CAP);
    let rows: Vec<Value> = match shown(state, "alarms") {
        Ok(shown) => shown.take(cap).map(value).collect(),
        Err(refusal) => return refusal,
    };
    json_reply(200, &json!({"meta": {"rc": "ok"}, "data": rows}))
}

fn shown<'a>(state: &'a State, list: &'static str) -> Result<impl Iterator<Item = &'a Row>, Reply> {
    let until = match state.kept(list) {
        Kept::NotFound => return Err(legacy_error(404, "api.err.NotFound")),
        Kept::Invalid => return Err(legacy_error(400, "api.err.InvalidObject")),
        Kept::Until(until) => until,
    };
    let rows = state.lists.get(list).into_iter().flatten();
    Ok(rows.filter(move |row| row.appears <= state.now && row.time <= until))
}

fn value(row: &Row) -> Value {
    serde_json::from_str(&row.text).unwrap()
}
