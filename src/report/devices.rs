//! The device table: what is wrong first, what is unknown next, and never the one as the other.

use crate::model::count::{counted, thousands};
use crate::model::coverage::SourceCoverage;
use crate::model::report::{DeviceLine, Report};
use crate::model::source::SourceKind;
use crate::model::text::{KEY, NAME, clean};
use crate::report::words::listed;

/// Rows shown; devices that are well and beyond it are counted only.
const SHOWN: usize = 60;
const NOTE: usize = 120;
const NOTES: usize = 8;

pub struct Devices {
    /// `14 devices: 1 needs a look, 1 unknown, 12 fine`.
    pub said: String,
    pub rows: Vec<Row>,
    /// `and 40 more that are fine`; empty if all are shown.
    pub cut: String,
    /// Several sites: rows name theirs.
    pub sites: bool,
    pub tile: String,
    pub bad: u64,
    pub unknown: u64,
}

pub struct Row {
    pub class: &'static str,
    pub state: String,
    /// The state's worth in words where it is not simply well.
    pub judged: &'static str,
    pub name: String,
    pub site: String,
    /// Model and version.
    pub model: String,
    pub notes: String,
}

pub fn devices(report: &Report) -> Devices {
    let mut lines: Vec<&DeviceLine> = report.devices.iter().collect();
    lines.sort_by_key(|line| (rank(line.healthy), &line.site, &line.name, &line.mac));
    let having = |rank_wanted| {
        lines
            .iter()
            .map(|line| u64::from(rank(line.healthy) == rank_wanted))
            .sum::<u64>()
    };
    let (bad, unknown, fine) = (having(0), having(1), having(2));
    // Whatever is not well is shown, however much of it there is.
    let shown = SHOWN.max(usize::try_from(bad + unknown).unwrap_or(usize::MAX));
    let first_site = lines.first().map(|line| &line.site);
    Devices {
        said: said(report, bad, unknown, fine),
        rows: lines.iter().take(shown).map(|line| row(line)).collect(),
        cut: match lines.len().saturating_sub(shown) {
            0 => String::new(),
            more => format!(
                "and {} more, all fine, in the JSON report",
                thousands(more as u64)
            ),
        },
        sites: lines.iter().any(|line| Some(&line.site) != first_site),
        tile: tile(report),
        bad,
        unknown,
    }
}

fn rank(healthy: Option<bool>) -> u8 {
    match healthy {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    }
}

fn row(line: &DeviceLine) -> Row {
    let name = clean(&line.name, NAME);
    let mac = clean(&line.mac, NAME);
    let mut state = clean(&line.state, NAME);
    if state.is_empty() {
        "unknown".clone_into(&mut state);
    }
    let notes: Vec<String> = line
        .notes
        .iter()
        .take(NOTES)
        .map(|note| clean(note, NOTE))
        .collect();
    let model = [clean(&line.model, NAME), clean(&line.version, NAME)];
    Row {
        class: ["severe", "unsure", "clear"]
            .get(usize::from(rank(line.healthy)))
            .copied()
            .unwrap_or("unsure"),
        judged: judged(line.healthy, &state),
        state,
        name: if name.is_empty() {
            format!("unnamed ({mac})")
        } else {
            name
        },
        site: clean(&line.site, KEY),
        model: model.join(" ").trim().to_owned(),
        notes: notes.join(", "),
    }
}

/// A state's worth in words; what is not there, or not known, says so by itself.
fn judged(healthy: Option<bool>, state: &str) -> &'static str {
    match healthy {
        Some(true) => "",
        _ if state == "offline" || state.starts_with("unknown") => "",
        Some(false) => "needs a look",
        None => "unclear",
    }
}

fn said(report: &Report, bad: u64, unknown: u64, fine: u64) -> String {
    let missing: Vec<String> = sources(report)
        .filter(|source| !source.outcome.is_whole())
        .map(|source| clean(&source.name, KEY))
        .collect();
    let gap = if missing.is_empty() {
        String::new()
    } else {
        format!(" What {} would have shown is unknown.", listed(&missing))
    };
    if report.devices.is_empty() {
        return match sources(report).next() {
            None => "The devices were not asked for: their state is unknown.".to_owned(),
            Some(_) if missing.is_empty() => "The console lists no devices.".to_owned(),
            Some(_) => format!("No device could be read.{gap}"),
        };
    }
    let verb = if bad == 1 { "needs" } else { "need" };
    let parts: Vec<String> = [
        (bad, format!("{} {verb} a look", thousands(bad))),
        (unknown, format!("{} unknown", thousands(unknown))),
        (fine, format!("{} fine", thousands(fine))),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(_, text)| text)
    .collect();
    format!(
        "{}: {}.{gap}",
        counted(report.devices.len() as u64, "device"),
        parts.join(", ")
    )
}

fn tile(report: &Report) -> String {
    let asked = sources(report).next().is_some();
    let whole = sources(report).all(|source| source.outcome.is_whole());
    match (report.devices.len() as u64, asked && whole) {
        (0, false) => "unknown".to_owned(),
        (number, false) if asked => format!("at least {}", thousands(number)),
        (number, _) => thousands(number),
    }
}

fn sources(report: &Report) -> impl Iterator<Item = &SourceCoverage> {
    report
        .sources
        .iter()
        .filter(|source| source.id.kind == SourceKind::Devices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::coverage::Outcome;
    use crate::report::sample;

    #[test]
    fn what_is_wrong_comes_first_and_unknown_before_fine() {
        let shown = devices(&sample::busy());
        let classes: Vec<&str> = shown.rows.iter().map(|row| row.class).collect();
        let mut sorted = classes.clone();
        sorted.sort_by_key(|class| {
            ["severe", "unsure", "clear"]
                .iter()
                .position(|known| known == class)
        });
        assert_eq!(classes, sorted);
        insta::assert_snapshot!(shown.said);
    }

    #[test]
    fn devices_that_could_not_be_read_are_unknown_not_none() {
        let mut report = sample::quiet();
        report.devices.clear();
        assert_eq!(devices(&report).said, "The console lists no devices.");
        report.sources[1].outcome = Outcome::Failed;
        let shown = devices(&report);
        assert_eq!(shown.tile, "unknown");
        assert_eq!(
            shown.said,
            "No device could be read. What home/default/devices would have shown is unknown."
        );
    }

    #[test]
    fn no_broken_device_is_ever_left_out() {
        let mut report = sample::quiet();
        let line = report.devices[0].clone();
        report.devices = (0..200)
            .map(|number| DeviceLine {
                name: format!("AP {number}"),
                healthy: Some(number % 2 == 0),
                ..line.clone()
            })
            .collect();
        let shown = devices(&report);
        assert_eq!(shown.rows.iter().filter(|row| row.class == "severe").count(), 100);
        assert_eq!(shown.cut, "and 100 more, all fine, in the JSON report");
    }
}
