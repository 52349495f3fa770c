//! A move to the backup line belongs to the outage of the line that failed.

use crate::analyse::cases::Case;
use crate::analyse::rules::internet::SECOND_LINE;
use crate::analyse::scene::Scene;
use crate::analyse::words;
use crate::model::digest::Way;
use crate::model::finding::{Finding, Subject};

/// A failover is the other half of the outage that caused it: its rows go into that finding.
pub fn join(cases: &mut Vec<Case>) {
    let (failovers, mut others): (Vec<_>, Vec<_>) = std::mem::take(cases)
        .into_iter()
        .partition(|case| case.rule.id == "wan-failover");
    for mut failover in failovers {
        let backup = failover.group.facets.get("backup").cloned().unwrap_or_default();
        let took_over = |line: &Subject| {
            !line.id.is_empty()
                && backup
                    .values
                    .keys()
                    .any(|name| name.starts_with(&words::name(line)))
        };
        let near = others
            .iter_mut()
            .filter(|case| case.rule.id == "wan-outage" && case.group.site == failover.group.site)
            .filter(|case| case.group.turns.iter().any(|turn| turn.1 != Way::Up))
            .filter(|case| !took_over(&case.group.subject))
            .min_by_key(|case| (case.group.first - failover.group.first).abs());
        match near {
            Some(outage) => {
                failover.group.turns.clear();
                failover.names.clear();
                outage.absorb(failover);
            }
            None => others.push(failover),
        }
    }
    *cases = others;
}

/// Which line carried the traffic meanwhile; who has a second line needs no advice to get one.
pub fn tell_backup(finding: &mut Finding, case: &Case, scene: &Scene<'_>) {
    let backup = words::top(&case.group, "backup");
    if case.rule.id != "wan-outage" {
        if !backup.is_empty() {
            finding.explanation.extend([" Backup line: ", &backup, "."]);
        }
        return;
    }
    if !backup.is_empty() {
        finding
            .explanation
            .extend([" ", &backup, " carried you meanwhile."]);
    }
    if !backup.is_empty() || scene.lines(&case.group.site).count() > 1 {
        finding.remediation.retain(|step| step != SECOND_LINE);
    }
}

#[cfg(test)]
mod tests {
    use crate::analyse::samples::{Case as Run, row};

    #[test]
    fn a_failover_belongs_to_the_outage_that_caused_it() {
        let findings = Run::of([
            row(
                "NETWORK_WAN_FAILED_2",
                0,
                &[("WAN_NAME", "Fiber"), ("DURATION", "4m 6s")],
            ),
            row(
                "NETWORK_FAILED_OVER_TO_BACKUP_WAN_TEMPORARY_2",
                2,
                &[("WAN_NAME", "LTE")],
            ),
            row(
                "NETWORK_WAN_RESTORED_2",
                246,
                &[("WAN_NAME", "Fiber"), ("DURATION", "4m 6s")],
            ),
        ])
        .judge()
        .findings;
        let [finding] = findings.as_slice() else {
            panic!("{findings:#?}");
        };
        assert_eq!((finding.count, finding.occurrences), (3, 1));
        assert_eq!(
            finding.title,
            "Internet connection “Fiber” was down for 4 min and is back"
        );
        assert_eq!(
            finding.explanation,
            "It was down for 4 min. In that time the gateway could not reach the internet over this line. \
             “LTE” carried you meanwhile."
        );
        assert_eq!(finding.remediation.len(), 1);
    }
}
