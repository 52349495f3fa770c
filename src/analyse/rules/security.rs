//! Rules about attacks, and about what the firewall stopped.

use crate::analyse::rules::{About, Kind, Rule};
use crate::analyse::signature;
use crate::model::finding::Category::Security;
use crate::model::finding::Severity::{Info, Low, Medium, Severe};

const SOURCES: &[(&str, &[&str])] = &[
    ("source", &["SRC_CLIENT", "SRC_DEVICE", "SRC_IP"]),
    ("destination", &["DST_CLIENT", "DST_DEVICE", "DST_IP"]),
    ("port", &["DST_PORT", "DEST_PORT"]),
    ("signature", signature::NAME),
    ("class", signature::CLASS),
    ("category", &["CATNAME", "IPS_CATEGORY"]),
];

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule::new("threat", Security, Severe).kind(Kind::Threat).about(About::Site).facets(SOURCES)
        .title("The threat detection raised an alarm", "The threat detection raised {count} alarms")
        .because("The gateway saw traffic that looks like an attack.")
        .advise(&["Open the threat list in the console and see which of your devices is named there."]),
    Rule::new("threat-outbound", Security, Severe).kind(Kind::Derived).about(About::Source).facets(SOURCES)
        .title("{name} tried to reach a suspicious address on the internet", "{name} tried to reach suspicious addresses on the internet {times}")
        .because("One of your own devices tried to talk to an internet address that the gateway's threat detection considers dangerous. That can be malware on that device; it can also be a harmless program or an advertisement that uses a server with a bad reputation.")
        .advise(&[
            "Find out which device this is, and what was installed or opened on it at that time.",
            "Run a virus scan on it. Until it is clean, block it in the console or take it off the network.",
            "If it is a camera or another gadget, update its firmware or replace it.",
            "If the scan finds something, change the passwords that were typed on that device.",
        ]),
    Rule::new("threat-lateral", Security, Severe).kind(Kind::Derived).about(About::Source).facets(SOURCES)
        .title("{name} sent suspicious traffic to another device in your network", "{name} sent suspicious traffic inside your network {times}")
        .because("The gateway's threat detection objected to traffic between two of your own networks. That can be an infected device looking for others; it can also be a harmless program the detection does not understand.")
        .advise(&[
            "Find out which device this is, and whether it has a reason to talk to the other one, such as printing, backup or cameras.",
            "If it has none, take it off the network and scan it for viruses.",
            "If the connection is wanted and something no longer works, add an exception in the console's threat settings. It counts for both directions.",
        ]),
    Rule::new("threat-overlay", Security, Medium).kind(Kind::Derived).about(About::Source).facets(SOURCES)
        .title("{name} tried to reach a private relay address", "{name} tried {times} to reach a private relay address")
        .because("The address lies in a range (100.64 to 100.127) that is not used on the open internet. It is often the address of a VPN such as Tailscale, or of the provider's own equipment, so this is more likely a false alarm than an attack.")
        .advise(&[
            "Find out which device this is, and whether a VPN such as Tailscale, or a remote-support tool, runs on it.",
            "If so, and it is wanted: add an exception for it in the console's threat settings, and this stops.",
            "If nobody knows of such a program, scan the device for viruses: something on it is persistent.",
        ]),
    Rule::new("threat-inbound-blocked", Security, Low).kind(Kind::Derived).about(About::Site).rolled_up().facets(SOURCES)
        .title("An attack from the internet was stopped", "{count} attacks from the internet were stopped")
        .because("Every internet connection is probed around the clock by strangers. The gateway recognised these attempts and stopped them.")
        .advise(&["Nothing to do: this is the protection working.", "If you do not need port forwarding, remove it in the console: the fewer doors, the better."]),
    Rule::new("threat-inbound-allowed", Security, Severe).kind(Kind::Derived).about(About::Destination).facets(SOURCES)
        .title("An attack from the internet reached {name}", "{count} attacks from the internet reached {name}")
        .because("The gateway recognised an attack but let it through, because it is set to detect only, or because this kind is not blocked. Whether it did harm cannot be seen from here.")
        .advise(&[
            "In the console, set threat detection to detect and block.",
            "Close the port forwarding to this device if you do not need it, or use a VPN instead.",
            "Install the updates of that device, and check it for anything unusual.",
        ]),
    Rule::new("threat-noted", Security, Info).kind(Kind::Derived).about(About::Site).rolled_up().facets(SOURCES)
        .title("The threat detection noted something that is not dangerous by itself", "The threat detection noted {count} things that are not dangerous by themselves")
        .because("These rules of the threat detection take note of what is only worth knowing, such as the lookup of an unusual name, a chat program or file sharing. They are no sign of malware by themselves.")
        .advise(&["Nothing to do, if you know what runs on the devices named here.", "If you do not want such notes, switch off this category in the console's threat settings."]),
    Rule::new("honeypot-hit", Security, Severe).about(About::Source).escalates()
        .title("{name} touched the trap (honeypot) in your network", "{name} touched the trap (honeypot) in your network {times}")
        .because("The trap is an address nobody has a reason to contact. A device that does is searching the network: malware does so, and so do network scanners and some printer or camera tools.")
        .advise(&["Find out which device this is. If you or your technician ran a network scan at that time, all is well.", "If not, take it off the network and scan it for viruses."]),
    Rule::new("firewall-block", Security, Low).kind(Kind::Rows).about(About::Source).steps(&[(1, Info), (500, Low)])
        .facets(&[("destination", &["DST_CLIENT", "DST_DEVICE", "DST_IP"]), ("rule", &["TRIGGER"])])
        .title("The firewall stopped a connection of {name}", "The firewall stopped {count} connections of {name}")
        .because("Your firewall rules did what they say. When one device is stopped very often, it is usually set up wrongly, and sometimes infected.")
        .advise(&["If it is a camera or gadget that you have locked in on purpose: nothing to do. You can switch off logging for that rule.", "If you expected this connection to work, change the firewall rule named in the console."]),
    Rule::new("firewall-blocks", Security, Info).kind(Kind::Derived).about(About::Site).steps(&[(1, Info)])
        .title("The firewall stopped a connection, as it should", "The firewall stopped {count} connections, as it should")
        .because("Your firewall rules did what they say.")
        .advise(&["Nothing to do. If something does not work that should, look for it in the examples."]),
    Rule::new("ids-stale", Security, Medium).steps(&[(1, Medium), (5, Severe)])
        .title("The threat detection of {name} is not up to date or not running", "The threat detection of {name} could not be updated {times}")
        .because("The gateway recognises attacks by a list that it loads from Ubiquiti. Without updates, it does not see the newest ones.")
        .advise(&["Check that the gateway reaches the internet, and restart it at a quiet time.", "Update the gateway's firmware if it persists."]),
    Rule::new("ssh-hostkey", Security, Severe)
        .title("{name} identified itself differently than before", "{name} identified itself differently than before")
        .because("A device has a secret key to prove that it is itself. After a factory reset or a replacement this changes; otherwise another machine may be answering in its place.")
        .advise(&["If it was reset or replaced: remove it in the console and adopt it again.", "If not, check which device really has this address before you enter any password."]),
    Rule::new("foreign-controller", Security, Medium)
        .title("{name} is managed by another console", "{name} is managed by another console")
        .because("The device answers to a different UniFi console, so yours cannot manage it.")
        .advise(&["If you bought it used or moved it, reset it to factory settings and adopt it again.", "If you did not, ask who has access to your devices."]),
    Rule::new("video-deleted", Security, Medium).about(About::Admin)
        .title("Recorded video was deleted", "Recorded video was deleted {times}")
        .because("Somebody deleted camera recordings by hand.")
        .advise(&["Ask who did it and why. If nobody did, change the console's passwords."]),
];
