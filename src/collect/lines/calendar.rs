//! When a line was written. RFC 3164 names neither year nor zone: the year is the latest that does not lie after
//! the file's own time, the zone is the operator's. Neighbours mostly share their hour, which is looked up once.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::model::zone::Zone;

/// How far a device's clock may be ahead of the file's own time.
const AHEAD: TimeDelta = TimeDelta::days(1);
/// 29 February comes at least so often.
const YEARS: i32 = 9;
/// Digits of the fraction of a second that are kept.
const MILLIS: usize = 3;

#[derive(Debug)]
pub struct Calendar {
    zone: Zone,
    /// When the file was last written to.
    written: DateTime<Utc>,
    /// The last hour that was looked up: as an RFC 3164 stamp writes it, and its first second since the epoch.
    stamped: Option<([u8; 9], i64)>,
    /// The same of a date and hour without a zone.
    local: Option<((NaiveDate, u32), i64)>,
    /// Stamps whose zone, and mostly year, was inferred.
    pub inferred: u64,
}

impl Calendar {
    pub fn new(zone: Zone, written: DateTime<Utc>) -> Self {
        Self {
            zone,
            written,
            stamped: None,
            local: None,
            inferred: 0,
        }
    }

    /// One that only tells whether a stamp is one.
    pub fn of_nobody() -> Self {
        Self::new(Zone::utc(), DateTime::UNIX_EPOCH + TimeDelta::days(365 * 100))
    }

    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// `Mar  5 13:08:27` or `Mar 5 13:08:27` at the beginning of the text, and what follows.
    pub fn rfc3164<'l>(&mut self, text: &'l [u8]) -> Option<(DateTime<Utc>, &'l [u8])> {
        let mut stamp = *text.first_chunk::<15>()?;
        let mut length = stamp.len();
        if stamp.get(4).is_some_and(u8::is_ascii_digit) && stamp.get(5) == Some(&b' ') {
            let (month, rest) = text.split_at_checked(4)?;
            let late = rest.get(..10)?;
            stamp = *[month, b" ", late].concat().first_chunk()?;
            length -= 1;
        }
        let [_, _, _, b' ', _, _, b' ', _, _, b':', _, _, b':', ..] = stamp else {
            return None;
        };
        let (minute, second) = (pair(&stamp, 10)?, pair(&stamp, 13)?);
        if minute > 59 || second > 60 {
            return None;
        }
        let hour = *stamp.first_chunk()?;
        let base = if let Some((known, base)) = self.stamped
            && known == hour
        {
            base
        } else {
            let [month @ .., _] = *stamp.first_chunk::<4>()?;
            let day =
                pair(&stamp, 4).or_else(|| digit(stamp.get(5)).filter(|_| stamp.get(4) == Some(&b' ')))?;
            let base = self.hour_of(number_of(month)?, day, pair(&stamp, 7)?)?;
            self.stamped = Some((hour, base));
            base
        };
        self.inferred += 1;
        let time = DateTime::from_timestamp(base + i64::from(minute * 60 + second), 0)?;
        Some((time, text.get(length..)?))
    }

    /// The first second of an hour in the latest year that fits.
    fn hour_of(&self, month: u32, day: u32, hour: u32) -> Option<i64> {
        let latest = self.written.checked_add_signed(AHEAD)?;
        (0..YEARS).find_map(|back| {
            let date = NaiveDate::from_ymd_opt(latest.year() + 1 - back, month, day)?;
            let base = self.begins(date, hour)?;
            (base <= latest.timestamp()).then_some(base)
        })
    }

    /// When this hour of the wall clock begins; one that is skipped begins where the one before it ends.
    fn begins(&self, date: NaiveDate, hour: u32) -> Option<i64> {
        let wall = date.and_hms_opt(hour, 0, 0)?;
        let moment = self.zone.earliest(wall).or_else(|| {
            let before = self
                .zone
                .earliest(wall.checked_sub_signed(TimeDelta::hours(1))?)?;
            before.checked_add_signed(TimeDelta::hours(1))
        });
        Some(moment?.timestamp())
    }

    /// `2026-11-20T06:00:00.123Z`, `…+01:00`, or without a zone, at the beginning of the text, and what follows. UniFi
    /// writes a stray space in it: `2025-07-05T04: 17:21.976Z`.
    pub fn iso<'l>(&mut self, text: &'l [u8]) -> Option<(DateTime<Utc>, &'l [u8])> {
        let (day, rest) = text.split_first_chunk::<14>()?;
        let [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b' ', _, _, b':'] = day else {
            return None;
        };
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let (time, rest) = rest.split_first_chunk::<5>()?;
        let year = pair(day, 0)? * 100 + pair(day, 2)?;
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, pair(day, 5)?, pair(day, 8)?)?;
        let (hour, minute, second) = (pair(day, 11)?, pair(time, 0)?, pair(time, 3)?.min(59));
        if hour > 23 || minute > 59 || time.get(2) != Some(&b':') {
            return None;
        }
        let (milli, rest) = fraction(rest);
        let (offset, rest) = zone(rest);
        let seconds = if let Some(offset) = offset {
            let wall = date.and_time(NaiveTime::from_hms_opt(hour, minute, second)?);
            wall.and_utc().timestamp() - i64::from(offset)
        } else {
            let base = if let Some((known, base)) = self.local
                && known == (date, hour)
            {
                base
            } else {
                self.begins(date, hour)?
            };
            self.local = Some(((date, hour), base));
            self.inferred += 1;
            base + i64::from(minute * 60 + second)
        };
        let time = DateTime::from_timestamp_millis(seconds.checked_mul(1000)?.checked_add(milli)?)?;
        Some((time, rest))
    }
}

/// `.976` and more digits as milliseconds.
fn fraction(text: &[u8]) -> (i64, &[u8]) {
    let Some(digits) = text.strip_prefix(b".") else {
        return (0, text);
    };
    let length = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
    let kept = digits
        .iter()
        .take(length.min(MILLIS))
        .map(|digit| i64::from(digit - b'0'));
    let number = kept.fold(0, |number, digit| number * 10 + digit);
    let scale = [1000, 100, 10, 1].get(length.min(MILLIS)).copied().unwrap_or(1);
    (number * scale, digits.get(length..).unwrap_or_default())
}

/// `Z`, `+01:00` or `+0100` as seconds east of Greenwich.
fn zone(text: &[u8]) -> (Option<i32>, &[u8]) {
    if let Some(rest) = text.strip_prefix(b"Z") {
        return (Some(0), rest);
    }
    let minutes_at = if text.get(3) == Some(&b':') { 4 } else { 3 };
    let east = || {
        let seconds = i32::try_from(pair(text, 1)? * 3600 + pair(text, minutes_at)? * 60).ok()?;
        match text.first()? {
            b'+' => Some(seconds),
            b'-' => Some(-seconds),
            _ => None,
        }
    };
    match east() {
        Some(east) => (Some(east), text.get(minutes_at + 2..).unwrap_or_default()),
        None => (None, text),
    }
}

/// Two digits at a place.
fn pair(text: &[u8], at: usize) -> Option<u32> {
    Some(digit(text.get(at))? * 10 + digit(text.get(at + 1))?)
}

fn digit(byte: Option<&u8>) -> Option<u32> {
    byte.filter(|byte| byte.is_ascii_digit())
        .map(|byte| u32::from(byte - b'0'))
}

fn number_of(month: [u8; 3]) -> Option<u32> {
    let months = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
    ];
    let at = months.into_iter().position(|known| *known == month)?;
    u32::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(zone: &str, written: &str) -> Calendar {
        Calendar::new(Zone::named(zone).unwrap(), written.parse().unwrap())
    }

    fn shown(read: Option<(DateTime<Utc>, &[u8])>) -> Option<String> {
        read.map(|(time, rest)| {
            let time = time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            format!("{time}{}", String::from_utf8_lossy(rest))
        })
    }

    #[test]
    fn the_year_is_the_latest_that_does_not_lie_after_the_file() {
        for (zone, written, stamp, expected) in [
            (
                "UTC",
                "2026-11-21T06:00:00Z",
                "Mar  5 13:08:27 x",
                Some("2026-03-05T13:08:27.000Z x"),
            ),
            (
                "Europe/Berlin",
                "2026-11-21T06:00:00Z",
                "Jul  5 04:17:21",
                Some("2026-07-05T02:17:21.000Z"),
            ),
            (
                "UTC",
                "2027-01-01T00:10:00Z",
                "Dec 31 23:59:59 x",
                Some("2026-12-31T23:59:59.000Z x"),
            ),
            (
                "UTC",
                "2026-12-31T23:50:00Z",
                "Jan  1 00:03:00 x",
                Some("2027-01-01T00:03:00.000Z x"),
            ),
            (
                "UTC",
                "2026-11-21T06:00:00Z",
                "Feb 29 01:00:00 x",
                Some("2024-02-29T01:00:00.000Z x"),
            ),
            (
                "UTC",
                "2026-11-21T06:00:00Z",
                "Mar 5 13:08:27 x",
                Some("2026-03-05T13:08:27.000Z x"),
            ),
            // The hour that is skipped in spring, and the one that comes twice in autumn.
            (
                "Europe/Berlin",
                "2026-11-21T06:00:00Z",
                "Mar 29 02:30:00",
                Some("2026-03-29T01:30:00.000Z"),
            ),
            (
                "Europe/Berlin",
                "2026-11-21T06:00:00Z",
                "Oct 25 02:30:00",
                Some("2026-10-25T00:30:00.000Z"),
            ),
            ("UTC", "2026-11-21T06:00:00Z", "Feb 30 01:00:00 x", None),
            ("UTC", "2026-11-21T06:00:00Z", "Mar  5 13:68:27 x", None),
            ("UTC", "2026-11-21T06:00:00Z", "Mar  5 13:08", None),
        ] {
            let mut calendar = calendar(zone, written);
            assert_eq!(
                shown(calendar.rfc3164(stamp.as_bytes())).as_deref(),
                expected,
                "{stamp}"
            );
        }
    }

    #[test]
    fn a_whole_stamp_needs_no_guess_and_one_without_a_zone_does() {
        for (stamp, expected, inferred) in [
            (
                "2026-11-20T06:00:00.123Z gw",
                Some("2026-11-20T06:00:00.123Z gw"),
                0,
            ),
            (
                "2026-11-20T06:00:00.123456+01:00 gw",
                Some("2026-11-20T05:00:00.123Z gw"),
                0,
            ),
            ("2026-11-20T06:00:00-0530", Some("2026-11-20T11:30:00.000Z"), 0),
            (
                "2025-07-05T04: 18:02.9Z gw",
                Some("2025-07-05T04:18:02.900Z gw"),
                0,
            ),
            ("2026-11-20T06:00:00 gw", Some("2026-11-20T05:00:00.000Z gw"), 1),
            ("2026-13-20T06:00:00Z", None, 0),
            ("2026-11-20", None, 0),
        ] {
            let mut calendar = calendar("Europe/Berlin", "2026-11-21T06:00:00Z");
            assert_eq!(
                shown(calendar.iso(stamp.as_bytes())).as_deref(),
                expected,
                "{stamp}"
            );
            assert_eq!(calendar.inferred, inferred, "{stamp}");
        }
    }
}
