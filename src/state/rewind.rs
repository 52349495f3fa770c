//! Sets the sources of a checkpoint back to a moment, so that what happened since is read and counted again.
//!
//! Pure. The ids of those rows are the caller's to forget.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use crate::model::position::Position;
use crate::model::source::SourceId;
use crate::state::schema::Checkpoint;

/// Behind the watermark, in which late rows are still found.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// Moves every source that was read beyond `time`, a full hour, back to it; which ones those are.
pub fn rewind(checkpoint: &mut Checkpoint, time: DateTime<Utc>) -> Vec<SourceId> {
    let mut moved = Vec::new();
    for source in &mut checkpoint.sources {
        if let Some(watermark) = source.position.watermark
            && watermark > time
        {
            set_back(&mut source.position, watermark, time);
            source.epoch = source.epoch.saturating_add(1);
            moved.push(source.id.clone());
        }
    }
    moved
}

fn set_back(position: &mut Position, watermark: DateTime<Utc>, time: DateTime<Utc>) {
    // Before this, ids and counts were forgotten: a row found there could not be told from one that was counted.
    let known = hour(watermark - OVERLAP).max(position.start);
    position.start = known.min(time);
    position.watermark = Some(time);
    position.proved_until = Some(time);
    position.newest = position.newest.map(|newest| newest.min(time));
    position.lagging_until = None;
    // Files are read again from their beginning, and what lies before is passed over.
    position.files.clear();
    let first = time.timestamp().div_euclid(3600);
    position.hours.retain(|hour, _| *hour < first);
}

fn hour(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::hours(1)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::state::lived_in::{id, lived_in, now};

    #[test]
    fn only_what_was_read_beyond_the_moment_goes_back_and_late_rows_are_looked_for_where_ids_are_known() {
        let (_temp, _dir, mut checkpoint) = lived_in();
        assert!(rewind(&mut checkpoint, now()).is_empty(), "it stands there");
        let position = &mut checkpoint.sources[0].position;
        position.start = now() - TimeDelta::days(9);
        position.newest = Some(now());
        let hour = now().timestamp() / 3600;
        position.hours = BTreeMap::from([(hour - 3, 1), (hour - 2, 2), (hour - 1, 3)]);
        let epoch = checkpoint.sources[0].epoch;

        let time = now() - TimeDelta::hours(2);
        assert_eq!(rewind(&mut checkpoint, time), [id()]);
        let source = &checkpoint.sources[0];
        assert_eq!(source.epoch, epoch + 1);
        assert_eq!(source.position.watermark, Some(time));
        assert_eq!(source.position.newest, Some(time));
        assert_eq!(source.position.hours, BTreeMap::from([(hour - 3, 1)]));
        assert_eq!(source.position.start, now() - TimeDelta::hours(24));

        let time = now() - TimeDelta::days(30);
        rewind(&mut checkpoint, time);
        assert_eq!(
            checkpoint.sources[0].position.start, time,
            "rows from there on count again"
        );
    }
}
