//! Rules about people: administrators, VPN users, blocked devices, guests.

use crate::analyse::rules::{About, Kind, Rule};
use crate::model::finding::Category::{Security, System};
use crate::model::finding::Severity::{Info, Low, Medium, Severe};

const ADMIN: &[(&str, &[&str])] = &[
    ("admin", &["ADMIN", "ADMIN_NAME", "USER"]),
    ("address", &["IP", "SRC_IP", "ADMIN_IP"]),
];

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule::new("admin-access", Security, Low).about(About::Admin).facets(ADMIN).steps(&[(1, Info)])
        .title("{name} signed in to the console", "{name} signed in to the console {times}")
        .because("An administrator opened the console. If that is you, your technician or this scanner, it is as it should be.")
        .advise(&["If you do not know this sign-in: change the password of this administrator, switch on two-factor sign-in, and remove administrators nobody needs."]),
    Rule::new("admin-access-internet", Security, Medium).kind(Kind::Derived).about(About::Admin).facets(ADMIN).steps(&[(1, Medium)])
        .title("{name} signed in to the console from the internet ({top:address})", "{name} signed in to the console from the internet ({top:address}), {times}")
        .because("An administrator opened the console from outside your network. If you or your technician work from elsewhere, it is as it should be.")
        .advise(&["If you do not know this address: change the password of this administrator at once, and switch on two-factor sign-in.", "If nobody needs to sign in from outside, switch off remote access to the console."]),
    Rule::new("admin-login-failed", Security, Severe).about(About::Address).facets(ADMIN).steps(&[(1, Info), (3, Low), (5, Medium), (20, Severe)])
        .title("A sign-in to the console was refused, from {name}", "{count} sign-ins to the console were refused, from {name}")
        .because("A mistyped password now and then is normal. Many refusals in a row mean that somebody, or a program with an old password, is trying to get in.")
        .advise(&["If it was you or a program of yours (an app, a monitoring tool): correct the password there.", "If you do not know the address: block it, and switch off remote access to the console if you do not need it.", "Switch on two-factor sign-in for all administrators."]),
    Rule::new("admin-key", Security, Medium).about(About::Admin)
        .title("A key for programs (API key) was created", "{count} keys for programs (API keys) were created")
        .because("Such a key lets a program into the console without a password, until it is removed.")
        .advise(&["If you know what it is for: nothing to do.", "If not, remove it in the console and change the administrators' passwords."]),
    Rule::new("config-change", Security, Low).about(About::Admin).steps(&[(1, Info)])
        .facets(&[("section", &["SETTINGS_SECTION", "SECTION", "SETTING", "CONFIG"])])
        .title("{name} changed a setting", "{name} changed settings {times}")
        .because("Somebody changed how the network works. Most trouble begins after a change, so it is good to know of it.")
        .advise(&["If you know of these changes: nothing to do.", "If not, ask who made them; a change nobody made means that somebody else has the password."]),
    Rule::new("protection-paused", Security, Medium).kind(Kind::Derived).about(About::Admin)
        .facets(&[("section", &["SETTINGS_SECTION", "SECTION", "SETTING", "CONFIG"])])
        .title("{name} paused or removed a rule", "{name} paused or removed rules {times}")
        .because("A rule or setting was switched off or deleted. If it was a firewall or protection rule, its protection is gone until it is switched on again.")
        .advise(&["If it was meant to be for a short time, switch it on again.", "If nobody knows of it, ask who did it, and change the administrators' passwords."]),
    Rule::new("vpn-access", Security, Low).about(About::Client).steps(&[(1, Info)]).rolled_up()
        .facets(&[("user", &["CLIENT", "USER", "VPN_USER"]), ("address", &["SRC_IP", "IP"])])
        .title("Somebody connected from outside through the VPN", "People connected from outside through the VPN")
        .because("The VPN is the door for staff working elsewhere. It is good to know who uses it.")
        .advise(&["Look through the names. If somebody is there who should not be, remove that user in the console."]),
    Rule::new("client-blocked", Security, Info).about(About::Client).steps(&[(1, Info)]).rolled_up()
        .title("A device was blocked or let in again", "Devices were blocked or let in again {times}")
        .because("An administrator locked a device out of the network, or let it in again.")
        .advise(&["Nothing to do, if you or your technician did this."]),
    Rule::new("blocked-client-retry", Security, Low).about(About::Client).steps(&[(1, Info), (10, Low)])
        .title("The blocked device {name} tried to connect", "The blocked device {name} tried to connect {times}")
        .because("A device you have locked out still knows the WiFi password and keeps trying. It was kept out.")
        .advise(&["If it bothers you, change the WiFi password. Phones can change their hardware address, so a block alone is no guarantee."]),
    Rule::new("guest-portal-odd", System, Low).about(About::Site).rolled_up().steps(&[(1, Info), (10, Low)])
        .title("Something unusual happened in the guest portal", "Unusual things happened in the guest portal {times}")
        .because("Vouchers were deleted, a payment was refunded or a guest could not be let in.")
        .advise(&["Check with the people who run the guest WiFi whether this was intended."]),
];
