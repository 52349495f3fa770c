//! From groups of rows to findings: one case a cause, one finding a case, or none if it is routine.

use std::collections::BTreeMap;

use crate::analyse::digest::fingerprint;
use crate::analyse::rules::{self, Kind, Rule};
use crate::analyse::scene::Scene;
use crate::analyse::{anomalies, details, failovers, outages, threats, words};
use crate::model::count::thousands;
use crate::model::digest::Group;
use crate::model::finding::{Finding, Severity, Subject, Trend};

/// Findings of one rule and site shown one by one; the rest become one more.
const LISTED: usize = 10;

/// What becomes one finding: one group, or several rolled up.
pub struct Case {
    pub rule: &'static Rule,
    /// Keys of the groups (of the digest's groups or overflow) in it.
    pub keys: Vec<String>,
    pub group: Group,
    /// Its subjects, where there are several.
    pub names: Vec<String>,
    /// Rows of each of its subjects that has a name.
    pub shares: Vec<(String, u64)>,
    /// The worst of its groups by their own rows, if it holds several that would have been findings alone.
    pub surplus: Option<Severity>,
    /// One of those is still going on.
    pub ongoing: bool,
}

/// What the rows of a case amount to.
pub struct Ruling {
    pub case: Case,
    /// `None`: routine.
    pub finding: Option<Finding>,
}

/// Every group of the digest, in one case each.
pub fn rulings(scene: &Scene<'_>) -> Vec<Ruling> {
    cases(scene)
        .into_iter()
        .map(|case| Ruling {
            finding: finding(&case, scene),
            case,
        })
        .collect()
}

fn cases(scene: &Scene<'_>) -> Vec<Case> {
    let digest = scene.evidence.digest;
    let mut single: BTreeMap<(&str, &str), Vec<Case>> = BTreeMap::new();
    let mut pooled: BTreeMap<(&str, &str), Case> = BTreeMap::new();
    let groups = digest.groups.iter().map(|(key, group)| (key, group, false));
    let overflow = digest.overflow.iter().map(|(key, group)| (key, group, true));
    for (key, group, overflowed) in groups.chain(overflow) {
        let rule = rules::find(&group.rule);
        let named = named(group, scene);
        let is_somebody = !overflowed && !named.subject.id.is_empty();
        let case = Case {
            rule,
            keys: vec![key.clone()],
            names: vec![words::name(&named.subject)],
            shares: Vec::from_iter(is_somebody.then(|| (words::name(&named.subject), group.occurrences()))),
            group: named,
            surplus: None,
            ongoing: false,
        };
        let quiet_block = rule.id == "firewall-block" && severity_by_rows(rule, group) == Severity::Info;
        if quiet_block {
            let rule = rules::find("firewall-blocks");
            pool(&mut pooled, (rule.id, &group.site), Case { rule, ..case });
        } else if rule.rolled_up {
            pool(&mut pooled, (rule.id, &group.site), case);
        } else if overflowed {
            let surplus = rule.steps.first().map_or(group.worst, |(_, severity)| *severity);
            let case = Case {
                surplus: Some(surplus),
                names: Vec::new(),
                ..case
            };
            pool(&mut pooled, (rule.id, &group.site), case);
        } else {
            single.entry((rule.id, &group.site)).or_default().push(case);
        }
    }
    let mut cases = Vec::new();
    for (place, alike) in single {
        let mut told = Vec::new();
        for case in alike {
            // What is routine by itself must not become news by being many.
            match finding(&case, scene) {
                Some(finding) => told.push((finding.severity, finding.ongoing, case)),
                None => cases.push(case),
            }
        }
        told.sort_by(|a, b| {
            let rank = |x: &(Severity, bool, Case)| (x.0, x.1, x.2.group.count);
            rank(b)
                .cmp(&rank(a))
                .then_with(|| a.2.group.subject.cmp(&b.2.group.subject))
        });
        // A roll-up of one would name nobody and save no line.
        let listed = if told.len() == LISTED + 1 {
            LISTED + 1
        } else {
            LISTED
        };
        for (severity, ongoing, case) in told.split_off(listed.min(told.len())) {
            let surplus = Case {
                surplus: Some(severity),
                ongoing,
                ..case
            };
            pool(&mut pooled, place, surplus);
        }
        cases.extend(told.into_iter().map(|(_, _, case)| case));
    }
    cases.extend(pooled.into_values().map(|mut case| {
        case.names.sort();
        if case.surplus.is_some() {
            // Not the empty id: that is the subject of rows which name nobody.
            "*".clone_into(&mut case.group.subject.id);
        }
        case
    }));
    failovers::join(&mut cases);
    cases
}

/// The group with the name its device has in the console's list, where rows told nothing but an address.
fn named(group: &Group, scene: &Scene<'_>) -> Group {
    let mut named = group.clone();
    named.hear_echoes();
    if let Some(device) = scene
        .device(group)
        .filter(|_| group.subject.name.to_lowercase() == group.subject.id)
    {
        named.subject.name = device.label();
    }
    named
}

fn pool<'a>(pooled: &mut BTreeMap<(&'a str, &'a str), Case>, place: (&'a str, &'a str), mut case: Case) {
    case.group.forget_subject();
    if let Some(known) = pooled.get_mut(&place) {
        known.absorb(case);
        return;
    }
    case.group.subject = Subject {
        kind: "site".to_owned(),
        id: String::new(),
        name: case.group.site.clone(),
    };
    pooled.insert(place, case);
}

impl Case {
    pub fn absorb(&mut self, other: Self) {
        let subject = self.group.subject.clone();
        self.keys.extend(other.keys);
        self.shares.extend(other.shares);
        self.surplus = self.surplus.max(other.surplus);
        self.ongoing |= other.ongoing;
        for name in other.names {
            if !name.is_empty() && !self.names.contains(&name) {
                self.names.push(name);
            }
        }
        self.group.absorb(other.group);
        self.group.subject = subject;
    }

    /// Several subjects in one.
    pub fn is_pooled(&self) -> bool {
        self.surplus.is_some() || self.rule.rolled_up
    }
}

fn finding(case: &Case, scene: &Scene<'_>) -> Option<Finding> {
    let (rule, group) = (case.rule, &case.group);
    if group.occurrences() == 0 {
        // An earlier report told of all of it.
        return None;
    }
    match rule.kind {
        Kind::Outage => outages::finding(case, scene),
        _ if rule.id.starts_with("threat") => Some(threats::finding(case)),
        _ if rule.id == "shared-anomaly" => anomalies::shared(case),
        _ if group.occurrences() < rule.quiet_below => None,
        _ => {
            let mut severity = case.surplus.unwrap_or_else(|| severity_by_rows(rule, group));
            if rule.escalates {
                let persistent = scene.is_persistent(rule.id, group);
                severity = worse(severity, u8::from(scene.is_core(group)) + u8::from(persistent));
            }
            let mut finding = drafted(case, group.occurrences(), severity);
            // From the internet deserves a look, the first time more than later.
            let known = || {
                scene
                    .remembered(rule.id, &group.site, &group.subject.id)
                    .is_some()
            };
            if rule.id == "admin-access-internet" && known() {
                finding.severity = Severity::Low;
            }
            if rule.id == "isp-quality" && group.subject.name.is_empty() {
                finding.title = finding.title.replace(" line ", " connection ");
            }
            Some(finding)
        }
    }
}

/// A finding with the rule's words and this severity.
pub fn drafted(case: &Case, occurrences: u64, severity: Severity) -> Finding {
    let (rule, group) = (case.rule, &case.group);
    let template = if occurrences == 1 || rule.many.is_empty() {
        rule.one
    } else {
        rule.many
    };
    let title = if case.surplus.is_some() {
        let subject = Subject {
            name: "a device".to_owned(),
            ..Subject::default()
        };
        let anyone = Group {
            subject,
            ..group.clone()
        };
        let how_many = match case.names.len() {
            0 => "many".to_owned(),
            several => thousands(several as u64),
        };
        let one = words::fill(rule.one, &anyone, 1, &[]);
        words::capitalised(&format!(
            "{how_many} more of this kind: {}",
            words::uncapitalised(&one)
        ))
    } else {
        words::fill(template, group, occurrences, &case.names)
    };
    Finding {
        fingerprint: fingerprint(rule.id, &group.site, &group.subject.id),
        rule: rule.id.to_owned(),
        severity,
        category: rule.category,
        title: title.split_whitespace().collect::<Vec<_>>().join(" "),
        explanation: format!("{}{}", rule.explanation, details::of(case)),
        remediation: rule.advice.iter().map(|step| (*step).to_owned()).collect(),
        subject: group.subject.clone(),
        site: group.site.clone(),
        first_seen: group.first,
        last_seen: group.last,
        count: group.count,
        occurrences,
        trend: Trend::New,
        days: 1,
        ongoing: false,
        examples: group.examples.clone(),
    }
}

/// Severity by the rule's steps, or that of the worst row.
pub fn severity_by_rows(rule: &Rule, group: &Group) -> Severity {
    rule.steps
        .iter()
        .rev()
        .find(|(rows, _)| group.occurrences() >= *rows)
        .map_or(group.worst, |(_, severity)| *severity)
}

/// So many steps worse, severe at most; what is only worth knowing stays that.
pub fn worse(severity: Severity, steps: u8) -> Severity {
    (0..steps).fold(severity, |severity, _| match severity {
        Severity::Info => Severity::Info,
        Severity::Low => Severity::Medium,
        Severity::Medium | Severity::Severe => Severity::Severe,
    })
}
