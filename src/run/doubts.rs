//! What a report may repeat, and what may have been lost before it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::model::count::counted;
use crate::model::coverage::SourceCoverage;
use crate::model::source::{SourceId, SourceKind};
use crate::model::warning::Warning;
use crate::run::beginnings;
use crate::run::ingest::Taken;
use crate::state::schema::Checkpoint;

/// Where ids had been lost, rows may have been counted twice: the report says which source.
pub fn repeats(taken: &BTreeMap<SourceId, Taken>, warnings: &mut Vec<Warning>) {
    for (id, taken) in taken.iter().filter(|(_, taken)| taken.may_repeat > 0) {
        let text = format!(
            "The list of rows counted before was lost for {id}: {} in this report may repeat what an earlier one told.",
            counted(taken.may_repeat, "row")
        );
        warnings.push(Warning::of(&taken.site, text));
    }
}

/// A console that was upgraded has a system log now, which knows the rows of its older lists under other ids. It may not
/// reach back to where those ended.
pub fn upgrades(
    known: &Checkpoint,
    taken: &BTreeMap<SourceId, Taken>,
    coverage: &[SourceCoverage],
    warnings: &mut Vec<Warning>,
) {
    for (id, taken) in taken.iter().filter(|(id, _)| id.kind == SourceKind::SystemLog) {
        let Some(ended) = beginnings::after_lists(known, &taken.site, id) else {
            continue;
        };
        let site = &taken.site;
        let mut text = format!(
            "{site}: the console has a system log now, which is read from where its older lists ended; what they would have \
             shown late before that is not counted."
        );
        let oldest = coverage
            .iter()
            .find(|line| line.id == *id)
            .and_then(|line| line.oldest);
        if let Some(oldest) = oldest.filter(|oldest| *oldest > ended) {
            let moment = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M:%S UTC");
            let (ended, oldest) = (moment(ended), moment(oldest));
            let _ = write!(
                text,
                " The log's oldest row is of {oldest}: what happened between {ended} and then, and is in no list that still \
                 answers, may have been lost."
            );
        }
        warnings.push(Warning::of(site, text));
    }
}
