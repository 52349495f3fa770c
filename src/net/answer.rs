//! What a host answered: a status, headers, a body within its limit, and the time on the host's own clock.

use std::fmt;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// What came back, whatever its status.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, in the order of arrival, as often as they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The host's own clock, and when it was told.
    pub date: Option<DateTime<Utc>>,
    pub date_seen: Instant,
    pub took: Duration,
}

impl Answer {
    /// The first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(of, _)| of == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Every header of this name (in lower case).
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(of, _)| of == name);
        named.map(|(_, value)| value.as_str())
    }

    /// A page for people instead of what was asked for.
    pub fn is_html(&self) -> bool {
        let says_so = self
            .header("content-type")
            .is_some_and(|kind| kind.contains("text/html"));
        let first = self.body.iter().copied().find(|byte| !byte.is_ascii_whitespace());
        match first {
            Some(b'{' | b'[') => false,
            Some(b'<') => true,
            _ => says_so,
        }
    }

    /// How long the host asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        self.wish(self.date)
    }

    /// The same, by our own clock where the host does not tell its own.
    pub fn retry_after_by(&self, now: DateTime<Utc>) -> Option<Duration> {
        self.wish(self.date.or(Some(now)))
    }

    fn wish(&self, clock: Option<DateTime<Utc>>) -> Option<Duration> {
        let wish = self.header("retry-after")?.trim();
        if let Ok(seconds) = wish.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = DateTime::parse_from_rfc2822(wish).ok()?.with_timezone(&Utc);
        Some((until - clock?).to_std().unwrap_or_default())
    }
}

/// Headers and bodies hold sessions and names: only the outline is shown.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer(HTTP {}, {} bytes)", self.status, self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Answer {
            status: 503,
            headers: headers.collect(),
            body: body.into(),
            date: DateTime::from_timestamp(1_000_000, 0),
            date_seen: Instant::now(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn a_retry_after_may_be_seconds_or_a_time_on_the_hosts_clock() {
        for (said, meant) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("Mon, 12 Jan 1970 13:47:00 GMT", Some(20)),
            ("Mon, 12 Jan 1970 13:46:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let mut answer = answer(&[("retry-after", said)], "");
            let ours = DateTime::from_timestamp(1_000_005, 0).unwrap();
            let meant = meant.map(Duration::from_secs);
            assert_eq!(answer.retry_after(), meant, "{said}");
            assert_eq!(answer.retry_after_by(ours), meant, "{said}");
            answer.date = None;
            let is_time = said.ends_with("GMT");
            assert_eq!(answer.retry_after(), meant.filter(|_| !is_time), "{said}");
            let less = Duration::from_secs(if is_time { 5 } else { 0 });
            assert_eq!(
                answer.retry_after_by(ours),
                meant.map(|meant| meant.saturating_sub(less)),
                "{said}"
            );
        }
    }

    #[test]
    fn a_page_is_known_by_its_first_letter_or_by_its_type() {
        let html = [("content-type", "text/html; charset=utf-8")];
        let json = [("content-type", "application/json")];
        assert!(answer(&json, " <!doctype html>").is_html());
        assert!(answer(&html, "").is_html());
        assert!(!answer(&html, "{\"meta\":{}}").is_html());
        assert!(!answer(&json, "Unauthorized").is_html());
    }

    #[test]
    fn no_cookie_is_shown_by_an_answer() {
        let shown = format!("{:?}", answer(&[("set-cookie", "TOKEN=secret")], "secret"));
        assert_eq!(shown, "Answer(HTTP 503, 6 bytes)");
    }
}
