//! Who is at the office when: staff with their habits, guests by chance, all of them by date.

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, Utc};
use serde_json::{Value, json};

use crate::collect::demo::dice::Dice;
use crate::collect::demo::office::{
    ACCESS_POINTS, CLIENTS, Client, GUEST_WIFI, Habit, RECEPTION_AP, STAFF_WIFI, SURGERY_AP, Unit, WAITING_AP,
};
use crate::collect::demo::parties;
use crate::collect::demo::story;
use crate::collect::demo::world::{self, World};

const GUEST_PHONES: [&str; 7] = [
    "iPhone",
    "Galaxy-A54",
    "Pixel-8",
    "iPad",
    "moto-g84",
    "Galaxy-S24",
    "OnePlus-Nord",
];

/// One client's presence from joining to leaving.
#[derive(Clone, Debug)]
pub struct Stay {
    /// As the console's rows name it.
    pub who: Value,
    pub mac: String,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub link: Link,
}

#[derive(Clone, Debug)]
pub enum Link {
    /// The network's name, and the access points in turn, each from its moment on.
    Radio(&'static str, Vec<(DateTime<Utc>, &'static Unit)>),
    Cable(&'static Unit, u8),
}

/// Everybody who comes on `date`, each for as long as they stay.
pub fn stays(world: &World, date: NaiveDate) -> Vec<Stay> {
    let day = i64::from(date.num_days_from_ce());
    let mut stays = Vec::new();
    for (index, client) in (0..).zip(CLIENTS) {
        let mut dice = world.dice("staff", day * 100 + index);
        match client.habit {
            Habit::Carried(comes, goes) => {
                let comes = comes + dice.between(-14, 25);
                let goes = goes + dice.between(-20, 35);
                let lunch = comes.midpoint(goes) + dice.between(-30, 30);
                if dice.percent(40) {
                    stays.push(carried(date, client, (comes, lunch), &mut dice));
                    let back = lunch + dice.between(25, 55);
                    stays.push(carried(date, client, (back, goes), &mut dice));
                } else {
                    stays.push(carried(date, client, (comes, goes), &mut dice));
                }
            }
            Habit::Desk => stays.push(Stay {
                who: parties::client(client),
                mac: client.mac.to_owned(),
                from: world::local(date, 8 * 60) + Duration::seconds(dice.between(-1_200, 1_500)),
                until: world::local(date, 18 * 60) + Duration::seconds(dice.between(-600, 4_200)),
                link: Link::Cable(client.unit, client.port),
            }),
            Habit::Always => {}
        }
    }
    let mut dice = world.dice("guests", day);
    for _ in 0..dice.between(15, 20) {
        stays.push(guest(date, &mut dice));
    }
    stays
}

/// Where a radio client really is: an access point that is down serves nobody.
pub fn serving(world: &World, wanted: &'static Unit, moment: DateTime<Utc>) -> &'static Unit {
    if story::down(world, wanted, moment).is_none() {
        return wanted;
    }
    if wanted.mac == RECEPTION_AP.mac {
        &WAITING_AP
    } else {
        &RECEPTION_AP
    }
}

impl Stay {
    /// The access point it is on at `moment`, if it is there and on the radio.
    pub fn access_point(&self, world: &World, moment: DateTime<Utc>) -> Option<&'static Unit> {
        let Link::Radio(_, hops) = &self.link else {
            return None;
        };
        let here = hops.iter().rfind(|(since, _)| *since <= moment)?;
        (moment < self.until).then(|| serving(world, here.1, moment))
    }
}

fn carried(date: NaiveDate, client: &Client, minutes: (i64, i64), dice: &mut Dice) -> Stay {
    let second = Duration::seconds(dice.between(0, 59));
    let (from, until) = (
        world::local(date, minutes.0) + second,
        world::local(date, minutes.1) + second,
    );
    let mut hops: Vec<(DateTime<Utc>, &'static Unit)> = vec![(from, client.unit)];
    let mut moment = from + Duration::seconds(dice.between(2_400, 8_000));
    let mut at = client.unit;
    while moment < until - Duration::minutes(5) {
        let next = dice.pick(&ACCESS_POINTS).copied().unwrap_or(at);
        // People come back to where they work.
        let next = if next.mac == at.mac { client.unit } else { next };
        if next.mac != at.mac {
            hops.push((moment, next));
            at = next;
        }
        moment += Duration::seconds(dice.between(3_600, 9_600));
    }
    let who = parties::client(client);
    Stay {
        who,
        mac: client.mac.to_owned(),
        from,
        until,
        link: Link::Radio(STAFF_WIFI, hops),
    }
}

fn guest(date: NaiveDate, dice: &mut Dice) -> Stay {
    let phone = dice.pick(&GUEST_PHONES).copied().unwrap_or("phone");
    let (one, two, three) = (dice.hex(2), dice.hex(2), dice.hex(2));
    let mac = format!("02:9e:57:{one}:{two}:{three}");
    let from =
        world::local(date, dice.between(8 * 60 + 15, 18 * 60 + 15)) + Duration::seconds(dice.between(0, 59));
    let until = from + Duration::seconds(dice.between(700, 4_000));
    let ip = format!("192.168.50.{}", dice.between(20, 220));
    let who = json!({ "id": mac, "name": phone, "hostname": phone, "ip": ip });
    let mut hops: Vec<(DateTime<Utc>, &'static Unit)> = vec![(from, &WAITING_AP)];
    if dice.percent(30) {
        let called_in = from + Duration::seconds(dice.between(200, 600));
        hops.push((
            called_in,
            if dice.percent(50) {
                &SURGERY_AP
            } else {
                &RECEPTION_AP
            },
        ));
    }
    Stay {
        who,
        mac,
        from,
        until,
        link: Link::Radio(GUEST_WIFI, hops),
    }
}
