//! What goes wrong at the demo: one eventful first day, and quieter ones after it.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use crate::collect::demo::day;
use crate::collect::demo::kinds::{
    BLOCKED_CLIENT, CHANGED, CHANNEL, FAILED_OVER, FIRMWARE, FUTURE, IP_CONFLICT, LATENCY, OWN_CLIENT_THREAT,
    POE_PORT, RADAR, RECONNECTED, RETURNED, ROAMED, SIGN_IN, UNREACHABLE, VPN_IN, VPN_OUT, WAN_FAILED,
    WAN_RESTORED,
};
use crate::collect::demo::office::{
    ACCESS_POINTS, GATEWAY, KENNELS_AP, LABELS, OWNER_MAC, PRINTER, SURGERY_AP, SWITCH, Unit, WAITING_AP,
    XRAY,
};
use crate::collect::demo::parties::{self, Parties};
use crate::collect::demo::people;
use crate::collect::demo::rows::Hour;
use crate::collect::demo::world::{self, World};

/// The address the X-ray workstation wants and the console does not let it reach.
const WANTED: &str = "198.51.100.77";

/// A time during which a device could not be reached, or the main line was dead.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    pub unit: &'static Unit,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// Tells what of the story falls into the hour.
pub fn tell(hour: &mut Hour<'_>) {
    let world = *hour.world;
    let day = hour.number.div_euclid(24);
    // An outage that begins on the day before is told in its own hours, so its day is looked at too.
    for outage in (day - 1..=day).flat_map(|day| outages(&world, day)) {
        tell_outage(hour, &outage);
    }
    if day == 0 {
        tell_first_day(hour);
    }
    tell_workstation(hour, day);
    tell_evening(hour, day);
    if day % 2 == 1 {
        let moment = world.during(day, 11 * 60 + 20, 0);
        hour.row(&RADAR, moment, |_| {
            vec![
                ("DEVICE", parties::unit(&SURGERY_AP)),
                ("CHANNEL", parties::measure(100)),
            ]
        });
        let moved = moment + Duration::seconds(2);
        hour.row(&CHANNEL, moved, |_| day::channels(&SURGERY_AP, 100, 44));
    }
}

/// The outage `unit` is in at `moment`.
pub fn down(world: &World, unit: &Unit, moment: DateTime<Utc>) -> Option<Outage> {
    let day = day_of(world, moment);
    (day - 1..=day)
        .flat_map(|day| outages(world, day))
        .find(|outage| outage.unit.mac == unit.mac && (outage.from..outage.until).contains(&moment))
}

/// The end of the last outage of `unit` that was over at `moment`.
pub fn last_outage(world: &World, unit: &Unit, moment: DateTime<Utc>) -> Option<Outage> {
    let day = day_of(world, moment);
    (0..=day)
        .rev()
        .take(8)
        .flat_map(|day| outages(world, day))
        .filter(|outage| outage.unit.mac == unit.mac && outage.until <= moment)
        .max_by_key(|outage| outage.until)
}

/// The main line's one outage, on the first afternoon.
pub fn line_outage(world: &World) -> Outage {
    let from = world.during(0, 14 * 60 + 12, 20) + Duration::seconds(9);
    Outage {
        unit: &GATEWAY,
        from,
        until: from + Duration::seconds(372),
    }
}

/// The old access point's: it begins on the first evening and ends on the second day.
fn kennels_outage(world: &World) -> Outage {
    let from = world.start + Duration::seconds(20 * 3_600 + 41 * 60 + 17);
    Outage {
        unit: &KENNELS_AP,
        from,
        until: from + Duration::seconds(6 * 3_600 + 47 * 60),
    }
}

fn day_of(world: &World, moment: DateTime<Utc>) -> i64 {
    (moment - world.start).num_hours().div_euclid(24)
}

fn outages(world: &World, day: i64) -> Vec<Outage> {
    match day {
        ..0 => Vec::new(),
        0 => {
            let breakfast = world.during(0, 10 * 60 + 31, 20) + Duration::seconds(12);
            vec![
                Outage {
                    unit: &WAITING_AP,
                    from: breakfast,
                    until: breakfast + Duration::seconds(461),
                },
                kennels_outage(world),
            ]
        }
        _ if day % 3 == 0 => {
            let mut dice = world.dice("outage", day);
            let unit = dice.pick(&ACCESS_POINTS).copied().unwrap_or(&WAITING_AP);
            let from = world.during(day, dice.between(9 * 60, 17 * 60), 30);
            vec![Outage {
                unit,
                from,
                until: from + Duration::seconds(dice.between(150, 900)),
            }]
        }
        _ => Vec::new(),
    }
}

fn tell_outage(hour: &mut Hour<'_>, outage: &Outage) {
    let world = *hour.world;
    hour.row(&UNREACHABLE, outage.from, |_| {
        vec![("DEVICE", parties::unit(outage.unit))]
    });
    // Its clients are noticed on the next access point all in the same instant.
    let noticed = outage.from + Duration::milliseconds(2_140);
    if (hour.from..hour.until).contains(&noticed) {
        let before = outage.from - Duration::seconds(1);
        for stay in people::stays(&world, world::date(before)) {
            if stay
                .access_point(&world, before)
                .is_some_and(|unit| unit.mac == outage.unit.mac)
                && stay.until > noticed
            {
                let after = people::serving(&world, outage.unit, noticed);
                hour.row_at(&ROAMED, noticed, None, |dice| {
                    day::roamed(&stay.who, outage.unit, after, dice)
                });
            }
        }
    }
    hour.row(&RECONNECTED, outage.until, |_| {
        vec![
            ("DEVICE", parties::unit(outage.unit)),
            ("DURATION", parties::duration(outage.until - outage.from)),
        ]
    });
}

fn tell_first_day(hour: &mut Hour<'_>) {
    let world = *hour.world;
    tell_line(hour, &line_outage(&world));

    let change = world.during(0, 9 * 60 + 26, 10);
    hour.row(&SIGN_IN, change - Duration::minutes(3), |_| {
        day::admin(OWNER_MAC.ip)
    });
    hour.row(&CHANGED, change, |_| {
        let mut parties = day::admin(OWNER_MAC.ip);
        parties.push(("SECTION", parties::word("WiFi")));
        parties.push(("SETTING", parties::word("Guest password")));
        parties
    });
    let abroad = world.during(0, 21 * 60 + 48, 20);
    hour.row(&SIGN_IN, abroad, |_| day::admin("203.0.113.45"));

    let who = || json!({ "id": "vpn:priya", "name": "Priya Nair", "ip": "192.168.90.2" });
    let tunnel = || ("VPN", parties::word("Practice VPN"));
    let dialled = abroad - Duration::minutes(2);
    hour.row(&VPN_IN, dialled, |_| {
        vec![
            ("CLIENT", who()),
            tunnel(),
            ("IP", parties::address("203.0.113.45")),
        ]
    });
    hour.row(&VPN_OUT, dialled + Duration::seconds(1_104), |_| {
        vec![
            ("CLIENT", who()),
            tunnel(),
            ("DURATION", parties::duration(Duration::seconds(1_104))),
        ]
    });

    let noon = world.during(0, 12 * 60 + 5, 60);
    hour.row(&RADAR, noon, |_| {
        vec![
            ("DEVICE", parties::unit(&SURGERY_AP)),
            ("CHANNEL", parties::measure(100)),
        ]
    });
    hour.row(&CHANNEL, noon + Duration::seconds(1), |_| {
        day::channels(&SURGERY_AP, 100, 36)
    });
    hour.row(&CHANNEL, noon + Duration::minutes(31), |_| {
        day::channels(&SURGERY_AP, 36, 100)
    });

    let conflict = world.during(0, 13 * 60 + 40, 40);
    for minutes in [0, 27] {
        hour.row(&IP_CONFLICT, conflict + Duration::minutes(minutes), |_| {
            let both = [parties::client(&PRINTER), parties::client(&LABELS)];
            vec![
                ("IP", parties::address(PRINTER.ip)),
                ("CLIENTS", json!({ "clients": both })),
                ("NETWORK", parties::word("Staff")),
            ]
        });
    }
    // The console offers nothing to a device it cannot reach.
    let update = world
        .during(0, 3 * 60 + 30, 10)
        .min(kennels_outage(&world).from - Duration::minutes(38));
    hour.row(&FIRMWARE, update, |_| {
        vec![
            ("DEVICE", parties::unit(&KENNELS_AP)),
            ("VERSION", parties::word(KENNELS_AP.upgrade)),
        ]
    });
    let dusk = world.during(0, 17 * 60 + 2, 10);
    hour.row(&POE_PORT, dusk, |_| {
        vec![("DEVICE", parties::unit(&SWITCH)), ("PORT", parties::measure(8))]
    });
    let school = world.during(0, 15 * 60 + 44, 40);
    for minutes in [0, 4, 5] {
        hour.row(&BLOCKED_CLIENT, school + Duration::minutes(minutes), |_| {
            let who =
                json!({ "id": "02:9e:57:b1:0c:4d", "name": "Redmi-Note-12", "hostname": "Redmi-Note-12" });
            vec![("CLIENT", who), ("NETWORK", parties::word("Guests"))]
        });
    }
    let posture = world.during(0, 16 * 60 + 20, 10);
    for (minutes, score) in [(0, 62), (6, 91)] {
        hour.row(&FUTURE, posture + Duration::minutes(minutes), |_| {
            vec![
                ("CLIENT", parties::client(&OWNER_MAC)),
                ("SCORE", parties::measure(score)),
            ]
        });
    }
}

/// The line goes and comes back. The rows about the time between are written when it is over, and stand
/// at its beginning.
fn tell_line(hour: &mut Hour<'_>, outage: &Outage) {
    let lasted = outage.until - outage.from;
    let line = |with: &[(&'static str, serde_json::Value)]| -> Parties {
        let mut parties = vec![
            ("WAN_ID", json!({ "id": "WAN" })),
            ("WAN_NAME", json!({ "name": "Fibre" })),
            ("ISP_NAME", parties::measure("Tamar Broadband")),
            ("ISP_ASN", parties::measure(64_500)),
            ("PORT", parties::measure(9)),
            ("DEVICE", parties::unit(&GATEWAY)),
        ];
        parties.extend_from_slice(with);
        parties
    };
    let told = outage.until + Duration::seconds(6);
    hour.row_at(
        &WAN_FAILED,
        outage.from + Duration::milliseconds(417),
        Some(told),
        |_| line(&[("DURATION", parties::duration(lasted))]),
    );
    let switched = outage.from + Duration::milliseconds(11_263);
    let away = outage.until + Duration::seconds(28) - switched;
    hour.row_at(&FAILED_OVER, switched, Some(told + Duration::seconds(30)), |_| {
        vec![
            ("WAN_ID", json!({ "id": "WAN2" })),
            ("WAN_NAME", json!({ "name": "Mobile backup" })),
            ("ISP_NAME", parties::measure("Lundy Mobile")),
            ("DURATION", parties::duration(away)),
        ]
    });
    hour.row(&WAN_RESTORED, outage.until, |_| {
        line(&[("DURATION", parties::duration(lasted))])
    });
    hour.row(&RETURNED, outage.until + Duration::seconds(28), |_| {
        line(&[("DURATION", parties::duration(away))])
    });
}

/// The X-ray workstation: two bursts on the first day, fewer on the second, then somebody cleaned it.
fn tell_workstation(hour: &mut Hour<'_>, day: i64) {
    let bursts: &[(i64, i64)] = match day {
        0 => &[(10 * 60 + 2, 9), (15 * 60 + 8, 8), (22 * 60 + 30, 6)],
        1 => &[(9 * 60 + 40, 4)],
        _ => &[],
    };
    let world = *hour.world;
    let mut dice = world.dice("workstation", day);
    for (minute, tries) in bursts {
        let mut moment = world.during(day, *minute, 50);
        for _ in 0..*tries {
            hour.row(&OWN_CLIENT_THREAT, moment, |_| {
                parties::threat([
                    ("SRC_CLIENT", parties::client(&XRAY)),
                    ("DST_IP", parties::address(WANTED)),
                ])
            });
            moment += Duration::seconds(dice.between(40, 320));
        }
    }
}

/// In the evening the whole street watches television.
fn tell_evening(hour: &mut Hour<'_>, day: i64) {
    let world = *hour.world;
    let mut dice = world.dice("evening", day);
    let mut moment = world.during(day, 19 * 60 + dice.between(20, 50), 150);
    for _ in 0..if day == 0 { 5 } else { 2 } {
        hour.row(&LATENCY, moment, |dice| {
            vec![
                ("WAN_ID", json!({ "id": "WAN" })),
                ("WAN_NAME", json!({ "name": "Fibre" })),
                ("ISP_NAME", parties::measure("Tamar Broadband")),
                ("LATENCY", parties::measure(dice.between(120, 340))),
                ("DEVICE", parties::unit(&GATEWAY)),
            ]
        });
        moment += Duration::seconds(dice.between(900, 1_700));
    }
}
