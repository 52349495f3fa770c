//! The demo's world: a seed and a start, and the office's clock.

use chrono::{DateTime, Duration, NaiveDate, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::collect::demo::dice::Dice;

/// The office's own time zone; its day and night follow it.
pub const ZONE: Tz = chrono_tz::Europe::London;

/// One demo: rows, devices and health of any hour follow from these two alone.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub seed: u64,
    /// The first moment of the demo's first day.
    pub start: DateTime<Utc>,
}

impl World {
    pub fn dice(&self, question: &str, number: i64) -> Dice {
        Dice::new(self.seed, question, number)
    }

    /// When the `day`-th 24 hours since the start reach `minute` on the office's clock, moved inwards if
    /// something that takes `lasts` minutes would not fit into these 24 hours as a whole.
    pub fn during(&self, day: i64, minute: i64, lasts: i64) -> DateTime<Utc> {
        let opens = self.start + Duration::hours(24 * day);
        let today = date(opens);
        let wanted = [today, today.succ_opt().unwrap_or(today)]
            .into_iter()
            .map(|date| local(date, minute))
            .find(|moment| *moment >= opens)
            .unwrap_or(opens);
        let second = self.dice("second", day * 1_440 + minute).between(0, 59);
        (wanted + Duration::seconds(second))
            .max(opens + Duration::minutes(12))
            .min(opens + Duration::minutes(23 * 60 + 30 - lasts))
    }
}

/// `minute` of the office's `date`, in UTC. An hour that the spring change skips is the next one.
pub fn local(date: NaiveDate, minute: i64) -> DateTime<Utc> {
    let naive = date.and_time(chrono::NaiveTime::MIN) + Duration::minutes(minute);
    ZONE.from_local_datetime(&naive)
        .earliest()
        .or_else(|| ZONE.from_local_datetime(&(naive + Duration::hours(1))).earliest())
        .map_or_else(|| naive.and_utc(), |local| local.with_timezone(&Utc))
}

/// The office's date at `moment`.
pub fn date(moment: DateTime<Utc>) -> NaiveDate {
    moment.with_timezone(&ZONE).date_naive()
}
