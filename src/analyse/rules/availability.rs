//! Rules about devices that are not there, or not as they should be.

use crate::analyse::rules::{About, Kind, Rule};
use crate::model::finding::Category::{Connectivity, Performance, System};
use crate::model::finding::Severity::{Info, Low, Medium, Severe};

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule::new("device-down", Connectivity, Severe).kind(Kind::Outage).escalates()
        .title("{name} went offline", "{name} went offline {times}")
        .because("The console lost contact with this device. While it is away, everything connected through it has no network.")
        .advise(&[
            "Look at the light on the device. No light means no power: check its power supply, or the switch port that powers it.",
            "If it has power, check the network cable at both ends, or try another cable and another port.",
            "If its neighbours are offline too, start with the switch they share.",
        ]),
    Rule::new("device-flapping", Connectivity, Severe).kind(Kind::Derived).escalates()
        .title("{name} keeps dropping out", "{name} keeps dropping out: {times}")
        .because("A device that goes away and returns again and again usually has a power or cable problem, not a settings problem.")
        .advise(&[
            "Replace the network cable first: it is the cheapest suspect.",
            "If the switch powers it, try another port, or a separate power injector.",
            "Check whether it gets hot, and whether the drops happen at the same time each day.",
            "If it began right after a firmware update, install the newest firmware or go back to the one before.",
        ]),
    Rule::new("mass-outage", Connectivity, Severe).kind(Kind::Outage).about(About::Site)
        .title("Several devices went offline together", "Several devices went offline together, {times}")
        .because("When several devices disappear at the same moment, the cause is almost always something they share: a switch, a power strip or the gateway.")
        .advise(&[
            "Find the switch or the power outlet that the affected devices have in common, and check it first.",
            "Check the other findings in this report: the shared device is often listed there.",
        ]),
    Rule::new("heartbeat-missed", Connectivity, Low).kind(Kind::Snapshot)
        .title("{name} did not report to the console in time", "")
        .because("The console expected a sign of life from this device and got none. It may be about to go offline, or may just be busy.")
        .advise(&["Look again with the next report. If it repeats, check its cable and power."]),
    Rule::new("device-trouble", System, Medium).kind(Kind::Snapshot)
        .title("{name} is not working normally", "")
        .because("The console shows this device in a state other than connected.")
        .advise(&["Open the device in the UniFi console and follow what it says there.", "If nothing is said, restart the device once."]),
    Rule::new("device-isolated", Connectivity, Severe).escalates()
        .title("{name} has lost its connection to the network", "{name} lost its connection to the network {times}")
        .because("This access point is powered but cannot reach the rest of the network, so people connected to it have no internet.")
        .advise(&["Check the network cable between this access point and its switch.", "Check that the switch it is plugged into is online.", "If it is meant to work without a cable, move it closer to the next access point."]),
    Rule::new("mesh-uplink", Connectivity, Medium)
        .title("{name} changed its wireless link to the network", "{name} changed its wireless link to the network {times}")
        .because("An access point that normally uses a cable has fallen back to a radio link, or has lost the radio link it depends on. That makes it slower and less reliable.")
        .advise(&["If it should be on a cable, check that cable and its switch port.", "If it is meant to be wireless, move it closer to the next access point: a weak link breaks often."]),
    Rule::new("unexpected-reboot", System, Severe).escalates().steps(&[(1, Medium), (3, Severe)])
        .title("{name} restarted by itself", "{name} restarted by itself {times}")
        .because("It restarted although nobody asked it to. A single time can be a power dip; again and again points to a failing power supply, heat or a firmware fault.")
        .advise(&[
            "Ask whether the power failed or somebody unplugged it at that time.",
            "If the switch powers it, check that the switch has enough power left for all its ports.",
            "If it happens again, update the firmware, then try another power supply.",
        ]),
    Rule::new("process-crash", System, Low).steps(&[(1, Low), (3, Medium)])
        .title("A program inside {name} crashed and was restarted", "Programs inside {name} crashed {times} and were restarted")
        .because("The device repaired itself. If it happens often, its firmware has a fault.")
        .advise(&["Update the firmware of this device.", "If crashes continue, download the support file in the console and send it to Ubiquiti."]),
    Rule::new("device-restarted", System, Info).kind(Kind::Planned).rolled_up().steps(&[(1, Info)])
        .title("Restarted on request: {names}", "Restarted on request: {names}")
        .because("These restarts were ordered by somebody or by a schedule. A short interruption is normal.")
        .advise(&["Nothing to do, if you or your technician did this."]),
    Rule::new("firmware-updated", System, Info).kind(Kind::Planned).rolled_up().steps(&[(1, Info)])
        .title("Software updated: {names}", "Software updated: {names}")
        .because("New software was installed or scheduled. Devices restart during an update, so a short interruption is normal.")
        .advise(&["Nothing to do. If something behaves worse since then, mention the update to your technician."]),
    Rule::new("overheating", System, Severe).escalates()
        .title("{name} is too hot", "{name} was too hot {times}")
        .because("Heat shortens the life of a device and makes it restart or slow down.")
        .advise(&["Make room around it and remove dust from the air openings.", "Check that its fan turns, if it has one.", "Do not stack devices, and keep the cabinet ventilated."]),
    Rule::new("power-loss", System, Severe).escalates()
        .title("{name} lost its power", "{name} lost its power {times}")
        .because("The device reported that its power failed.")
        .advise(&["Check the power outlet, the power supply and the fuse.", "A small battery backup (UPS) bridges short power cuts."]),
    Rule::new("on-battery", System, Severe).kind(Kind::Outage)
        .title("{name} is running on battery", "{name} ran on battery {times}")
        .because("The battery backup (UPS) had no mains power, or its battery is low. When it is empty, everything behind it goes off.")
        .advise(&["Check the mains power and the fuse of that outlet.", "If it happens although the mains is fine, replace the battery: they last three to five years."]),
    Rule::new("power-supply", System, Severe)
        .title("{name} reports a power supply problem", "{name} reported power supply problems {times}")
        .because("The backup power unit had to step in or could not deliver what was asked of it. A power supply behind it may have failed.")
        .advise(&["Find the device whose own power supply has failed, and replace that supply.", "Do not connect more devices than the backup power unit can carry."]),
    Rule::new("device-load", Performance, Medium).steps(&[(1, Low), (3, Medium)])
        .title("{name} is overloaded", "{name} was overloaded {times}")
        .because("Its processor or memory is nearly used up. The network can become slow, and the device may restart.")
        .advise(&["Restart it at a quiet time and see whether the load returns.", "On a gateway, check how much inspection (threat detection, traffic identification) is switched on for your line speed.", "Update its firmware."]),
    Rule::new("device-notice", System, Low).rolled_up()
        .title("A device sent a notice", "Devices sent {count} notices")
        .because("The console passed on messages from devices which it does not explain further. The examples show their words.")
        .advise(&["Read the examples; if they mean nothing to you, show them to your technician."]),
    Rule::new("camera-offline", System, Medium).kind(Kind::Outage)
        .title("Camera system device {name} went offline", "Camera system device {name} went offline {times}")
        .because("A camera or sensor was not connected for a while. Nothing is recorded in that time.")
        .advise(&["Check its cable, or the WiFi signal where it hangs.", "Check that the switch port that powers it is on."]),
    Rule::new("camera-activity", System, Info).kind(Kind::Routine)
        .title("Camera and sensor activity", "").because("Motion, doors and connections, as usual."),
];
