//! The rows of the demo's system log: whole hours, each a pure function of the world.

use chrono::{DateTime, Duration, DurationRound as _, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::collect::demo::dice::Dice;
use crate::collect::demo::kinds::Kind;
use crate::collect::demo::parties::Parties;
use crate::collect::demo::world::World;
use crate::collect::demo::{day, story};

/// Hours of routine before the demo's start: a console is older than the first look at it.
pub const HISTORY: i64 = 72;

#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub kind: &'static Kind,
    pub time: DateTime<Utc>,
    /// When the console wrote it down. Rows about a period come after it; until then nobody can read them.
    pub written: DateTime<Utc>,
    pub severity: Option<&'static str>,
    pub parties: Parties,
}

/// The rows of hour `number`, counted from the start (negative: before it), in time order.
pub fn of_hour(world: &World, number: i64) -> Vec<Row> {
    let from = world.start + Duration::hours(number);
    let mut hour = Hour {
        world,
        number,
        from,
        until: from + Duration::hours(1),
        rows: Vec::new(),
    };
    day::tell(&mut hour);
    if number >= 0 {
        story::tell(&mut hour);
    }
    hour.rows.sort_by_key(|row| row.time);
    let mut dice = world.dice("machine", 0);
    let (machine, offset) = (dice.hex(10), dice.between(0, 0x00ff_ffff));
    for (index, row) in (0..).zip(&mut hour.rows) {
        let counter = (offset + number * 1_000 + index).rem_euclid(0x0100_0000);
        row.id = format!("{:08x}{machine}{counter:06x}", row.written.timestamp());
        for (role, party) in &mut row.parties {
            if *role == "INITIATOR_ID" {
                *party = json!({ "id": format!("{}{:06x}", row.id.get(..18).unwrap_or(""), counter ^ 0x0080_0000) });
            }
        }
    }
    hour.rows
}

/// The hour that is being told. Rows outside it are dropped before anything is built for them.
pub struct Hour<'a> {
    pub world: &'a World,
    pub number: i64,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    rows: Vec<Row>,
}

impl Hour<'_> {
    /// A row at some millisecond of the second `time`, written down within the usual seconds.
    pub fn row(
        &mut self,
        kind: &'static Kind,
        time: DateTime<Utc>,
        parties: impl FnOnce(&mut Dice) -> Parties,
    ) {
        let second = time.duration_trunc(TimeDelta::seconds(1)).unwrap_or(time);
        let shift = self.world.dice(kind.key, second.timestamp()).between(0, 999);
        self.row_at(kind, second + Duration::milliseconds(shift), None, parties);
    }

    /// A row at exactly `time`, and written down at `written` if that is late.
    pub fn row_at(
        &mut self,
        kind: &'static Kind,
        time: DateTime<Utc>,
        written: Option<DateTime<Utc>>,
        parties: impl FnOnce(&mut Dice) -> Parties,
    ) {
        if time < self.from || time >= self.until {
            return;
        }
        let mut dice = self.world.dice(kind.key, time.timestamp_millis());
        let lag = dice.between(0, if kind.category == "SECURITY" { 900 } else { 4_500 });
        let severity = dice.pick(kind.severities).copied();
        let written = written.unwrap_or(time + Duration::milliseconds(lag));
        self.rows.push(Row {
            id: String::new(),
            kind,
            time,
            written,
            severity,
            parties: parties(&mut dice),
        });
    }
}

impl Row {
    /// As `system-log/all` sends it: absent is absent, the sentence still with its placeholders.
    pub fn wire(&self) -> Value {
        let kind = self.kind;
        let mut row = Map::new();
        for (field, text) in [
            ("category", kind.category),
            ("subcategory", kind.subcategory),
            ("event", kind.event),
            ("key", kind.key),
            ("id", &self.id),
            ("severity", self.severity.unwrap_or("")),
            ("status", if self.severity.is_some() { "NEW" } else { "" }),
            ("target", kind.target),
            ("type", kind.class),
            ("title_raw", kind.title),
            ("message_raw", kind.message),
        ] {
            if !text.is_empty() {
                row.insert(field.to_owned(), text.into());
            }
        }
        row.insert("timestamp".to_owned(), self.time.timestamp_millis().into());
        row.insert(
            "show_on_dashboard".to_owned(),
            (kind.category == "INTERNET_AND_WAN").into(),
        );
        let parties = self
            .parties
            .iter()
            .map(|(role, party)| ((*role).to_owned(), party.clone()));
        row.insert("parameters".to_owned(), Value::Object(parties.collect()));
        Value::Object(row)
    }

    /// As the classes with rendered sentences send it.
    pub fn wire_rendered(&self) -> Value {
        let mut message = self.kind.message.to_owned();
        for (role, party) in &self.parties {
            let word = ["name", "id"].iter().find_map(|field| party.get(field)?.as_str());
            message = message.replace(&format!("{{{role}}}"), word.unwrap_or(role));
        }
        let mut row = self.wire();
        if let Some(fields) = row.as_object_mut() {
            fields.insert("message".to_owned(), message.into());
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn world(seed: u64, start: &str) -> World {
        World {
            seed,
            start: start.parse().unwrap(),
        }
    }

    /// Starts at all times of the day, in both halves of the year and around both clock changes.
    fn worlds() -> Vec<World> {
        let starts = [
            "2026-11-20T06:00:00Z",
            "2026-07-01T11:23:45Z",
            "2026-03-28T21:10:00Z",
            "2026-10-24T23:59:59Z",
            "2027-01-01T00:00:00Z",
            "2026-05-05T14:14:10Z",
        ];
        (0..)
            .zip(starts)
            .map(|(seed, start)| world(seed, start))
            .collect()
    }

    #[test]
    fn every_row_lies_in_its_hour_and_no_id_comes_twice() {
        for world in worlds() {
            let mut ids = BTreeSet::new();
            for number in -24..100 {
                let from = world.start + Duration::hours(number);
                let mut last = from;
                for row in of_hour(&world, number) {
                    assert!(
                        row.time >= last && row.time < from + Duration::hours(1),
                        "{row:?}"
                    );
                    assert!(row.written >= row.time);
                    assert_eq!(row.id.len(), 24);
                    assert_eq!(&row.id[..8], format!("{:08x}", row.written.timestamp()));
                    assert!(ids.insert(row.id.clone()), "{row:?} comes twice");
                    last = row.time;
                }
            }
        }
    }

    #[test]
    fn the_first_day_is_full_and_later_hours_are_modest() {
        for world in worlds() {
            let counts: Vec<usize> = (0..100).map(|hour| of_hour(&world, hour).len()).collect();
            let first: usize = counts[..24].iter().sum();
            assert!(
                (250..=500).contains(&first),
                "{first} rows on the first day of {world:?}"
            );
            assert!(
                counts[24..].iter().all(|count| (5..=40).contains(count)),
                "{counts:?}"
            );
        }
    }

    #[test]
    fn the_same_seed_and_start_tell_the_same_and_another_seed_does_not() {
        let wire = |seed| {
            let world = world(seed, "2026-11-20T06:00:00Z");
            (-3..30)
                .flat_map(|hour| of_hour(&world, hour))
                .map(|row| row.wire().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(wire(1), wire(1));
        assert_ne!(wire(1), wire(2));
    }

    #[test]
    fn the_first_day_holds_each_of_its_incidents_whenever_it_begins() {
        for world in worlds() {
            let mut keys = BTreeMap::<&str, usize>::new();
            for row in (0..24).flat_map(|hour| of_hour(&world, hour)) {
                *keys.entry(row.kind.key).or_default() += 1;
            }
            let exactly = [
                ("DEVICE_UNREACHABLE", 2),
                ("DEVICE_RECONNECTED", 1),
                ("NETWORK_WAN_FAILED_2", 1),
                ("NETWORK_FAILED_OVER_TO_BACKUP_WAN_TEMPORARY_2", 1),
                ("NETWORK_WAN_RESTORED_2", 1),
                ("NETWORK_RETURNED_FROM_BACKUP_WAN", 1),
                ("ISP_HIGH_LATENCY_2", 5),
                ("AP_DETECTED_RADAR_V2", 1),
                ("FIRMWARE_UPDATE_AVAILABLE", 1),
                ("POE_PORT_BUDGET_EXCEEDED", 1),
                ("CLIENT_IP_CONFLICT", 2),
                ("CONFIG_MODIFIED", 1),
                ("VPN_CLIENT_CONNECTED", 1),
                ("VPN_CLIENT_DISCONNECTED", 1),
                ("THREAT_BLOCKED_KNOWN_SOURCE_CLIENT", 23),
                ("CLIENT_POSTURE_SCORE_CHANGED_V2", 2),
                ("BLOCKED_CLIENT_TRIED_CONNECT_TO_NETWORK", 3),
            ];
            for (key, count) in exactly {
                assert_eq!(keys.get(key), Some(&count), "{key} from {}", world.start);
            }
            let noise = keys["TRAFFIC_BLOCKED_KNOWN_SOURCE_CLIENT"];
            assert!((48..=96).contains(&noise), "{noise} firewall rows");
        }
    }

    #[test]
    fn an_access_point_that_is_down_serves_nobody() {
        for world in worlds() {
            for row in (0..100).flat_map(|hour| of_hour(&world, hour)) {
                for (_, party) in row
                    .parties
                    .iter()
                    .filter(|(role, _)| ["DEVICE", "DEVICE_TO"].contains(role))
                {
                    let at = crate::collect::demo::office::ACCESS_POINTS
                        .iter()
                        .find(|unit| unit.mac == party["id"]);
                    // Begin and end are told somewhere in their second: both ends of it must be in the outage.
                    let out = |moment| at.is_some_and(|unit| story::down(&world, unit, moment).is_some());
                    assert!(
                        !(out(row.time - Duration::seconds(1)) && out(row.time)),
                        "{row:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_key_but_the_future_one_has_all_its_words_filled_in() {
        let world = world(3, "2026-11-20T06:00:00Z");
        for row in (0..48).flat_map(|hour| of_hour(&world, hour)) {
            let message = row.wire_rendered()["message"].as_str().unwrap().to_owned();

            let future = row.kind.key == "CLIENT_POSTURE_SCORE_CHANGED_V2";
            assert_eq!(message.contains('{'), future, "{message}");
            assert_eq!(row.wire().get("event").is_none(), future);
        }
    }
}
