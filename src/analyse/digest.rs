//! Folding a row into a digest: which rule it belongs to, whom it concerns, how bad it is by itself.
//!
//! Nothing is kept of a row but counts, a few values and a few examples.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest as sha256};

use crate::analyse::address::masked;
use crate::analyse::catalogue::{self, Entry};
use crate::analyse::place::{self, Placed};
use crate::analyse::rules::{self, Kind, Rule};
use crate::model::digest::{Digest, Group, Turn, Unknown};
use crate::model::event::Event;
use crate::model::finding::{Example, Severity};
use crate::model::source::SiteName;
use crate::model::tally::Tally;
use crate::model::text;

/// What a routine row is filed under.
pub const ROUTINE: &str = "routine";

/// Where a row went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The group it was folded under: `routine`, or `<group key>:<rule>:<site>`.
    pub group: String,
}

/// Counts one row. The same row folded twice is counted twice: sorting out repeats is done before.
#[cfg(test)]
pub fn fold(digest: &mut Digest, site: &SiteName, event: &Event) -> Filed {
    fold_alike(digest, site, event, std::iter::empty(), |_| false)
}

/// Counts a row, and one for each of these other times that says the same: what it says is looked at only once.
/// `is_echo` is asked with the row's group whether another list has told of it.
pub fn fold_alike(
    digest: &mut Digest,
    site: &SiteName,
    event: &Event,
    also: impl Iterator<Item = DateTime<Utc>>,
    is_echo: impl FnOnce(&str) -> bool,
) -> Filed {
    if let Some(routine) = routine(&event.key, &event.event) {
        let times = std::iter::once(event.time).chain(also);
        count_routine(
            digest,
            routine,
            &times.map(|time| (hour_of(time), 1)).collect::<Vec<_>>(),
        );
        return filed_as_routine();
    }
    let entry = catalogue::entry_of(&event.key, &event.event);
    let placed = place::place(entry, event);
    let times = Times::of(event.time, also, placed.turn);

    digest.events += times.count;
    for (hour, count) in &times.hours {
        digest.add_hour(*hour, hour_counts(placed.severity, *count));
    }
    *digest.categories.entry(placed.category).or_default() += times.count;
    let key = entry.map_or(event.key.as_str(), |entry| entry.live_key());
    if entry.is_some() {
        *digest.keys.entry(key.to_owned()).or_default() += times.count;
    } else {
        let unknown = Unknown {
            count: times.count,
            example: masked(&sentence(event)),
        };
        digest.add_unknown(event.key.clone(), unknown);
    }
    let site = site.to_string();
    let (group_key, group) = group_named(placed.rule, &site, &placed.subject.id);
    let is_echo = is_echo(&heard_as(placed.rule, &site, &group));
    let mut alone = alone(placed, site, key, times, event);
    if is_echo {
        alone.become_echo();
    }
    digest.add_group(group_key, alone);
    Filed { group }
}

/// What a row tells of, for its echoes; `None` if it is routine.
pub fn told_of(site: &SiteName, event: &Event) -> Option<String> {
    let placed = place::place(catalogue::entry_of(&event.key, &event.event), event);
    let site = site.to_string();
    (placed.rule.kind != Kind::Routine).then(|| {
        let (_, group) = group_named(placed.rule, &site, &placed.subject.id);
        heard_as(placed.rule, &site, &group)
    })
}

/// Whether a row with this key and base event needs nobody, whatever else it says.
pub fn is_routine(key: &str, event: &str) -> bool {
    routine(key, event).is_some()
}

fn routine(key: &str, event: &str) -> Option<&'static Entry> {
    catalogue::entry_of(key, event).filter(|entry| rules::find(entry.rule).kind == Kind::Routine)
}

/// Rows that need nobody, counted together before they go into a digest: most rows are of a few kinds.
#[derive(Default)]
pub struct Routine<'e> {
    kinds: Vec<Sort<'e>>,
}

/// Rows with one key and base event.
struct Sort<'e> {
    key: &'e str,
    event: &'e str,
    /// `None`: they are no routine.
    entry: Option<&'static Entry>,
    /// Hours since the epoch, and how many came in each.
    hours: Vec<(i64, u64)>,
}

impl<'e> Routine<'e> {
    /// Kinds that are kept in mind; what comes beyond them is not taken.
    const MOST: usize = 32;

    /// Takes a row if it is routine.
    pub fn take(&mut self, event: &'e Event) -> Option<Filed> {
        let is_known = |kind: &Sort<'_>| kind.key == event.key && kind.event == event.event;
        let place = self.kinds.iter().position(is_known).unwrap_or(self.kinds.len());
        if place == self.kinds.len() && place < Self::MOST {
            let (key, event) = (event.key.as_str(), event.event.as_str());
            self.kinds.push(Sort {
                key,
                event,
                entry: routine(key, event),
                hours: Vec::new(),
            });
        }
        let kind = self.kinds.get_mut(place)?;
        kind.entry?;
        let hour = hour_of(event.time);
        match kind.hours.last_mut() {
            Some((last, count)) if *last == hour => *count += 1,
            _ => kind.hours.push((hour, 1)),
        }
        Some(filed_as_routine())
    }

    pub fn count_into(self, digest: &mut Digest) {
        for Sort { entry, hours, .. } in self.kinds {
            if let Some(entry) = entry {
                count_routine(digest, entry, &hours);
            }
        }
    }
}

fn filed_as_routine() -> Filed {
    Filed {
        group: ROUTINE.to_owned(),
    }
}

fn count_routine(digest: &mut Digest, entry: &Entry, hours: &[(i64, u64)]) {
    let mut count = 0;
    for (hour, rows) in hours {
        digest.add_hour(*hour, hour_counts(entry.severity, *rows));
        count += rows;
    }
    if count == 0 {
        return;
    }
    digest.events += count;
    *digest.categories.entry(entry.category).or_default() += count;
    let key = entry.live_key();
    for counts in [&mut digest.keys, &mut digest.routine] {
        *counts.entry(key.to_owned()).or_default() += count;
    }
}

/// When one and the same row came.
struct Times {
    count: u64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    /// Hours since the epoch, and how many came in each.
    hours: BTreeMap<i64, u64>,
    turns: Vec<Turn>,
}

impl Times {
    fn of(one: DateTime<Utc>, also: impl Iterator<Item = DateTime<Utc>>, turn: Option<Turn>) -> Self {
        let mut times = Self {
            count: 0,
            first: one,
            last: one,
            hours: BTreeMap::new(),
            turns: Vec::new(),
        };
        // Neighbours mostly share their hour.
        let mut run = (hour_of(one), 0);
        for time in std::iter::once(one).chain(also) {
            times.count += 1;
            times.first = times.first.min(time);
            times.last = times.last.max(time);
            let hour = hour_of(time);
            if hour != run.0 {
                *times.hours.entry(run.0).or_default() += run.1;
                run = (hour, 0);
            }
            run.1 += 1;
            times
                .turns
                .extend(turn.map(|Turn(_, way, seconds)| Turn(time.timestamp_millis(), way, seconds)));
        }
        *times.hours.entry(run.0).or_default() += run.1;
        times
    }
}

fn hour_of(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(3600)
}

/// Joins the digest of later rows to that of earlier ones. Associative; the empty digest changes nothing.
pub fn merge(digest: &mut Digest, later: Digest) {
    digest.absorb(later);
}

/// What makes two findings the same one: 32 hex digits of rule, site and subject.
pub fn fingerprint(rule: &str, site: &str, subject: &str) -> String {
    let hash = sha256(&SHA256, format!("{rule}\0{site}\0{subject}").as_bytes());
    hash.as_ref()
        .iter()
        .take(16)
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Worse rules first, so that they are the last to give way; among equals the hash decides.
fn group_key(rule: &Rule, site: &str, subject: &str) -> String {
    let rank = match rule.rank {
        Severity::Severe => 0,
        Severity::Medium => 1,
        Severity::Low => 2,
        Severity::Info => 3,
    };
    format!("{rank}{}", fingerprint(rule.id, site, subject))
}

/// Each list names an internet line in its own way (`WAN1`, `eth8`, `Fiber`): what happens to one within seconds is one
/// thing whatever it is called.
fn heard_as(rule: &Rule, site: &str, group: &str) -> String {
    if rule.id.starts_with("wan-") {
        format!("{}:{site}", rule.id)
    } else {
        group.to_owned()
    }
}

/// The key of a group in the digest, and how rows name it.
fn group_named(rule: &Rule, site: &str, subject: &str) -> (String, String) {
    let key = group_key(rule, site, subject);
    let name = format!("{key}:{}:{site}", rule.id);
    (key, name)
}

/// A group of this one row, as often as it came.
fn alone(placed: Placed, site: String, key: &str, times: Times, event: &Event) -> Group {
    let mut facets: BTreeMap<String, Tally> = BTreeMap::new();
    for (facet, value) in placed.facets {
        facets
            .entry(facet.to_owned())
            .or_default()
            .absorb(Tally::of(&value, times.count));
    }
    let mut group = Group {
        rule: placed.rule.id.to_owned(),
        site,
        subject: placed.subject,
        core: placed.core,
        worst: placed.severity,
        count: times.count,
        echoes: 0,
        first: times.first,
        last: times.last,
        examples: vec![Example {
            time: times.first,
            text: text::clean(&sentence(event), text::SENTENCE / 2),
        }],
        keys: Tally::of(key, times.count),
        facets,
        echoed: BTreeMap::new(),
        hours: times.hours,
        turns: times.turns,
        turns_cut: false,
    };
    group.cut();
    group
}

/// The console's own words for the row, or as near as one comes to them.
fn sentence(event: &Event) -> String {
    [&event.message, &event.title, &event.key]
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or_else(String::new, |text| without_placeholders(text))
}

/// `{REASON}`, which the console left unfilled, tells nobody anything.
fn without_placeholders(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        shown.push_str(before);
        let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        match after.split_once('}') {
            Some((name, tail)) if !name.is_empty() && name.chars().all(is_name) => {
                shown.push('…');
                rest = tail;
            }
            _ => {
                shown.push('{');
                rest = after;
            }
        }
    }
    shown.push_str(rest);
    shown
}

fn hour_counts(severity: Severity, count: u64) -> [u64; 4] {
    let mut counts = [0; 4];
    for (each, place) in Severity::ALL.into_iter().zip(&mut counts) {
        *place = if each == severity { count } else { 0 };
    }
    counts
}

#[cfg(test)]
mod tests;
