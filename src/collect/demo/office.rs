//! The demo's office, Alder Lane Vets: its equipment and its people. Everything is made up.
//!
//! Public hosts wear documentation addresses and hardware locally administered MACs.

pub const WAN_ADDRESS: &str = "192.0.2.18";
pub const STAFF_WIFI: &str = "AlderLane Staff";
pub const GUEST_WIFI: &str = "AlderLane Guests";
pub const THINGS_WIFI: &str = "AlderLane Things";

/// A piece of `UniFi` equipment.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    pub name: &'static str,
    pub mac: &'static str,
    pub ip: &'static str,
    pub kind: &'static str,
    pub model: &'static str,
    pub model_name: &'static str,
    pub version: &'static str,
    /// Newer firmware on offer; empty: none.
    pub upgrade: &'static str,
    /// Where its cable ends: the port of the switch it hangs on.
    pub uplink_port: u8,
}

/// A known client. `switch` names what its cable ends in; without one it is on the radio.
#[derive(Debug)]
pub struct Client {
    pub name: &'static str,
    pub host: &'static str,
    pub mac: &'static str,
    pub ip: &'static str,
    pub habit: Habit,
    pub unit: &'static Unit,
    pub port: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Comes at about this minute of the day, goes at about that one, carried about all day.
    Carried(i64, i64),
    /// Switched on and off with the shop, stays where it is.
    Desk,
    /// Never off; on the radio it now and then has to join again.
    Always,
}

pub static GATEWAY: Unit = Unit {
    name: "Alder Lane Gateway",
    mac: "02:a1:de:00:00:01",
    ip: "192.168.1.1",
    kind: "udm",
    model: "UDMPRO",
    model_name: "UDM-Pro",
    version: "5.0.16.30692",
    upgrade: "",
    uplink_port: 0,
};
pub static SWITCH: Unit = Unit {
    name: "Comms Cupboard Switch",
    mac: "02:a1:de:00:00:02",
    ip: "192.168.1.2",
    kind: "usw",
    model: "USL24P",
    model_name: "USW-24-PoE",
    version: "7.2.123.16565",
    upgrade: "",
    uplink_port: 9,
};
pub static SURGERY_SWITCH: Unit = Unit {
    name: "Surgery Switch",
    mac: "02:a1:de:00:00:03",
    ip: "192.168.1.3",
    kind: "usw",
    model: "USL8LP",
    model_name: "USW-Lite-8-PoE",
    version: "7.2.123.16565",
    upgrade: "",
    uplink_port: 16,
};
pub static RECEPTION_AP: Unit = Unit {
    name: "Reception AP",
    mac: "02:a1:de:00:00:11",
    ip: "192.168.1.11",
    kind: "uap",
    model: "U7PRO",
    model_name: "U7-Pro",
    version: "8.2.17.18064",
    upgrade: "",
    uplink_port: 1,
};
pub static WAITING_AP: Unit = Unit {
    name: "Waiting Room AP",
    mac: "02:a1:de:00:00:12",
    ip: "192.168.1.12",
    kind: "uap",
    model: "UAP6MP",
    model_name: "U6-Pro",
    version: "6.8.2.15592",
    upgrade: "",
    uplink_port: 2,
};
pub static SURGERY_AP: Unit = Unit {
    name: "Surgery AP",
    mac: "02:a1:de:00:00:13",
    ip: "192.168.1.13",
    kind: "uap",
    model: "UAP6MP",
    model_name: "U6-Pro",
    version: "6.8.2.15592",
    upgrade: "",
    uplink_port: 3,
};
/// The old one: two generations of firmware behind.
pub static KENNELS_AP: Unit = Unit {
    name: "Kennels AP",
    mac: "02:a1:de:00:00:14",
    ip: "192.168.1.14",
    kind: "uap",
    model: "U7PG2",
    model_name: "UAP-AC-Pro",
    version: "6.5.28.14491",
    upgrade: "6.8.2.15592",
    uplink_port: 4,
};
pub static UPS: Unit = Unit {
    name: "Comms Cupboard UPS",
    mac: "02:a1:de:00:00:21",
    ip: "192.168.1.21",
    kind: "usw",
    model: "UPSTOWER",
    model_name: "UPS-Tower",
    version: "1.4.9.402",
    upgrade: "",
    uplink_port: 23,
};
pub static UNITS: [&Unit; 8] = [
    &GATEWAY,
    &SWITCH,
    &SURGERY_SWITCH,
    &RECEPTION_AP,
    &WAITING_AP,
    &SURGERY_AP,
    &KENNELS_AP,
    &UPS,
];
pub static ACCESS_POINTS: [&Unit; 4] = [&RECEPTION_AP, &WAITING_AP, &SURGERY_AP, &KENNELS_AP];

const fn carried(
    name: &'static str,
    host: &'static str,
    mac: &'static str,
    ip: &'static str,
    hours: (i64, i64),
    unit: &'static Unit,
) -> Client {
    Client {
        name,
        host,
        mac,
        ip,
        habit: Habit::Carried(hours.0 * 60, hours.1 * 60),
        unit,
        port: 0,
    }
}

const fn fixed(
    (name, host): (&'static str, &'static str),
    mac: &'static str,
    ip: &'static str,
    habit: Habit,
    unit: &'static Unit,
    port: u8,
) -> Client {
    Client {
        name,
        host,
        mac,
        ip,
        habit,
        unit,
        port,
    }
}

/// The one with the old operating system, which keeps knocking at somebody's door.
pub static XRAY: Client = fixed(
    ("X-ray Workstation", "XRAY-PC"),
    "02:c1:1e:00:01:04",
    "192.168.10.104",
    Habit::Always,
    &SURGERY_SWITCH,
    4,
);
pub static CAR_PARK: Client = fixed(
    ("Car Park Camera", "cam-carpark"),
    "02:c1:1e:00:02:03",
    "192.168.40.13",
    Habit::Always,
    &SWITCH,
    8,
);
pub static PRINTER: Client = fixed(
    ("Reception Printer", "BRN-RECEPTION"),
    "02:c1:1e:00:03:01",
    "192.168.10.60",
    Habit::Always,
    &SWITCH,
    12,
);
pub static LABELS: Client = fixed(
    ("Dispensary Label Printer", "LABEL-1"),
    "02:c1:1e:00:03:02",
    "192.168.30.61",
    Habit::Always,
    &SURGERY_AP,
    0,
);
pub static OWNER_MAC: Client = carried(
    "Priya's MacBook",
    "priyas-macbook",
    "02:c1:1e:00:04:09",
    "192.168.10.49",
    (8, 19),
    &SURGERY_AP,
);

/// Everybody the console knows by name.
pub static CLIENTS: &[&Client] = &[
    &OWNER_MAC,
    &carried(
        "Priya's iPhone",
        "Priyas-iPhone",
        "02:c1:1e:00:04:01",
        "192.168.10.41",
        (8, 19),
        &SURGERY_AP,
    ),
    &carried(
        "Tom's Pixel",
        "Pixel-8-Tom",
        "02:c1:1e:00:04:02",
        "192.168.10.42",
        (7, 16),
        &KENNELS_AP,
    ),
    &carried(
        "Megan's iPhone",
        "iPhone-Megan",
        "02:c1:1e:00:04:03",
        "192.168.10.43",
        (8, 17),
        &RECEPTION_AP,
    ),
    &carried(
        "Dr Okafor's iPhone",
        "Okafor-iPhone",
        "02:c1:1e:00:04:04",
        "192.168.10.44",
        (9, 18),
        &SURGERY_AP,
    ),
    &carried(
        "Hannah's Galaxy",
        "Galaxy-S23",
        "02:c1:1e:00:04:05",
        "192.168.10.45",
        (9, 19),
        &WAITING_AP,
    ),
    &carried(
        "Luca's iPhone",
        "Lucas-iPhone",
        "02:c1:1e:00:04:06",
        "192.168.10.46",
        (10, 20),
        &RECEPTION_AP,
    ),
    &carried(
        "Beth's Pixel",
        "Pixel-7a",
        "02:c1:1e:00:04:07",
        "192.168.10.47",
        (7, 15),
        &KENNELS_AP,
    ),
    &carried(
        "Sam's Galaxy",
        "Galaxy-A54-Sam",
        "02:c1:1e:00:04:08",
        "192.168.10.48",
        (12, 20),
        &SURGERY_AP,
    ),
    &carried(
        "Front Desk iPad",
        "FrontDesk-iPad",
        "02:c1:1e:00:05:01",
        "192.168.10.51",
        (8, 19),
        &RECEPTION_AP,
    ),
    &carried(
        "Consulting Room 1 iPad",
        "Consult1-iPad",
        "02:c1:1e:00:05:02",
        "192.168.10.52",
        (8, 19),
        &SURGERY_AP,
    ),
    &carried(
        "Consulting Room 2 iPad",
        "Consult2-iPad",
        "02:c1:1e:00:05:03",
        "192.168.10.53",
        (9, 18),
        &WAITING_AP,
    ),
    &fixed(
        ("Reception PC 1", "RECEPTION-1"),
        "02:c1:1e:00:01:01",
        "192.168.10.101",
        Habit::Desk,
        &SWITCH,
        10,
    ),
    &fixed(
        ("Reception PC 2", "RECEPTION-2"),
        "02:c1:1e:00:01:02",
        "192.168.10.102",
        Habit::Desk,
        &SWITCH,
        11,
    ),
    &fixed(
        ("Office PC", "OFFICE-1"),
        "02:c1:1e:00:01:03",
        "192.168.10.103",
        Habit::Desk,
        &SURGERY_SWITCH,
        3,
    ),
    &XRAY,
    &fixed(
        ("Practice Server", "ALDERSRV"),
        "02:c1:1e:00:01:05",
        "192.168.10.5",
        Habit::Always,
        &SWITCH,
        20,
    ),
    &PRINTER,
    &LABELS,
    &fixed(
        ("Card Terminal", "pos-terminal"),
        "02:c1:1e:00:03:03",
        "192.168.30.62",
        Habit::Always,
        &RECEPTION_AP,
        0,
    ),
    &fixed(
        ("Front Door Camera", "cam-frontdoor"),
        "02:c1:1e:00:02:01",
        "192.168.40.11",
        Habit::Always,
        &SWITCH,
        6,
    ),
    &fixed(
        ("Kennels Camera", "cam-kennels"),
        "02:c1:1e:00:02:02",
        "192.168.40.12",
        Habit::Always,
        &SWITCH,
        7,
    ),
    &CAR_PARK,
    &fixed(
        ("Vaccine Fridge Sensor", "fridge-sensor"),
        "02:c1:1e:00:06:01",
        "192.168.30.71",
        Habit::Always,
        &SURGERY_AP,
        0,
    ),
    &fixed(
        ("Waiting Room TV", "LGwebOSTV"),
        "02:c1:1e:00:06:02",
        "192.168.30.72",
        Habit::Always,
        &WAITING_AP,
        0,
    ),
    &fixed(
        ("Kennels Thermostat", "thermostat"),
        "02:c1:1e:00:06:03",
        "192.168.30.73",
        Habit::Always,
        &RECEPTION_AP,
        0,
    ),
];
