//! A source over several runs, with the ids it has counted.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::collect::Slice;
use crate::collect::fake::Fake;
use crate::collect::system_log::{self, Log, Read};
use crate::model::position::Position;
use crate::model::source::{SiteName, SourceId, SourceKind};

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn log(position: &Position, now: DateTime<Utc>) -> Log {
    Log {
        id: SourceId {
            controller: "u".into(),
            site: "1".into(),
            kind: SourceKind::SystemLog,
        },
        site: SiteName {
            controller: "home".into(),
            site: "default".into(),
        },
        position: position.clone(),
        now,
        retention_days: Some(90),
        judge_skew: true,
        named_window: None,
    }
}

/// A source with its seen ids, as the runs keep it.
pub struct Source {
    pub position: Position,
    pub counted: BTreeMap<String, u64>,
}

impl Source {
    pub fn new(start: &str) -> Self {
        Self {
            position: Position::unread(at(start)),
            counted: BTreeMap::new(),
        }
    }

    /// One run: rows whose ids are known are dropped where they were read before.
    pub fn run(&mut self, fake: &mut Fake, now: DateTime<Utc>) -> (Read, Vec<Slice>) {
        self.run_log(&log(&self.position.clone(), now), fake)
    }

    pub fn run_log(&mut self, log: &Log, fake: &mut Fake) -> (Read, Vec<Slice>) {
        fake.asks.clear();
        let mut slices = Vec::new();
        let read = system_log::read(log, &mut |ask| fake.page(ask), &mut |slice| {
            for row in &slice.rows {
                assert!(
                    slice.window.contains(row.time),
                    "{row:?} outside {:?}",
                    slice.window
                );
                let known = self.counted.contains_key(&row.id);
                if !(slice.overlap && known) {
                    *self.counted.entry(row.id.clone()).or_default() += 1;
                }
            }
            assert!(slice.rows.is_sorted_by_key(|row| (row.time, row.id.clone())));
            self.position = slice.position_after.clone();
            slices.push(slice);
            Ok(())
        });
        (read.unwrap(), slices)
    }
}

/// A row every `every` seconds from `from` until `to`.
pub fn steady(from: &str, to: &str, every: i64) -> Fake {
    let length = at(to) - at(from);
    Fake::steady(
        at(from).timestamp_millis(),
        every * 1_000,
        length.num_seconds() / every,
    )
}

pub fn add(fake: &mut Fake, time: DateTime<Utc>, id: &str) {
    fake.rows.push((time.timestamp_millis(), id.to_owned()));
}
