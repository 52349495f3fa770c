//! `system-log/*` of the demo: filters, newest-first pages and counts, hour by hour and never all at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::collect::demo::rows::{self, HISTORY, Row};
use crate::collect::demo::world::World;

const CATEGORIES: [&str; 10] = [
    "SECURITY",
    "UNIFI_DEVICES",
    "SOFTWARE_UPDATES",
    "VPN",
    "POWER",
    "UNIFI_ETHERNET_PORTS",
    "CLIENT_DEVICES",
    "UNKNOWN",
    "AUDIT",
    "INTERNET_AND_WAN",
];
const SEVERITIES: [&str; 4] = ["LOW", "MEDIUM", "HIGH", "VERY_HIGH"];
const LARGEST_PAGE: usize = 1_000;
const RETENTION_DAYS: i64 = 90;

/// What a client asks for. Unknown names are ignored, as on real consoles.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ask {
    timestamp_from: Option<i64>,
    timestamp_to: Option<i64>,
    page_number: Option<usize>,
    page_size: Option<usize>,
    categories: Option<Vec<String>>,
    subcategories: Option<Vec<String>>,
    events: Option<Vec<String>>,
    keys: Option<Vec<String>>,
    severities: Option<Vec<String>>,
    #[serde(rename = "type")]
    class: Option<String>,
}

/// Which of the log's classes is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    All,
    /// Intrusions and honeypots, their sentences rendered.
    ThreatAlert,
}

impl Ask {
    /// The ask in a request's body; else what the console says is wrong with it.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let ask: Self = serde_json::from_slice(body).map_err(|error| format!("JSON parse error: {error}"))?;
        for (asked, known) in [
            (&ask.categories, CATEGORIES.as_slice()),
            (&ask.severities, SEVERITIES.as_slice()),
        ] {
            let odd = asked
                .iter()
                .flatten()
                .find(|name| !known.contains(&name.as_str()));
            if let Some(odd) = odd {
                return Err(format!(
                    "JSON parse error: Cannot deserialize value from String \"{odd}\": not one of the values accepted for Enum class: [{}]",
                    known.join(", ")
                ));
            }
        }
        Ok(ask)
    }

    fn takes(&self, row: &Row, class: Class) -> bool {
        let among = |wanted: &Option<Vec<String>>, own: &str| {
            wanted
                .as_ref()
                .is_none_or(|names| names.is_empty() || names.iter().any(|name| name == own))
        };
        let kind = row.kind;
        let time = row.time.timestamp_millis();
        self.timestamp_from.is_none_or(|from| from <= time)
            && self.timestamp_to.is_none_or(|to| time <= to)
            && among(&self.categories, kind.category)
            && among(&self.subcategories, kind.subcategory)
            && among(&self.events, kind.event)
            && among(&self.keys, kind.key)
            && among(&self.severities, row.severity.unwrap_or(""))
            && (class == Class::All || kind.subcategory == "SECURITY_INTRUSION_PREVENTION")
            && match self.class.as_deref() {
                Some("AUDIT") => kind.category == "AUDIT",
                Some("GENERAL") => kind.category != "AUDIT",
                _ => true,
            }
    }
}

/// One page: newest first, bounds inclusive, only what was written down by `now`.
pub fn page(world: &World, now: DateTime<Utc>, ask: &Ask, class: Class) -> Value {
    let size = ask.page_size.unwrap_or(50).clamp(1, LARGEST_PAGE);
    let number = ask.page_number.unwrap_or(0);
    let first = number.saturating_mul(size);
    let (mut data, mut total) = (Vec::new(), 0_usize);
    newest_first(world, now, ask, class, |row| {
        if total >= first && data.len() < size {
            data.push(if class == Class::All {
                row.wire()
            } else {
                row.wire_rendered()
            });
        }
        total += 1;
    });
    json!({ "data": data, "page_number": number, "total_element_count": total,
        "total_page_count": total.div_ceil(size) })
}

/// How many rows of which category, subcategory and event there are.
pub fn count(world: &World, now: DateTime<Utc>, ask: &Ask) -> Value {
    let mut counts = [BTreeMap::<&str, u64>::new(), BTreeMap::new(), BTreeMap::new()];
    newest_first(world, now, ask, Class::All, |row| {
        let names = [row.kind.category, row.kind.subcategory, row.kind.event];
        for (count, name) in counts.iter_mut().zip(names).filter(|(_, name)| !name.is_empty()) {
            *count.entry(name).or_default() += 1;
        }
    });
    let [categories, subcategories, events] = counts.map(|names| {
        let named = |(name, count)| json!({ "name": name, "count": count });
        names.into_iter().map(named).collect::<Vec<_>>()
    });
    json!({ "categories": categories, "subcategories": subcategories, "events": events,
        "type": ask.class.as_deref().unwrap_or("GENERAL") })
}

/// Shows each row that is taken, newest first.
pub fn newest_first(world: &World, now: DateTime<Utc>, ask: &Ask, class: Class, mut see: impl FnMut(&Row)) {
    let hour_of = |moment: DateTime<Utc>| (moment - world.start).num_seconds().div_euclid(3_600);
    let oldest = (world.start - Duration::hours(HISTORY)).max(now - Duration::days(RETENTION_DAYS));
    let bound = |millis: Option<i64>, open: DateTime<Utc>| {
        millis.map_or(open, |millis| match DateTime::from_timestamp_millis(millis) {
            Some(moment) => moment.clamp(oldest, now),
            None if millis < 0 => oldest,
            None => now,
        })
    };
    let (from, to) = (bound(ask.timestamp_from, oldest), bound(ask.timestamp_to, now));
    for hour in (hour_of(from)..=hour_of(to)).rev() {
        for row in rows::of_hour(world, hour).iter().rev() {
            if row.time >= oldest && row.time <= now && row.written <= now && ask.takes(row, class) {
                see(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::TcpStream;

    use super::*;
    use crate::collect::demo::client::{ALL, JSON, KEY, ask, connect, console, log};
    use crate::collect::demo::story;

    #[test]
    fn pages_are_newest_first_and_together_hold_every_row_once() {
        let console = console(3);
        let mut stream = connect(&console);
        let (from, to) = (
            (console.now() - Duration::hours(27)).timestamp_millis(),
            console.now().timestamp_millis(),
        );
        let page = |stream: &mut TcpStream, number: usize| {
            log(
                stream,
                &json!({ "timestampFrom": from, "timestampTo": to, "pageNumber": number, "pageSize": 100 }),
            )
        };
        let first = page(&mut stream, 0);
        let (total, pages) = (
            first["total_element_count"].as_u64().unwrap(),
            first["total_page_count"].as_u64().unwrap(),
        );
        let rows: Vec<Value> = (0..usize::try_from(pages).unwrap())
            .flat_map(|number| page(&mut stream, number)["data"].as_array().unwrap().clone())
            .collect();
        let times: Vec<i64> = rows
            .iter()
            .map(|row| row["timestamp"].as_i64().unwrap())
            .collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older));
        assert!(times.iter().all(|time| (from..=to).contains(time)));
        let ids: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!((ids.len() as u64, rows.len() as u64), (total, total));
        let beyond = page(&mut stream, 99);
        assert_eq!(
            (
                beyond["data"].as_array().unwrap().len(),
                beyond["page_number"].as_u64()
            ),
            (0, Some(99))
        );

        let exact = log(
            &mut stream,
            &json!({ "timestampFrom": times[9], "timestampTo": times[9] }),
        );
        assert!(
            exact["total_element_count"].as_u64() >= Some(1),
            "both bounds are inclusive"
        );
        let counted = ask(
            &mut stream,
            "POST",
            &ALL.replace("/all", "/count"),
            &[KEY, JSON],
            &json!({ "timestampFrom": from, "timestampTo": to }).to_string(),
        );
        let categories = counted.json()["categories"].as_array().unwrap().clone();
        assert_eq!(
            categories
                .iter()
                .map(|one| one["count"].as_u64().unwrap())
                .sum::<u64>(),
            total
        );
    }

    #[test]
    fn a_later_look_changes_nothing_in_hours_that_were_over() {
        let rows = |hours: u64| -> Vec<Value> {
            let console = console(hours);
            let to = "2026-11-21T05:00:00Z"
                .parse::<DateTime<Utc>>()
                .unwrap()
                .timestamp_millis();
            let body = json!({ "timestampFrom": 0, "timestampTo": to, "pageSize": 1000 });
            log(&mut connect(&console), &body)["data"]
                .as_array()
                .unwrap()
                .clone()
        };
        assert_eq!(rows(0), rows(9));
    }

    #[test]
    fn rows_about_an_outage_cannot_be_read_before_it_is_over() {
        let world = World {
            seed: 7,
            start: "2026-11-20T06:00:00Z".parse().unwrap(),
        };
        let line = story::line_outage(&world);
        let ask = Ask::parse(br#"{"keys":["NETWORK_WAN_FAILED_2"]}"#).unwrap();
        let seen = |now| page(&world, now, &ask, Class::All)["total_element_count"].as_u64();
        assert_eq!(seen(line.until - Duration::seconds(1)), Some(0));
        assert_eq!(seen(line.until + Duration::minutes(1)), Some(1));
    }
}
