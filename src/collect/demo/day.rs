//! The rhythm of the office: who comes, walks about and goes, and what never sleeps.

use chrono::{Datelike as _, Duration, NaiveDate};
use serde_json::{Value, json};

use crate::collect::demo::dice::Dice;
use crate::collect::demo::kinds::{
    CHANNEL_AI, FIREWALL, INTRUSION, JOINED, LEFT, PLUGGED, ROAMED, SIGN_IN, UNPLUGGED,
};
use crate::collect::demo::office::{
    ACCESS_POINTS, CAR_PARK, CLIENTS, Client, GATEWAY, Habit, OWNER_MAC, THINGS_WIFI, Unit, WAN_ADDRESS,
};
use crate::collect::demo::parties::{self, Parties};
use crate::collect::demo::people::{self, Link, Stay, serving};
use crate::collect::demo::rows::Hour;
use crate::collect::demo::story;
use crate::collect::demo::world;

/// Strangers who knock at every address of the internet, this one too.
const KNOCKERS: [&str; 6] = [
    "203.0.113.7",
    "203.0.113.66",
    "198.51.100.23",
    "198.51.100.140",
    "203.0.113.201",
    "198.51.100.9",
];

/// Tells the hour's ordinary rows.
pub fn tell(hour: &mut Hour<'_>) {
    let world = *hour.world;
    let (first, last) = (world::date(hour.from), world::date(hour.until));
    for date in [Some(first), (last != first).then_some(last)]
        .into_iter()
        .flatten()
    {
        for stay in people::stays(&world, date) {
            tell_stay(hour, &stay);
        }
        let quarter_past_eight = world::local(date, 8 * 60 + 11) + Duration::seconds(34);
        hour.row(&SIGN_IN, quarter_past_eight, |_| admin(OWNER_MAC.ip));
        tell_night(hour, date);
    }
    let mut dice = world.dice("hum", hour.number);
    for _ in 0..dice.between(2, 4) {
        let moment = hour.from + Duration::seconds(dice.between(0, 3_599));
        hour.row(&FIREWALL, moment, |_| {
            vec![
                ("SRC_CLIENT", parties::client(&CAR_PARK)),
                ("DST_IP", parties::address("203.0.113.200")),
                (
                    "TRIGGER",
                    json!({ "id": "66a1b2c3d4e5f60718293a4b", "name": "Cameras stay inside" }),
                ),
                ("CONSOLE_NAME", parties::word(GATEWAY.name)),
            ]
        });
    }
    for _ in 0..dice.between(1, 2) {
        let moment = hour.from + Duration::seconds(dice.between(0, 3_599));
        hour.row(&INTRUSION, moment, |dice| {
            let knocker = dice.pick(&KNOCKERS).copied().unwrap_or(WAN_ADDRESS);
            parties::threat([
                ("SRC_IP", parties::address(knocker)),
                ("DST_IP", parties::address(WAN_ADDRESS)),
            ])
        });
    }
    rejoin(hour, &mut dice);
}

/// The admin of the practice, at `ip`.
pub fn admin(ip: &str) -> Parties {
    vec![
        (
            "ADMIN",
            json!({ "id": "65f0c0ffee0000000000a001", "name": "Priya Nair" }),
        ),
        ("IP", parties::address(ip)),
    ]
}

fn tell_stay(hour: &mut Hour<'_>, stay: &Stay) {
    let world = *hour.world;
    match &stay.link {
        Link::Cable(unit, port) => {
            let place = || json!({ "id": unit.mac, "name": format!("{} Port {port}", unit.name) });
            hour.row(&PLUGGED, stay.from, |_| {
                vec![
                    ("CLIENT", stay.who.clone()),
                    ("NETWORK", parties::word("Staff")),
                    ("DEVICE_WITH_PORT", place()),
                ]
            });
            hour.row(&UNPLUGGED, stay.until, |_| {
                let lasted = parties::duration(stay.until - stay.from);
                vec![
                    ("CLIENT", stay.who.clone()),
                    ("DEVICE_WITH_PORT", place()),
                    ("DURATION", lasted),
                ]
            });
        }
        Link::Radio(network, hops) => {
            let mut at: Option<&'static Unit> = None;
            for (moment, wanted) in hops {
                let unit = serving(&world, wanted, *moment);
                match at.map(|before| serving(&world, before, *moment)) {
                    None => hour.row(&JOINED, *moment, |dice| joined(&stay.who, network, unit, dice)),
                    Some(before) if before.mac != unit.mac => {
                        hour.row(&ROAMED, *moment, |dice| roamed(&stay.who, before, unit, dice));
                    }
                    Some(_) => {}
                }
                at = Some(wanted);
            }
            if let Some(unit) = stay.access_point(&world, stay.until - Duration::seconds(1)) {
                hour.row(&LEFT, stay.until, |dice| {
                    let mut parties = joined(&stay.who, network, unit, dice);
                    parties.push(("DURATION", parties::duration(stay.until - stay.from)));
                    parties
                });
            }
        }
    }
}

pub fn roamed(who: &Value, before: &Unit, after: &Unit, dice: &mut Dice) -> Parties {
    vec![
        ("CLIENT", who.clone()),
        ("DEVICE_FROM", parties::unit(before)),
        ("DEVICE_TO", parties::unit(after)),
        ("RADIO_BAND", parties::word("na")),
        ("SIGNAL_STRENGTH", parties::measure(-dice.between(48, 66))),
        (
            "PREVIOUS_SIGNAL_STRENGTH",
            parties::measure(-dice.between(67, 79)),
        ),
    ]
}

fn joined(who: &Value, network: &str, unit: &Unit, dice: &mut Dice) -> Parties {
    vec![
        ("CLIENT", who.clone()),
        ("WLAN", parties::word(network)),
        ("DEVICE", parties::unit(unit)),
        (
            "CHANNEL",
            parties::measure(dice.pick(&[36, 44, 100, 149]).copied().unwrap_or(36)),
        ),
        ("RADIO_BAND", parties::word("na")),
        ("SIGNAL_STRENGTH", parties::measure(-dice.between(45, 74))),
    ]
}

/// Small things on the radio which drop off and come back within minutes, at any time of day.
fn rejoin(hour: &mut Hour<'_>, dice: &mut Dice) {
    let world = *hour.world;
    let things: Vec<&'static Client> = CLIENTS
        .iter()
        .filter(|one| one.habit == Habit::Always && one.port == 0)
        .copied()
        .collect();
    let Some(thing) = dice.pick(&things).copied() else {
        return;
    };
    let gone = hour.from + Duration::seconds(dice.between(0, 3_000));
    let back = gone + Duration::seconds(dice.between(20, 400));
    let unit = serving(&world, thing.unit, gone);
    let up_for = parties::duration(Duration::minutes(dice.between(70, 900)));
    hour.row(&LEFT, gone, |dice| {
        let mut parties = joined(&parties::client(thing), THINGS_WIFI, unit, dice);
        parties.push(("DURATION", up_for));
        parties
    });
    let unit = serving(&world, thing.unit, back);
    hour.row(&JOINED, back, |dice| {
        joined(&parties::client(thing), THINGS_WIFI, unit, dice)
    });
}

/// The radio plan is tidied at night.
fn tell_night(hour: &mut Hour<'_>, date: NaiveDate) {
    let world = *hour.world;
    let mut dice = world.dice("night", i64::from(date.num_days_from_ce()));
    for unit in ACCESS_POINTS {
        let moment = world::local(date, 4 * 60 + dice.between(2, 9)) + Duration::seconds(dice.between(0, 59));
        let (from, to) = (
            dice.pick(&[36, 40, 44]).copied(),
            dice.pick(&[149, 153, 157]).copied(),
        );
        if dice.percent(60) && story::down(&world, unit, moment).is_none() {
            hour.row(&CHANNEL_AI, moment, |_| {
                channels(unit, from.unwrap_or(36), to.unwrap_or(149))
            });
        }
    }
}

pub fn channels(unit: &Unit, from: u16, to: u16) -> Parties {
    vec![
        ("DEVICE", parties::unit(unit)),
        ("PREVIOUS_CHANNEL", parties::measure(from)),
        ("CHANNEL", parties::measure(to)),
    ]
}
