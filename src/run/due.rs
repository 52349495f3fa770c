//! Which channel a report is due to: judged once, when it is committed.

use crate::config::{Channel, When};
use crate::model::finding::Severity;
use crate::model::report::Report;
use crate::report::named::is_known;
use crate::report::part::Part;

/// Whether this report, or the part of it that is of the channel's sites, goes to this channel at all.
pub fn is_due(channel: &Channel, report: &Report) -> bool {
    let part = Part::of(report, &channel.sites);
    let matters = |least: Severity| part.findings().any(|finding| finding.severity >= least);
    let wanted = match channel.when {
        When::Always => true,
        When::Findings => part.findings().next().is_some(),
        When::Severe => matters(Severity::Severe),
    };
    !part.is_empty() && wanted && channel.min_severity.is_none_or(matters)
}

/// A sentence for each word of a channel's `sites` that names none of those this run knows of.
pub fn unseen_sites(channels: &[Channel], report: &Report) -> Vec<String> {
    let unseen = |channel: &Channel| -> Vec<String> {
        let words = channel.sites.iter();
        words
            .filter(|word| !is_known(report, word))
            .map(|word| {
                format!(
                    "Channel {} is to have the part of {word:?}, and this run saw no such site, or several with this \
                     label: name it as the sources of this report do, such as \"home/default\".",
                    channel.name
                )
            })
            .collect()
    };
    channels.iter().flat_map(unseen).collect()
}
