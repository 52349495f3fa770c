//! Rules about cables, ports, power over cables and network addresses.

use crate::analyse::rules::{About, Kind, Rule};
use crate::model::finding::Category::{Connectivity, Performance, Security, System};
use crate::model::finding::Severity::{Info, Low, Medium, Severe};

const PORT: &[(&str, &[&str])] = &[("port", &["PORT", "PORT_IDX"])];
const CLIENT: &[(&str, &[&str])] = &[("client", &["CLIENT", "USER", "GUEST", "CLIENTS"])];

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule::new("port-flapping", Connectivity, Medium).facets(PORT).steps(&[(1, Low), (3, Medium), (50, Severe)])
        .title("A cable connection at {name} goes on and off", "Cable connections at {name} went on and off {times}")
        .because("A link that comes and goes usually has a bad cable or plug. A computer that sleeps and wakes can look the same.")
        .advise(&["Replace the cable at that port.", "Try another port; if the trouble stays with the device, look at the device."]),
    Rule::new("port-errors", Performance, Medium).facets(PORT)
        .title("{name} has transmission errors on a port", "{name} had transmission errors {times}")
        .because("Damaged or dropped data makes connections slow. The usual cause is a bad cable or plug.")
        .advise(&["Replace the cable at that port, or clean and re-seat the plug.", "Check that both ends run at the same speed."]),
    Rule::new("slow-link", Performance, Medium).facets(PORT)
        .title("{name} is connected more slowly than it could be", "{name} is connected more slowly than it could be")
        .because("The link works, but at a lower speed than both ends support. One broken wire in a cable is enough for that.")
        .advise(&["Replace the cable with a Cat 5e or better one.", "Unplug and plug in both ends, then check the speed shown in the console."]),
    Rule::new("switch-port", Connectivity, Info).kind(Kind::Routine)
        .title("Switch ports went on or off", "").because("Devices were switched on and off or plugged in, as usual."),
    Rule::new("stp-loop", Connectivity, Severe).facets(PORT).escalates()
        .title("There is a loop or a flood of traffic at {name}", "There were loops or floods of traffic at {name}, {times}")
        .because("Two ports are connected in a circle, so that data runs round and round. This can bring the whole network to a halt.")
        .advise(&["Unplug the cable that was plugged in last, especially at the named switch and port.", "Look for a cable with both ends in the same switch, or a small extra switch connected twice.", "Some wireless speakers with a cable connect two ways at once: leave only one."]),
    Rule::new("stp-blocked", Connectivity, Medium).facets(PORT).steps(&[(1, Low), (5, Medium)])
        .title("{name} closed a port to prevent a loop", "{name} closed ports {times} to prevent a loop")
        .because("The switch noticed two ways to the same place and closed one. That is right if you have a second cable as a reserve, and a wiring mistake if you have not.")
        .advise(&["If you know of a reserve cable there: nothing to do.", "If not, look for a cable plugged in twice at that switch."]),
    Rule::new("mac-table", Performance, Medium)
        .title("{name} knows too many devices", "{name} knows too many devices")
        .because("The switch's address list is full or nearly full. A loop, a faulty device or an attack can cause that.")
        .advise(&["Check whether there is also a loop finding in this report, and solve that first.", "Restart the switch at a quiet time. If it returns, ask your technician to look for the device behind it."]),
    Rule::new("poe-overload", System, Severe).facets(PORT)
        .title("{name} is short of power for the devices it feeds", "{name} was short of power for the devices it feeds, {times}")
        .because("Access points, cameras and phones get their power through the network cable. There is not enough for all of them, so some may switch off.")
        .advise(&["Move one power-hungry device to another switch, or give it its own power injector.", "If you want to add devices, you need a switch with a bigger power budget."]),
    Rule::new("poe-budget", System, Medium).kind(Kind::Snapshot)
        .title("{name} is close to its power limit", "")
        .because("The switch powers other devices through the network cable and has little in reserve. One more device, or a cold start of all of them, can be too much.")
        .advise(&["Do not connect further powered devices to this switch.", "Give the hungriest device its own power injector, or plan a bigger switch."]),
    Rule::new("poe-disconnect", System, Low).facets(PORT).steps(&[(1, Info), (5, Low), (20, Medium)])
        .title("A device powered by {name} stopped drawing power", "Devices powered by {name} stopped drawing power {times}")
        .because("Something fed through a network cable was unplugged or lost its power.")
        .advise(&["If nobody unplugged anything, check the cable of that port and the device at its end."]),
    Rule::new("rogue-dhcp", Security, Severe).facets(&[("port", &["PORT", "PORT_IDX"]), ("address", &["IP"]), ("hardware address", &["MAC"])])
        .title("A foreign device hands out network addresses at {name}", "A foreign device hands out network addresses at {name}")
        .because("Only your gateway should do this. Usually somebody connected a home router the wrong way round. Devices that listen to it lose their connection, and an attacker could read along.")
        .advise(&["Find what is plugged into the named port, and unplug it.", "If it is a router used as an extra access point, switch off its DHCP.", "Switch on DHCP guarding for this network in the console."]),
    Rule::new("dhcp-exhaustion", Connectivity, Severe).about(About::Network)
        .title("The network {name} is running out of addresses", "The network {name} is running out of addresses")
        .because("Every device needs an address. When none are left, new devices cannot get online, while those already connected carry on.")
        .advise(&["In the console, enlarge the address range of this network.", "Shorten the lease time for guests: phones that have left still hold an address.", "Give gadgets (cameras, printers) a network of their own."]),
    Rule::new("dhcp-failure", Connectivity, Medium).about(About::Network).facets(CLIENT).steps(&[(1, Low), (5, Medium)])
        .title("A device could not get a network address", "Devices could not get a network address {times}")
        .because("A device joined the network but got no address, so it has no internet.")
        .advise(&["Restart the device, or forget the WiFi on it and join again.", "If several devices are affected, check whether the address range of the network is full."]),
    Rule::new("ip-conflict", Connectivity, Medium).about(About::Address).facets(&[("client", &["CLIENTS", "CLIENT", "CLIENT_1", "CLIENT_2"])]).steps(&[(1, Low), (5, Medium)])
        .title("Two devices use the same network address {name}", "Two devices used the same network address {name}, {times}")
        .because("Two devices with the same address disturb each other: now one works, now the other. Usually one was given its address by hand.")
        .advise(&["Find the device with an address set by hand, and set it to automatic.", "If it needs a fixed address, reserve one for it in the console."]),
];
