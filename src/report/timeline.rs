//! Events by the hour as bars: bucketed so that a day and a month both fit on a phone.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::count::counted;
use crate::model::report::{Hour, Report};
use crate::report::clock::Clock;
use crate::report::words::listed;

/// At most so many bars.
const BARS: i64 = 48;
/// The tallest bar, in pixels.
const TALLEST: u64 = 76;
/// Hours a bar may stand for; above the last, whole weeks.
const WIDTHS: [i64; 10] = [1, 2, 3, 4, 6, 8, 12, 24, 48, 168];
/// About so many labels below the bars.
const LABELS: usize = 6;

pub struct Timeline {
    /// `each bar is one hour`.
    pub unit: String,
    pub bars: Vec<Bar>,
    pub labels: Vec<Label>,
    /// What the bars show, in words.
    pub said: Vec<String>,
}

/// One bar; `parts` is empty both where nothing happened and where nothing is known, `known` tells which.
pub struct Bar {
    start: DateTime<Utc>,
    /// `Fri 20 Nov 06:00`.
    pub at: String,
    /// `Fri 20 Nov 06:00–07:00`.
    pub name: String,
    pub known: bool,
    pub total: u64,
    severe: u64,
    medium: u64,
    low: u64,
    info: u64,
    /// From the top: worst first.
    pub parts: Vec<Part>,
}

pub struct Part {
    pub class: &'static str,
    /// In pixels.
    pub height: u64,
}

pub struct Label {
    /// How many bars it stands under.
    pub over: usize,
    pub time: String,
    /// The day, where a new one has begun.
    pub day: String,
}

/// The bars between the first and the last hour; `None` without any hours.
pub fn timeline(report: &Report, clock: &Clock) -> Option<Timeline> {
    let first = report.timeline.iter().map(|hour| hour.start).min()?;
    let last = report.timeline.iter().map(|hour| hour.start).max()?;
    let (first_hour, last_hour) = (hours(first), hours(last));
    let width = bar_width(last_hour - first_hour + 1);
    // Bars begin at round hours of the wall clock.
    let shift = clock.ahead(first).div_euclid(3_600);
    let slot = |hour: i64| (hour + shift).div_euclid(width);
    let begin = slot(first_hour);
    let mut bars: Vec<Bar> = (begin..=slot(last_hour))
        .filter_map(|place| empty_bar(place * width - shift, width, clock))
        .collect();
    for hour in &report.timeline {
        let place = usize::try_from(slot(hours(hour.start)) - begin).ok();
        if let Some(bar) = place.and_then(|place| bars.get_mut(place)) {
            bar.add(hour);
        }
    }
    let highest = bars.iter().map(|bar| bar.total).max().unwrap_or(0);
    for bar in &mut bars {
        bar.scale(highest);
    }
    Some(Timeline {
        unit: unit(width),
        labels: labels(&bars, width, clock),
        said: said(&bars, clock),
        bars,
    })
}

impl Bar {
    /// The worst that happened in it, if it is worth a word.
    pub fn worst(&self) -> Option<&'static str> {
        match (self.severe, self.medium) {
            (1.., _) => Some("severe"),
            (_, 1..) => Some("medium"),
            _ => None,
        }
    }

    fn add(&mut self, hour: &Hour) {
        self.known = true;
        self.severe = self.severe.saturating_add(hour.severe);
        self.medium = self.medium.saturating_add(hour.medium);
        self.low = self.low.saturating_add(hour.low);
        self.info = self.info.saturating_add(hour.info);
        self.total = [self.severe, self.medium, self.low, self.info]
            .into_iter()
            .fold(0, u64::saturating_add);
    }

    /// Heights in proportion; what is there at all is seen, however little it is.
    fn scale(&mut self, highest: u64) {
        let kinds = [
            ("severe", self.severe, 4),
            ("medium", self.medium, 3),
            ("low", self.low, 2),
            ("info", self.info, 2),
        ];
        self.parts = kinds
            .into_iter()
            .filter(|(_, number, _)| *number > 0)
            .map(|(class, number, least)| Part {
                class,
                height: proportion(number, highest).max(least),
            })
            .collect();
    }
}

fn proportion(number: u64, highest: u64) -> u64 {
    let scaled = u128::from(number) * u128::from(TALLEST) / u128::from(highest.max(1));
    u64::try_from(scaled).unwrap_or(TALLEST)
}

fn empty_bar(hour: i64, width: i64, clock: &Clock) -> Option<Bar> {
    let start = DateTime::from_timestamp(hour.checked_mul(3_600)?, 0)?;
    let end = start.checked_add_signed(TimeDelta::hours(width))?;
    Some(Bar {
        start,
        at: clock.moment(start),
        name: clock.stretch(start, end),
        known: false,
        total: 0,
        severe: 0,
        medium: 0,
        low: 0,
        info: 0,
        parts: Vec::new(),
    })
}

fn hours(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(3_600)
}

fn bar_width(all: i64) -> i64 {
    let least = (all + BARS - 1) / BARS;
    WIDTHS
        .into_iter()
        .find(|width| *width >= least)
        .unwrap_or_else(|| (least + 167) / 168 * 168)
}

fn unit(width: i64) -> String {
    match width {
        1 => "each bar is one hour".to_owned(),
        24 => "each bar is one day".to_owned(),
        _ if width % 24 == 0 => format!("each bar is {} days", width / 24),
        _ => format!("each bar is {width} hours"),
    }
}

/// A label for every few bars: the time, and the day where a new one has begun.
fn labels(bars: &[Bar], width: i64, clock: &Clock) -> Vec<Label> {
    let step = bars.len().div_ceil(LABELS).max(1);
    let mut before: Option<DateTime<Utc>> = None;
    bars.chunks(step)
        .filter_map(|chunk| {
            let start = chunk.first()?.start;
            let new_day = before.is_none_or(|earlier| !clock.same_day(earlier, start));
            before = Some(start);
            let time = if width >= 24 {
                String::new()
            } else {
                clock.time(start)
            };
            let day = if new_day { clock.day(start) } else { String::new() };
            Some(Label {
                over: chunk.len(),
                time,
                day,
            })
        })
        .collect()
}

fn said(bars: &[Bar], clock: &Clock) -> Vec<String> {
    let mut sentences = Vec::new();
    // The first of equals: `max_by_key` alone would take the last.
    if let Some(busiest) = bars
        .iter()
        .rev()
        .max_by_key(|bar| bar.total)
        .filter(|bar| bar.total > 0)
    {
        sentences.push(format!(
            "Busiest: {}, {}.",
            busiest.name,
            counted(busiest.total, "event")
        ));
    } else {
        sentences.push("No events in the hours that could be read.".to_owned());
    }
    let severe: Vec<&Bar> = bars.iter().filter(|bar| bar.severe > 0).collect();
    match severe.len() {
        0 => {}
        1..=6 => sentences.push(format!(
            "Severe events from {}.",
            listed(&beginnings(&severe, clock))
        )),
        many => sentences.push(format!("Severe events in {many} of the {} bars.", bars.len())),
    }
    if bars.iter().any(|bar| !bar.known) {
        sentences.push("Gaps without a line below them are unknown, not quiet.".to_owned());
    }
    sentences
}

/// When the bars begin; the day is said once.
fn beginnings(bars: &[&Bar], clock: &Clock) -> Vec<String> {
    let before = [None].into_iter().chain(bars.iter().map(|bar| Some(bar.start)));
    bars.iter()
        .zip(before)
        .map(|(bar, before)| match before {
            Some(before) if clock.same_day(before, bar.start) => clock.time(bar.start),
            _ => bar.at.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;
    use crate::report::sample;

    fn bars_over(hours: i64) -> Timeline {
        let mut report = sample::quiet();
        let start = Utc.with_ymd_and_hms(2026, 10, 20, 3, 0, 0).unwrap();
        report.timeline = (0..hours)
            .map(|hour| Hour {
                start: start + TimeDelta::hours(hour),
                severe: 0,
                medium: 0,
                low: 1,
                info: 2,
            })
            .collect();
        let clock = Clock::of(&report);
        timeline(&report, &clock).unwrap()
    }

    #[test]
    fn no_event_is_lost_between_the_bars() {
        for hours in [1, 24, 25, 49, 168, 720, 5_000] {
            let shown = bars_over(hours);
            let total: u64 = shown.bars.iter().map(|bar| bar.total).sum();
            assert_eq!(total, 3 * hours.unsigned_abs());
            assert!(shown.bars.len() <= 50, "{} bars", shown.bars.len());
            assert_eq!(
                shown.labels.iter().map(|label| label.over).sum::<usize>(),
                shown.bars.len()
            );
        }
    }

    #[test]
    fn a_month_is_shown_by_local_days() {
        let month = bars_over(720);
        assert_eq!(month.unit, "each bar is one day");
        assert!(month.bars[1].name.contains(" 00:00"), "{}", month.bars[1].name);
    }

    #[test]
    fn one_severe_event_among_thousands_is_seen() {
        let mut report = sample::quiet();
        report.timeline.truncate(1);
        report.timeline[0] = Hour {
            severe: 1,
            info: 1_000_000,
            ..report.timeline[0].clone()
        };
        let shown = timeline(&report, &Clock::of(&report)).unwrap();
        assert_eq!(shown.bars[0].parts[0].class, "severe");
        assert!(shown.bars[0].parts[0].height >= 4);
    }

    #[test]
    fn hours_nobody_knows_are_not_shown_as_quiet() {
        let mut report = sample::quiet();
        report.timeline.remove(5);
        let shown = timeline(&report, &Clock::of(&report)).unwrap();
        assert!(!shown.bars[5].known);
        assert!(shown.said.iter().any(|sentence| sentence.contains("unknown")));
    }
}
