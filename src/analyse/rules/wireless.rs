//! Rules about radio.

use crate::analyse::rules::{About, Kind, Rule};
use crate::model::finding::Category::{Performance, Security, System, Wireless};
use crate::model::finding::Severity::{Info, Low, Medium, Severe};

const CHANNEL: &[(&str, &[&str])] = &[("channel", &["CHANNEL", "RADAR_CHANNEL", "CURRENT_CHANNEL"])];

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule::new("dfs-radar", Wireless, Medium).facets(CHANNEL).steps(&[(1, Low), (3, Medium)])
        .title("{name} heard radar and had to change its channel", "{name} heard radar {times} and had to change its channel")
        .because("Some WiFi channels are shared with weather and air-traffic radar; access points must leave them at once when they hear one. Devices on that access point lose WiFi for a minute or two.")
        .advise(&["If it happens once in a while: nothing to do.", "If it repeats, set this access point to channels 36 to 48, which have no radar."]),
    Rule::new("channel-churn", Wireless, Low).steps(&[(1, Info), (4, Low)]).quiet_below(4).facets(CHANNEL)
        .title("{name} changed its WiFi channel", "{name} changed its WiFi channel {times}")
        .because("Each change interrupts the devices on that access point for a moment. A few a day are normal; many mean that the automatic choice cannot settle.")
        .advise(&["If people notice interruptions, set a fixed channel for this access point.", "Or limit automatic channel changes to the night."]),
    Rule::new("interference", Wireless, Medium).steps(&[(1, Info), (3, Low), (12, Medium)]).quiet_below(3).facets(CHANNEL)
        .title("{name} suffers from radio interference", "{name} suffered from radio interference {times}")
        .because("Something else is using the same radio channel: a neighbour's WiFi, a microwave oven, wireless video.")
        .advise(&["Choose another channel for this access point.", "Use a narrower channel width (20 MHz on 2.4 GHz)."]),
    Rule::new("channel-utilisation", Performance, Medium).steps(&[(1, Info), (3, Low), (12, Medium)])
        .title("The WiFi channel of {name} is crowded", "The WiFi channel of {name} was crowded {times}")
        .because("The air is so busy that devices have to wait for their turn, and WiFi feels slow.")
        .advise(&["Choose another channel, and let devices use 5 or 6 GHz.", "If many people use this access point, add another one nearby."]),
    Rule::new("rogue-ap", Security, Low).about(About::Site).rolled_up().steps(&[(1, Info)])
        .facets(&[("network", &["ESSID", "SSID"]), ("radio", &["BSSID", "MAC"])])
        .title("Other WiFi networks were heard nearby", "Other WiFi networks were heard nearby")
        .because("These are almost always the neighbours. It only matters if one of them uses the name of your WiFi, or stands inside your premises.")
        .advise(&["Look through the names below. If all belong to neighbours: nothing to do.", "If one is yours to explain, find out who set it up."]),
    Rule::new("wifi-impersonation", Security, Severe).about(About::Wifi).facets(&[("radio", &["BSSID", "MAC"]), ("near", &["NEAREST_AP", "AP", "DEVICE"])])
        .title("Somebody else's access point uses your WiFi name {name}", "Somebody else's access point uses your WiFi name {name}")
        .because("The console believes that an access point which is not yours sends your WiFi name. That can be a trap to catch passwords, or your own old router or repeater.")
        .advise(&["Ask whether somebody set up a repeater or an old router with the same WiFi name, and remove it.", "If not: tell people not to enter passwords on pages that appear when they join the WiFi.", "Walk with a phone towards your access point that heard it; the signal is strongest near the foreign device."]),
    Rule::new("radius-problem", Wireless, Severe)
        .title("The sign-in server for the WiFi (RADIUS) is failing or slow", "The sign-in server for the WiFi (RADIUS) failed or was slow {times}")
        .because("Where people join the WiFi with their own user name, this server decides. When it does not answer, nobody new can join.")
        .advise(&["Check that the server is running and can be reached.", "Check whether its certificate has expired."]),
    Rule::new("wifi-auth-failed", Wireless, Medium).about(About::Client).steps(&[(1, Info), (10, Low)]).quiet_below(10)
        .title("{name} cannot sign in to the WiFi", "{name} failed to sign in to the WiFi {times}")
        .because("A device keeps trying with a wrong password, or with settings the access point does not accept.")
        .advise(&["Forget the WiFi on that device and enter the password again."]),
    Rule::new("wifi-score", Wireless, Low).about(About::Site).rolled_up().steps(&[(1, Info), (10, Low)]).quiet_below(5)
        .facets(&[("client", &["CLIENT", "USER"])])
        .title("WiFi was poor for a device", "WiFi was poor for some devices: {count} notices")
        .because("The console rated the connection of these devices as bad for a while. Distance and walls are the usual reason.")
        .advise(&["If it is always the same device, move it or the access point.", "If it is many devices at the same time, look at the internet and channel findings first."]),
    Rule::new("client-anomaly", Wireless, Low).about(About::Client).quiet_below(3)
        .title("{name} had a bad connection", "{name} had a bad connection {times}")
        .because("The console measures each hour how well a device is connected; several bad hours mean that its user has noticed it too.")
        .advise(&["Move the device or the access point nearer to each other, or put it on the 5 GHz band.", "Update its WiFi driver or firmware.", "Nothing to do if it is a gadget that works all the same."]),
    Rule::new("shared-anomaly", Wireless, Medium).about(About::Site).facets(&[("client", &["CLIENT", "USER"])])
        .title("A device had a slow connection", "Many devices had slow connections at the same time")
        .because("When several devices are slow in the same hour, the reason is what they share: the internet line, the name server or a crowded channel.")
        .advise(&["Look at the findings about the internet connection first.", "Check the name server that your network hands out (DHCP), also a filter such as Pi-hole.", "If only WiFi devices are named, look for a free channel."]),
    Rule::new("ap-anomaly", Wireless, Medium).quiet_below(3)
        .title("{name} had bad hours", "{name} had bad hours: {count} notices")
        .because("The console measures each hour how well an access point serves its devices.")
        .advise(&["Give it another channel, or the 5 or 6 GHz band.", "Put up another access point where many people are.", "If joining takes long, check the sign-in server (RADIUS) and fast roaming."]),
    Rule::new("bridge-fallback", Wireless, Medium).steps(&[(1, Low), (2, Medium)])
        .title("The radio bridge {name} fell back to its slower link", "The radio bridge {name} switched its link {times}")
        .because("The fast radio of a building bridge needs a clear view. Rain, leaves or a shifted dish make it fall back to the slower one.")
        .advise(&["If it was not raining hard, check that nothing stands in the way and that both ends still point at each other."]),
    Rule::new("wifi-tuning", Wireless, Info).kind(Kind::Routine)
        .title("Automatic WiFi tuning", "").because("The console tuned radio settings by itself, as usual."),
    Rule::new("client-connectivity", Wireless, Info).kind(Kind::Routine)
        .title("Devices came and went", "").because("Phones and computers join, move and leave all day; this is what a network is for."),
    Rule::new("guest-portal", System, Info).kind(Kind::Routine)
        .title("Guests used the portal", "").because("Guests signed in and out, as usual."),
];
