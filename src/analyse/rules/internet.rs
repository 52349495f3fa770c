//! Rules about the way to the internet, its backup and the tunnels through it.

use crate::analyse::rules::{About, Kind, Rule};
use crate::model::finding::Category::{Connectivity, Performance};
use crate::model::finding::Severity::{Info, Low, Medium, Severe};

const ISP: &[(&str, &[&str])] = &[("isp", &["ISP_NAME", "ISP"])];

/// Advice for those who have one line only.
pub const SECOND_LINE: &str =
    "A second line as a backup, even a mobile one, would keep you online meanwhile.";

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule::new("wan-outage", Connectivity, Severe).kind(Kind::Outage).about(About::Wan).escalates().facets(ISP)
        .title("Internet connection {name} failed", "Internet connection {name} failed {times}")
        .because("The gateway could not reach the internet over this line.")
        .advise(&[
            "Check the lights on the modem, and restart the modem once.",
            "If the modem shows no signal, call your internet provider and give them the times from this report.",
            "If it happens often, ask the provider to measure the line.",
            SECOND_LINE,
        ]),
    Rule::new("wan-failover", Connectivity, Severe).kind(Kind::Outage).about(About::Site)
        .title("Internet moved to the backup line", "Internet moved to the backup line {times}")
        .because("The main line failed and the backup line took over, as it should. On a mobile backup this uses up data volume.")
        .advise(&["Check the modem of the main line and call the provider if it does not come back.", "If the backup is mobile, watch how much data is left."]),
    Rule::new("isp-quality", Performance, Medium).about(About::Wan).facets(ISP).steps(&[(1, Info), (3, Low), (12, Medium)])
        .title("The internet line {name} was slow or lost data", "The internet line {name} was slow or lost data {times}")
        .because("Pages load slowly and calls stutter when the line delays or loses data. Always in the evening means the provider is congested; at random times suggests the line or the modem.")
        .advise(&["If calls or payments suffer, send the times to your provider.", "In the console, Smart Queues helps if your own uploads fill the line."]),
    Rule::new("mobile-backup", Connectivity, Medium).kind(Kind::Outage)
        .title("The mobile backup {name} has no connection", "The mobile backup {name} lost its connection {times}")
        .because("You notice nothing today, but if the main internet line fails now, there is no backup.")
        .advise(&["Check the SIM card and whether its contract is paid.", "Check the mobile signal where the modem stands; a place near a window is often better."]),
    Rule::new("mobile-data", Connectivity, Severe)
        .title("The mobile backup {name} is using up its data", "The mobile backup {name} is using up its data")
        .because("The mobile plan is near or over its limit. When it is cut off, the backup no longer works until the next billing period.")
        .advise(&["Find out why the backup is in use: the main line may be down.", "Buy more data, or switch the backup off for what can wait."]),
    Rule::new("dns-problem", Connectivity, Medium)
        .title("Name lookups (DNS) failed or were slow", "Name lookups (DNS) failed or were slow {times}")
        .because("Without name lookups, pages do not open although the internet works.")
        .advise(&["Check whether the name server in your network settings is running, for example a Pi-hole.", "As a test, use the provider's own server or a public one."]),
    Rule::new("vpn-tunnel", Connectivity, Severe).kind(Kind::Outage).escalates()
        .title("The VPN tunnel {name} went down", "The VPN tunnel {name} went down {times}")
        .because("The connection between your sites was interrupted; what lies on the other side could not be reached.")
        .advise(&["Check the internet line on both sides.", "If a public address has changed on either side, correct it in the tunnel's settings."]),
    Rule::new("wan-down", Connectivity, Severe).kind(Kind::Snapshot).about(About::Wan)
        .title("Internet line {name} is switched on but has no connection", "")
        .because("The gateway has a line configured which is not working right now. If it is your backup, you would only notice when the main line fails.")
        .advise(&["Check the modem and the cable of this line.", "If you do not use this line, switch it off in the console, so that this report need not mention it."]),
    Rule::new("health", Connectivity, Medium).kind(Kind::Snapshot).about(About::Site)
        .title("The console reports a problem with {name}", "")
        .because("The console itself rates this part of the network as not healthy.")
        .advise(&["Open the console's dashboard and look at what it marks there.", "Check the other findings in this report; they often name the device behind it."]),
];
