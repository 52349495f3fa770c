//! Moments as the reader's wall clock shows them: the report's time zone, its changes, its days.

use chrono::{DateTime, Datelike as _, FixedOffset, Utc};

use crate::model::report::Report;
use crate::model::zone::{UTC, Zone};

/// The wall clock of one report.
#[derive(Clone, Debug)]
pub struct Clock {
    /// `None`: not known, and shown as UTC.
    zone: Option<Zone>,
    /// The year that goes without saying.
    year: i32,
    /// The zone changes its offset within the report, so that every time must name it.
    changes: bool,
    at: DateTime<Utc>,
}

impl Clock {
    /// The clock of the report's time zone; UTC, and called so, where the zone is not known.
    pub fn of(report: &Report) -> Self {
        let zone = Zone::named(&report.timezone).or_else(|| Zone::named(UTC));
        let mut clock = Self {
            zone,
            year: 0,
            changes: false,
            at: report.generated_at,
        };
        clock.year = clock.local(report.generated_at).map_or(0, |local| local.year());
        clock.changes = clock.offset(report.window.since()) != clock.offset(report.generated_at);
        clock
    }

    /// `Fri 20 Nov 06:14`, with the year where it is another than the report's.
    pub fn moment(&self, at: DateTime<Utc>) -> String {
        let Some(local) = self.local(at) else {
            return "at an impossible time".to_owned();
        };
        let day = local.format(if local.year() == self.year {
            "%a %-d %b"
        } else {
            "%a %-d %b %Y"
        });
        format!("{day} {}", self.time(at))
    }

    /// `06:14`; `06:14 CET` where the offset changes within the report.
    pub fn time(&self, at: DateTime<Utc>) -> String {
        self.local(at).map_or_else(
            || "?".to_owned(),
            |local| {
                let time = local.format("%H:%M");
                if self.changes {
                    format!("{time} {}", self.name_at(at))
                } else {
                    time.to_string()
                }
            },
        )
    }

    /// `Fri 20 Nov`.
    pub fn day(&self, at: DateTime<Utc>) -> String {
        self.local(at)
            .map_or_else(|| "?".to_owned(), |local| local.format("%a %-d %b").to_string())
    }

    /// `Fri 20 Nov 06:00–07:00`, `Thu 19 Nov 22:00 – Fri 20 Nov 06:00`, or one moment.
    pub fn stretch(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> String {
        let (from, to) = (self.moment(since), self.moment(until));
        match (self.local(since), self.local(until)) {
            _ if from == to => from,
            (Some(first), Some(last)) if first.date_naive() == last.date_naive() => {
                format!("{from}–{}", self.time(until))
            }
            _ => format!("{from} – {to}"),
        }
    }

    /// Whether both moments lie on one local day.
    pub fn same_day(&self, one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
        self.local(one).map(|local| local.date_naive()) == self.local(other).map(|local| local.date_naive())
    }

    /// `UTC`, `Europe/Berlin (CET, UTC+1)`; both halves of a change.
    pub fn zone(&self, since: DateTime<Utc>) -> String {
        let Some(zone) = self.zone.as_ref().filter(|zone| zone.name() != UTC) else {
            return UTC.to_owned();
        };
        let now = self.offset_name(self.at);
        if self.changes {
            return format!("{} ({}, then {now})", zone.name(), self.offset_name(since));
        }
        format!("{} ({now})", zone.name())
    }

    /// Seconds the local clock is ahead of UTC.
    pub fn ahead(&self, at: DateTime<Utc>) -> i64 {
        self.offset(at)
            .map_or(0, |offset| i64::from(offset.local_minus_utc()))
    }

    fn offset(&self, at: DateTime<Utc>) -> Option<FixedOffset> {
        self.local(at).map(|local| *local.offset())
    }

    fn offset_name(&self, at: DateTime<Utc>) -> String {
        let minutes = self.ahead(at) / 60;
        let sign = if minutes < 0 { '−' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        let offset = match (hours, rest) {
            (0, 0) => "UTC".to_owned(),
            (_, 0) => format!("UTC{sign}{hours}"),
            _ => format!("UTC{sign}{hours}:{rest:02}"),
        };
        let name = self.name_at(at);
        // Zones without letters of their own are abbreviated `+03`, which says what the offset says.
        if name.starts_with(['+', '-']) || name.is_empty() {
            return offset;
        }
        format!("{name}, {offset}")
    }

    /// What the offset is called: `CET`, `+03`.
    fn name_at(&self, at: DateTime<Utc>) -> &str {
        let local = self.zone.as_ref().and_then(|zone| zone.local(at));
        local.map_or("", |(_, name)| name)
    }

    /// The local time, unless the year is one nobody writes: chrono's arithmetic ends near its edges.
    fn local(&self, at: DateTime<Utc>) -> Option<DateTime<FixedOffset>> {
        let zone = self.zone.as_ref().filter(|_| (1..=9_999).contains(&at.year()))?;
        zone.local(at).map(|(local, _)| local)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;
    use crate::model::window::Window;
    use crate::report::sample;

    fn clock(zone: &str, since: DateTime<Utc>, until: DateTime<Utc>) -> Clock {
        let mut report = sample::quiet();
        zone.clone_into(&mut report.timezone);
        report.window = Window::new(since, until).unwrap();
        report.generated_at = until;
        Clock::of(&report)
    }

    fn utc(month: u32, day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, month, day, hour, minute, 0).unwrap()
    }

    #[test]
    fn a_stretch_within_a_day_names_the_day_once() {
        let clock = clock("Europe/Berlin", utc(11, 20, 5, 0), utc(11, 20, 6, 0));
        assert_eq!(
            clock.stretch(utc(11, 20, 5, 0), utc(11, 20, 6, 0)),
            "Fri 20 Nov 06:00–07:00"
        );
        assert_eq!(clock.zone(utc(11, 20, 5, 0)), "Europe/Berlin (CET, UTC+1)");
    }

    #[test]
    fn the_hour_that_comes_twice_is_told_apart() {
        let clock = clock("Europe/Berlin", utc(10, 24, 22, 0), utc(10, 25, 6, 0));
        assert_eq!(clock.moment(utc(10, 25, 0, 30)), "Sun 25 Oct 02:30 CEST");
        assert_eq!(clock.moment(utc(10, 25, 1, 30)), "Sun 25 Oct 02:30 CET");
    }

    #[test]
    fn an_unknown_zone_is_utc_and_says_so() {
        let clock = clock("Middle/Earth", utc(11, 20, 5, 0), utc(11, 20, 6, 0));
        assert_eq!(clock.zone(utc(11, 20, 5, 0)), "UTC");
    }

    #[test]
    fn the_ends_of_time_do_not_end_the_program() {
        let clock = clock(
            "Asia/Kathmandu",
            DateTime::<Utc>::MIN_UTC,
            DateTime::<Utc>::MAX_UTC,
        );
        assert_eq!(clock.moment(DateTime::<Utc>::MAX_UTC), "at an impossible time");
        assert_eq!(clock.ahead(DateTime::<Utc>::MIN_UTC), 0);
    }
}
