//! What earlier runs learned about a version of a console, so that no run asks in vain for what it does not offer.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::source::SourceKind;

/// Why a source of a site is not asked for, for as long as the console has this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lesson {
    /// The console answered that it does not offer it.
    Absent,
    /// Its rows are in the system log as well.
    InLog,
    /// It answers, but has told of nothing for a day in which the log has.
    Silent,
}

impl Lesson {
    const ALL: [Self; 3] = [Self::Absent, Self::InLog, Self::Silent];

    fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::InLog => "in-log",
            Self::Silent => "silent",
        }
    }
}

/// A console that once said it does not offer something may only have been starting: it is asked again after a day.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// Lessons by site (short name) and source, `default/audit`. What is not in it is asked for. Written as
/// `absent 2026-11-21T06:00:00Z`.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    lessons: BTreeMap<String, (Lesson, DateTime<Utc>)>,
    /// When lessons are looked up or learned; without it, all that are known hold.
    now: Option<DateTime<Utc>>,
}

impl PartialEq for Learned {
    fn eq(&self, other: &Self) -> bool {
        self.lessons == other.lessons
    }
}

impl Eq for Learned {}

impl Serialize for Learned {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.lessons.iter().map(|(name, (lesson, at))| {
            let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
            (name, format!("{} {at}", lesson.name()))
        }))
    }
}

/// A lesson that only a later program knows is learned again.
impl<'de> Deserialize<'de> for Learned {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<String, String>::deserialize(from)?;
        let known = |(name, text): (String, String)| {
            let (lesson, at) = text.split_once(' ').unwrap_or((&text, ""));
            let lesson = Lesson::ALL.into_iter().find(|known| known.name() == lesson)?;
            Some((name, (lesson, at.parse().unwrap_or_default())))
        };
        Ok(Self {
            lessons: written.into_iter().filter_map(known).collect(),
            now: None,
        })
    }
}

impl Learned {
    /// The same, looked at now.
    pub fn at(mut self, now: DateTime<Utc>) -> Self {
        self.now = Some(now);
        self
    }

    /// What holds now.
    pub fn of(&self, site: &str, kind: SourceKind) -> Option<Lesson> {
        let (lesson, at) = self.lessons.get(&name(site, kind))?;
        let is_fresh = self.now.is_none_or(|now| (now - *at).abs() < KEPT);
        (*lesson == Lesson::InLog || is_fresh).then_some(*lesson)
    }

    /// What held once, for this version.
    pub fn once(&self, site: &str, kind: SourceKind) -> Option<Lesson> {
        self.lessons.get(&name(site, kind)).map(|(lesson, _)| *lesson)
    }

    pub fn learn(&mut self, site: &str, kind: SourceKind, lesson: Lesson) {
        if self.of(site, kind) != Some(lesson) {
            let at = self.now.unwrap_or_default();
            self.lessons.insert(name(site, kind), (lesson, at));
        }
    }

    /// It was found to hold no more.
    pub fn unlearn(&mut self, site: &str, kind: SourceKind) {
        self.lessons.remove(&name(site, kind));
    }

    pub fn is_empty(&self) -> bool {
        self.lessons.is_empty()
    }

    /// What both know, since the earlier of the two; one that only one of them knows is learned again.
    pub fn common(mut self, other: &Self) -> Self {
        self.lessons.retain(|name, (lesson, at)| {
            let same = other.lessons.get(name).filter(|(other, _)| other == lesson);
            *at = same.map_or(*at, |(_, since)| (*at).min(*since));
            same.is_some()
        });
        self
    }
}

fn name(site: &str, kind: SourceKind) -> String {
    format!("{site}/{kind}")
}
