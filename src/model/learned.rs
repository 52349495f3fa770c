//! What earlier runs learned about a version of a console, so that no run asks in vain for what it does not offer.

use std::collections::BTreeMap;

use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::source::SourceKind;

/// Why a source of a site is not asked for until the console's version changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lesson {
    /// The console answered that it does not offer it.
    Absent,
    /// Its rows are in the system log as well.
    InLog,
    /// It answers, but has told of nothing for a day in which the log has.
    Silent,
}

/// Lessons by site (short name) and source, `default/audit`. What is not in it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Learned(BTreeMap<String, Lesson>);

/// A lesson that only a later program knows is learned again.
impl<'de> Deserialize<'de> for Learned {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<String, String>::deserialize(from)?;
        let known = |(name, lesson): (String, String)| {
            let lesson: StrDeserializer<'_, ValueError> = lesson.as_str().into_deserializer();
            Some((name, Lesson::deserialize(lesson).ok()?))
        };
        Ok(Self(written.into_iter().filter_map(known).collect()))
    }
}

impl Learned {
    pub fn of(&self, site: &str, kind: SourceKind) -> Option<Lesson> {
        self.0.get(&name(site, kind)).copied()
    }

    pub fn learn(&mut self, site: &str, kind: SourceKind, lesson: Lesson) {
        self.0.insert(name(site, kind), lesson);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What both know; one that only one of them knows is learned again.
    pub fn common(mut self, other: &Self) -> Self {
        self.0.retain(|name, lesson| other.0.get(name) == Some(lesson));
        self
    }
}

fn name(site: &str, kind: SourceKind) -> String {
    format!("{site}/{kind}")
}
