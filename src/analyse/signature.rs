//! What the threat detection recognised, by the name of its rule and the rule's class (facts: threats.md sections 4
//! to 6). The console's own severity is no guide; the class is one.

use crate::analyse::place::party;
use crate::model::event::{Event, Party};

pub const NAME: &[&str] = &["SIGNATURE", "IPS_SIGNATURE", "INNER_ALERT_SIGNATURE"];
pub const CLASS: &[&str] = &["INNER_ALERT_CATEGORY", "CLASS"];

/// What kind of thing was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Malware at work: whoever sends this has probably been taken over.
    Compromise,
    /// An attempt to break in.
    Exploit,
    /// An address on a list of bad ones, whatever it did.
    Reputation,
    /// Somebody looking for open doors.
    Scan,
    /// Against a policy, or only worth knowing.
    Policy,
}

impl Nature {
    pub const ALL: [Self; 5] = [
        Self::Compromise,
        Self::Exploit,
        Self::Reputation,
        Self::Scan,
        Self::Policy,
    ];

    /// As a digest counts it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compromise => "compromise",
            Self::Exploit => "exploit",
            Self::Reputation => "reputation",
            Self::Scan => "scan",
            Self::Policy => "policy",
        }
    }

    /// Beginnings of the names of rules, behind the `ET ` of Emerging Threats.
    fn groups(self) -> &'static [&'static str] {
        match self {
            Self::Compromise => &[
                "MALWARE",
                "TROJAN",
                "CNC",
                "COINMINER",
                "PHISHING",
                "EXPLOIT_KIT",
                "MOBILE_MALWARE",
                "WORM",
            ],
            Self::Exploit => &[
                "EXPLOIT",
                "ATTACK_RESPONSE",
                "SHELLCODE",
                "WEB_SERVER",
                "WEB_SPECIFIC_APPS",
            ],
            Self::Reputation => &[
                "DROP",
                "DSHIELD",
                "CINS",
                "COMPROMISED",
                "TOR",
                "3CORESEC",
                "THREATVIEW",
            ],
            Self::Scan => &["SCAN"],
            Self::Policy => &[
                "POLICY",
                "P2P",
                "CHAT",
                "GAMES",
                "INAPPROPRIATE",
                "INFO",
                "HUNTING",
            ],
        }
    }

    /// Classes by their short names and by their descriptions.
    fn classes(self) -> &'static [&'static str] {
        match self {
            Self::Compromise => &[
                "trojan-activity",
                "a network trojan was detected",
                "command-and-control",
                "malware command and control activity detected",
                "domain-c2",
                "domain observed used for c2 detected",
                "exploit-kit",
                "exploit kit activity detected",
                "credential-theft",
                "successful credential theft detected",
                "coin-mining",
                "crypto currency mining activity detected",
            ],
            Self::Exploit => &[
                "attempted-user",
                "attempted user privilege gain",
                "unsuccessful-user",
                "unsuccessful user privilege gain",
                "successful-user",
                "successful user privilege gain",
                "attempted-admin",
                "attempted administrator privilege gain",
                "successful-admin",
                "successful administrator privilege gain",
                "shellcode-detect",
                "executable code was detected",
                "web-application-attack",
                "web application attack",
                "targeted-activity",
                "targeted malicious activity was detected",
            ],
            Self::Reputation => &[],
            Self::Scan => &[
                "attempted-recon",
                "attempted information leak",
                "network-scan",
                "detection of a network scan",
            ],
            Self::Policy => &[
                "policy-violation",
                "potential corporate privacy violation",
                "inappropriate-content",
                "inappropriate content was detected",
                "external-ip-check",
                "device retrieving external ip address detected",
                "misc-activity",
                "misc activity",
            ],
        }
    }
}

/// What the row says was recognised: by the class where that is malware at work, else by the name of the rule, which
/// says more than the other classes. `None`: it does not say, or nothing that tells.
pub fn nature(event: &Event) -> Option<Nature> {
    let said = |roles| party(event, roles).map_or("", Party::label);
    let class = said(CLASS).trim().to_lowercase();
    let by_class = || {
        Nature::ALL
            .into_iter()
            .find(|nature| nature.classes().contains(&class.as_str()))
    };
    if by_class() == Some(Nature::Compromise) {
        return Some(Nature::Compromise);
    }
    let name = said(NAME).trim().to_uppercase();
    let name = name
        .strip_prefix("ET ")
        .or_else(|| name.strip_prefix("ETPRO "))
        .unwrap_or("");
    let group = name.split(' ').next().unwrap_or_default();
    let by_name = Nature::ALL
        .into_iter()
        .find(|nature| nature.groups().contains(&group));
    by_name.or_else(by_class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::row;

    #[test]
    fn the_name_of_the_rule_and_its_class_tell_what_was_recognised() {
        for (name, class, expected) in [
            ("ET MALWARE RAT C2", "Misc Attack", Some(Nature::Compromise)),
            (
                "ET DROP Dshield Block Listed Source group 1",
                "Misc Attack",
                Some(Nature::Reputation),
            ),
            (
                "ET DNS Query",
                "A Network Trojan was detected",
                Some(Nature::Compromise),
            ),
            (
                "ET INFO Observed DNS Query",
                "trojan-activity",
                Some(Nature::Compromise),
            ),
            (
                "ET SCAN Potential SSH Scan OUTBOUND",
                "Attempted Information Leak",
                Some(Nature::Scan),
            ),
            (
                "ET POLICY Dropbox",
                "Potential Corporate Privacy Violation",
                Some(Nature::Policy),
            ),
            (
                "ET COINMINER Pool",
                "Crypto Currency Mining Activity Detected",
                Some(Nature::Compromise),
            ),
            (
                "ET NETBIOS x",
                "Attempted Administrator Privilege Gain",
                Some(Nature::Exploit),
            ),
            ("", "Web Application Attack", Some(Nature::Exploit)),
            (
                "GPL ATTACK_RESPONSE id check returned root",
                "Potentially Bad Traffic",
                None,
            ),
            ("", "", None),
        ] {
            let event = row(
                "THREAT_BLOCKED_V3",
                0,
                &[("SIGNATURE", name), ("INNER_ALERT_CATEGORY", class)],
            );
            assert_eq!(nature(&event), expected, "{name} {class}");
        }
    }
}
