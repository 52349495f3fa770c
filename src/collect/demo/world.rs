//! The demo's world: a seed and a start, and the office's clock.

use std::sync::LazyLock;

use chrono::{DateTime, Duration, NaiveDate, Utc};

use crate::collect::demo::dice::Dice;
use crate::model::zone::Zone;

/// The office's own time zone; its day and night follow it.
pub const ZONE: &str = "Europe/London";

/// Its rules, read once.
static CLOCK: LazyLock<Option<Zone>> = LazyLock::new(|| Zone::named(ZONE));

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
    let clock = CLOCK.as_ref();
    clock
        .and_then(|zone| {
            zone.earliest(naive)
                .or_else(|| zone.earliest(naive + Duration::hours(1)))
        })
        .unwrap_or_else(|| naive.and_utc())
}

/// The office's date at `moment`.
pub fn date(moment: DateTime<Utc>) -> NaiveDate {
    let local = CLOCK.as_ref().and_then(|zone| zone.local(moment));
    local.map_or_else(|| moment.date_naive(), |(local, _)| local.date_naive())
}
