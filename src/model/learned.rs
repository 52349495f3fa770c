//! What earlier runs learned about a version of a console, so that no run asks in vain for what it does not offer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Learned(BTreeMap<String, Lesson>);

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
