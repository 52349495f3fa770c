//! The rules: every cause a report can name, with its words and advice. A rule is a row of a table; how rows
//! become findings is decided in the judging modules by the rule's kind.

mod access;
mod availability;
pub mod internet;
mod report;
mod security;
mod switching;
mod system;
mod wireless;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::finding::{Category, Severity};
use crate::model::quick::Seeded;

/// One cause. Texts may hold `{name}` (the subject), `{times}` (once, twice, 5 times), `{count}`,
/// `{top:facet}` (its commonest values) and `{distinct:facet}` (how many there are).
#[derive(Debug)]
pub struct Rule {
    pub id: &'static str,
    pub category: Category,
    /// How important its groups are when there is not room for all.
    pub rank: Severity,
    pub kind: Kind,
    pub about: About,
    /// Severity from so many rows on; without steps the worst row's severity counts.
    pub steps: &'static [(u64, Severity)],
    /// With fewer rows than this it is routine.
    pub quiet_below: u64,
    /// All subjects of a site are one finding.
    pub rolled_up: bool,
    /// Gateway, persistence and repetition make it worse.
    pub escalates: bool,
    /// What is counted by value, and the roles the value may stand under.
    pub facets: &'static [(&'static str, &'static [&'static str])],
    pub one: &'static str,
    pub many: &'static str,
    pub explanation: &'static str,
    pub advice: &'static [&'static str],
}

/// How rows of a rule are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Never a finding: counted per key.
    Routine,
    /// By the number of rows.
    Rows,
    /// By when it went down and came back.
    Outage,
    /// Done on purpose; excuses an outage of the same device.
    Planned,
    /// Traffic that looked like an attack: by direction, and by whether it was stopped.
    Threat,
    /// Rows of another rule, told apart by what they hold.
    Derived,
    /// Only ever from the picture of the devices.
    Snapshot,
    /// About this report itself.
    Report,
}

/// What a rule's findings are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Device,
    Client,
    Wan,
    Network,
    Admin,
    /// Whoever the traffic came from.
    Source,
    /// Whoever the traffic went to.
    Destination,
    /// The address a sign-in came from.
    Address,
    Wifi,
    Site,
}

pub const UNKNOWN_KEYS: &str = "unknown-keys";

const TABLES: [&[Rule]; 8] = [
    availability::RULES,
    internet::RULES,
    switching::RULES,
    wireless::RULES,
    security::RULES,
    access::RULES,
    system::RULES,
    report::RULES,
];

pub fn all() -> impl Iterator<Item = &'static Rule> {
    TABLES.into_iter().flatten()
}

/// The rule of this id; an id nobody knows is treated like an unknown key.
pub fn find(id: &str) -> &'static Rule {
    static BY_ID: LazyLock<HashMap<&str, &Rule, Seeded>> =
        LazyLock::new(|| all().map(|rule| (rule.id, rule)).collect());
    BY_ID.get(id).copied().unwrap_or(&report::UNKNOWN)
}

impl Rule {
    /// A rule judged by its rows about a device, to be refined by what follows.
    pub const fn new(id: &'static str, category: Category, rank: Severity) -> Self {
        Self {
            id,
            category,
            rank,
            kind: Kind::Rows,
            about: About::Device,
            steps: &[],
            quiet_below: 0,
            rolled_up: false,
            escalates: false,
            facets: &[],
            one: "",
            many: "",
            explanation: "",
            advice: &[],
        }
    }

    pub const fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub const fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    pub const fn steps(mut self, steps: &'static [(u64, Severity)]) -> Self {
        self.steps = steps;
        self
    }

    pub const fn quiet_below(mut self, rows: u64) -> Self {
        self.quiet_below = rows;
        self
    }

    pub const fn rolled_up(mut self) -> Self {
        self.rolled_up = true;
        self
    }

    pub const fn escalates(mut self) -> Self {
        self.escalates = true;
        self
    }

    pub const fn facets(mut self, facets: &'static [(&'static str, &'static [&'static str])]) -> Self {
        self.facets = facets;
        self
    }

    pub const fn title(mut self, one: &'static str, many: &'static str) -> Self {
        self.one = one;
        self.many = many;
        self
    }

    pub const fn because(mut self, explanation: &'static str) -> Self {
        self.explanation = explanation;
        self
    }

    pub const fn advise(mut self, advice: &'static [&'static str]) -> Self {
        self.advice = advice;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_its_own_id_words_and_advice() {
        let mut ids = BTreeSet::new();
        for rule in all() {
            assert!(ids.insert(rule.id), "{} twice", rule.id);
            assert!(
                !rule.one.is_empty() && !rule.explanation.is_empty(),
                "{}",
                rule.id
            );
            assert!(
                rule.kind == Kind::Routine || !rule.advice.is_empty(),
                "{}",
                rule.id
            );
            assert!(rule.steps.is_sorted_by_key(|step| step.0), "{}", rule.id);
            for text in [rule.one, rule.many] {
                assert!(!text.ends_with('.'), "{}: a title is no sentence", rule.id);
            }
            for text in rule.advice.iter().chain([&rule.explanation]) {
                assert!(text.ends_with('.') || text.ends_with('?'), "{}: {text}", rule.id);
            }
        }
    }
}
