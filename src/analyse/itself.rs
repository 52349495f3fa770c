//! Findings about the report itself: what it could not read, and what drowns the rest.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::analyse::Evidence;
use crate::analyse::catalogue;
use crate::analyse::digest::fingerprint;
use crate::analyse::rules;
use crate::analyse::words::listed;
use crate::model::count::thousands;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::finding::{Finding, Severity, Subject, Trend};

/// One key with at least so many rows, and so large a share (percent) of all, drowns the others.
const NOISY_ROWS: u64 = 100;
const NOISY_SHARE: u64 = 30;

pub fn findings(evidence: &Evidence<'_>) -> Vec<Finding> {
    let mut findings = coverage(evidence);
    findings.extend(noise(evidence));
    findings
}

/// One finding per site and cause: a console that does not answer is one problem, not one per source.
fn coverage(evidence: &Evidence<'_>) -> Vec<Finding> {
    let mut causes: BTreeMap<(&str, Lack, &str), Vec<&SourceCoverage>> = BTreeMap::new();
    for source in evidence
        .coverage
        .iter()
        .filter(|source| !source.is_covered(evidence.coverage))
    {
        let site = source.site();
        let reason = source.reason.as_deref().unwrap_or("no reason was given");
        causes
            .entry((site, Lack::of(source.outcome), reason))
            .or_default()
            .push(source);
    }
    causes
        .into_iter()
        .map(|((site, outcome, reason), sources)| {
            let names: Vec<String> = sources
                .iter()
                .map(|source| {
                    source
                        .id
                        .kind
                        .name()
                        .replace("system-log", "the event log")
                        .replace("audit", "the audit log")
                        .replace("admin-activity", "what admins did")
                        .replace("traffic-flows", "what the threat detection recognised")
                        .replace("anomalies", "the hours of bad connections")
                        .replace("devices", "the device list")
                        .replace("health", "the health of the network")
                })
                .collect();
            let has_events = sources
                .iter()
                .any(|source| source.id.kind.has_events() && !source.id.kind.is_supplement());
            let verb = match outcome {
                Lack::Broken => "could not be read completely",
                Lack::Refused => "may not be read with this account",
                Lack::Missing => "is not offered by this console",
            };
            let severity = match outcome {
                Lack::Broken => Severity::Medium,
                _ if has_events => Severity::Medium,
                _ => Severity::Low,
            };
            let ids: Vec<&str> = sources.iter().map(|source| source.id.kind.name()).collect();
            let subject = Subject {
                kind: "source".to_owned(),
                id: ids.join("+"),
                name: site.to_owned(),
            };
            let title = format!("This report may be incomplete: {} {verb}", listed(&names));
            let mut finding = about("coverage", site, subject, severity, title, evidence.now);
            finding.explanation = format!(
                "{} Reason: {}.",
                finding.explanation,
                reason.trim_end_matches('.')
            );
            finding
        })
        .collect()
}

/// What kind of incompleteness, for grouping.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    Broken,
    Refused,
    Missing,
}

impl Lack {
    fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Denied => Self::Refused,
            Outcome::Unsupported => Self::Missing,
            _ => Self::Broken,
        }
    }
}

fn noise(evidence: &Evidence<'_>) -> Option<Finding> {
    let digest = evidence.digest;
    let (key, rows) = digest
        .keys
        .iter()
        .max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)))?;
    let share = rows.saturating_mul(100) / digest.events.max(1);
    if *rows < NOISY_ROWS || share <= NOISY_SHARE {
        return None;
    }
    let explained = catalogue::explain(key);
    // That phones come and go all day is no news, however many they are.
    if explained.rule.kind == rules::Kind::Routine {
        return None;
    }
    let subject = Subject {
        kind: "key".to_owned(),
        id: key.clone(),
        name: key.clone(),
    };
    let what = explained.entry.map_or(key.as_str(), |entry| entry.what);
    let title = format!("{share} % of all messages are of one kind: {what}");
    let severity = if share > 60 && *rows >= NOISY_ROWS * 10 {
        Severity::Low
    } else {
        Severity::Info
    };
    let mut finding = about("noise", "", subject, severity, title, evidence.now);
    finding.explanation = format!(
        "{} of {} messages are {key}. {}",
        thousands(*rows),
        thousands(digest.events),
        finding.explanation
    );
    Some(finding)
}

fn about(
    rule: &str,
    site: &str,
    subject: Subject,
    severity: Severity,
    title: String,
    now: DateTime<Utc>,
) -> Finding {
    let rule = rules::find(rule);
    Finding {
        fingerprint: fingerprint(rule.id, site, &subject.id),
        rule: rule.id.to_owned(),
        severity,
        category: rule.category,
        title,
        explanation: rule.explanation.to_owned(),
        remediation: rule.advice.iter().map(|step| (*step).to_owned()).collect(),
        subject,
        site: site.to_owned(),
        first_seen: now,
        last_seen: now,
        count: 0,
        occurrences: 1,
        trend: Trend::New,
        days: 1,
        ongoing: rule.id == "coverage",
        examples: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::{Case, row};
    use crate::model::source::{SourceId, SourceKind};

    fn source(kind: SourceKind, outcome: Outcome) -> SourceCoverage {
        SourceCoverage {
            id: SourceId {
                controller: "c".to_owned(),
                site: "s".to_owned(),
                kind,
            },
            name: format!("home/default/{kind}"),
            outcome,
            since: None,
            until: None,
            events: 0,
            records: 0,
            late: 0,
            duplicates: 0,
            malformed: 0,
            oldest: None,
            reason: Some("the console did not answer within 30 s".to_owned()),
            code: 69,
        }
    }

    #[test]
    fn a_console_that_does_not_answer_is_one_gap() {
        let case = Case {
            coverage: vec![
                source(SourceKind::SystemLog, Outcome::Failed),
                source(SourceKind::Devices, Outcome::Failed),
            ],
            ..Case::default()
        };
        let judged = case.judge();
        let [finding] = judged.findings.as_slice() else {
            panic!("{:#?}", judged.findings);
        };
        assert_eq!(
            (finding.rule.as_str(), finding.severity),
            ("coverage", Severity::Medium)
        );
        assert!(
            finding.explanation.contains("did not answer within 30 s."),
            "{}",
            finding.explanation
        );

        let mut whole = Case::default().remembering(judged.memory);
        whole.coverage = vec![source(SourceKind::SystemLog, Outcome::Empty)];
        assert_eq!(whole.judge().findings[0].trend, Trend::Resolved);
    }

    #[test]
    fn what_drowns_the_rest_is_named_but_coming_and_going_is_not() {
        let blocks = (0..150).map(|n| row("TRAFFIC_BLOCKED_KNOWN_SOURCE_CLIENT", n, &[("SRC_CLIENT", "tv")]));
        let rules = |case: Case| -> Vec<String> {
            let findings = case.judge().findings;
            findings.into_iter().map(|finding| finding.rule).collect()
        };
        assert_eq!(rules(Case::of(blocks)), ["firewall-blocks", "noise"]);
        let roams = (0..150).map(|n| row("CLIENT_ROAMED_2", n, &[("CLIENT", "phone")]));
        assert!(rules(Case::of(roams)).is_empty());
    }
}
