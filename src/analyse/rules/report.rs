//! Rules about the report itself: what it could not see, what it does not know, what drowns the rest.

use crate::analyse::rules::{About, Kind, Rule, UNKNOWN_KEYS};
use crate::model::finding::Category::{Coverage, System, Uncategorized};
use crate::model::finding::Severity::{Info, Low, Medium};

/// What rows of keys that are not in the catalogue belong to.
#[rustfmt::skip]
pub const UNKNOWN: Rule = Rule::new(UNKNOWN_KEYS, Uncategorized, Low).kind(Kind::Report).about(About::Site).steps(&[(1, Info)]).rolled_up()
    .title("The console sent a kind of message this program does not know", "The console sent {count} messages of kinds this program does not know")
    .because("They are counted and shown, but not judged. New console versions bring new messages.")
    .advise(&["Read the examples. If one of them matters to you, report its key to the makers of unifi-scan."]);

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    UNKNOWN,
    Rule::new("coverage", Coverage, Medium).kind(Kind::Report).about(About::Site)
        .title("This report may be incomplete: {name}", "")
        .because("Part of what this report should cover could not be read. Something may have happened that is not listed here.")
        .advise(&["Run `unifi-scan check` to see which part does not answer, and why.", "What can still be read is caught up by the next run."]),
    Rule::new("noise", System, Low).kind(Kind::Report).about(About::Site)
        .title("One kind of message drowns the others: {name}", "")
        .because("A large part of all messages is of one kind. That is not bad in itself, but it hides what matters and fills the console's memory.")
        .advise(&["If a firewall rule causes it, switch off logging for that rule in the console.", "If a device causes it, look at what that device is doing."]),
];
