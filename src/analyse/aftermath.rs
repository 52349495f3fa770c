//! What is said of an outage that is over: what it meant, and the one step that is left.

use crate::analyse::cases::Case;
use crate::analyse::phrases::Phrase;
use crate::analyse::rules::Rule;
use crate::analyse::scene::Scene;
use crate::analyse::words::{capitalised, times, uncapitalised};
use crate::model::finding::{Finding, Severity};

/// What it meant that something was away, told when it is back.
pub fn aftermath(rule: &Rule) -> &'static str {
    match rule.id {
        "device-down" => "While it was away, everything connected through it had no network.",
        "wan-outage" => "In that time the gateway could not reach the internet over this line.",
        "mobile-backup" => "Had the main line failed in that time, there would have been no internet.",
        "camera-offline" => "Nothing was recorded in that time.",
        "on-battery" => {
            "Without mains power, everything behind the battery backup (UPS) goes off when the battery is empty."
        }
        _ => rule.explanation,
    }
}

/// The one step for what is over.
pub fn next_time(rule: &Rule) -> String {
    let step = match rule.id {
        "device-down" => "check its power supply, and its network cable at both ends.".to_owned(),
        "wan-outage" => "give your internet provider the times from this report.".to_owned(),
        _ => rule
            .advice
            .first()
            .map_or_else(String::new, |step| uncapitalised(step)),
    };
    format!("Nothing to do now. If it happens again: {step}")
}

/// A row that says only that something changed is no proof that it was away, nor that it is back.
pub fn changed_somehow(mut finding: Finding, case: &Case, scene: &Scene<'_>) -> Finding {
    let phrase = Phrase::of(case, scene.device(&case.group));
    let often = if case.group.occurrences() == 1 {
        String::new()
    } else {
        format!(" {}", times(case.group.occurrences()))
    };
    finding.occurrences = case.group.occurrences();
    finding.severity = Severity::Low;
    finding.title = capitalised(&format!("{} changed its state{often}", phrase.who));
    let unsaid = "The console does not say whether it went away or came back, nor for how long.";
    finding.explanation = finding.explanation.replacen(case.rule.explanation, unsaid, 1);
    finding.remediation = vec!["If nobody noticed anything at that time: nothing to do.".to_owned()];
    finding
}
