//! What `stat/device` and `stat/sta` of the demo say at a moment, in keeping with the rows up to then.
//!
//! Records carry dummies where real ones carry secrets, so that a reader without an allow-list is found out.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use crate::collect::demo::office::{
    ACCESS_POINTS, CLIENTS, GATEWAY, Habit, KENNELS_AP, SURGERY_SWITCH, SWITCH, THINGS_WIFI, UNITS, UPS,
    Unit, WAN_ADDRESS,
};
use crate::collect::demo::parties;
use crate::collect::demo::people::{self, Link};
use crate::collect::demo::story::{self, Outage};
use crate::collect::demo::world::{self, World};

/// Stands in every secret of the records. Nothing that this program writes may ever hold it.
pub const SECRET: &str = "REDACTED-demo-secret-9f2c";

/// One client that is there now.
struct Present {
    mac: String,
    who: Value,
    since: DateTime<Utc>,
    on: &'static Unit,
    /// The radio network's name; none: on the cable.
    radio: Option<&'static str>,
}

/// `stat/device`: every device with all its facts at `now`.
pub fn devices(world: &World, now: DateTime<Utc>) -> Vec<Value> {
    let present = present(world, now);
    UNITS
        .iter()
        .map(|unit| device(world, now, unit, &present))
        .collect()
}

/// `stat/sta`: every client that is there at `now`.
pub fn stations(world: &World, now: DateTime<Utc>) -> Vec<Value> {
    let present = present(world, now);
    let record = |one: &Present| {
        let text = |field: &str| one.who.get(field).cloned().unwrap_or(Value::Null);
        let mut station = json!({ "mac": one.mac, "name": text("name"), "hostname": text("hostname"),
            "ip": text("ip"), "is_wired": one.radio.is_none(), "is_guest": one.mac.starts_with("02:9e"),
            "assoc_time": one.since.timestamp(), "last_seen": now.timestamp() - 8,
            "uptime": (now - one.since).num_seconds(), "site_id": SITE_ID, "last_uplink_name": one.on.name });
        if let Some(fields) = station.as_object_mut() {
            let side = if let Some(network) = one.radio {
                fields.insert("essid".to_owned(), network.into());
                fields.insert("signal".to_owned(), (-58).into());
                fields.insert("radio".to_owned(), "na".into());
                "ap_mac"
            } else {
                "sw_mac"
            };
            fields.insert(side.to_owned(), one.on.mac.into());
        }
        station
    };
    present.iter().map(record).collect()
}

/// How many clients are on the radio and on the cable, and how many of all are guests.
pub fn heads(world: &World, now: DateTime<Utc>) -> (usize, usize, usize) {
    let present = present(world, now);
    let on_radio = present.iter().filter(|one| one.radio.is_some()).count();
    let guests = present.iter().filter(|one| one.mac.starts_with("02:9e")).count();
    (on_radio - guests, present.len() - on_radio, guests)
}

pub const SITE_ID: &str = "65f0c0ffee00000000005173";

fn present(world: &World, now: DateTime<Utc>) -> Vec<Present> {
    let mut present = Vec::new();
    for stay in people::stays(world, world::date(now)) {
        if !(stay.from..stay.until).contains(&now) {
            continue;
        }
        let (on, radio) = match stay.link {
            Link::Cable(unit, _) => (Some(unit), None),
            Link::Radio(network, _) => (stay.access_point(world, now), Some(network)),
        };
        if let Some(on) = on {
            present.push(Present {
                mac: stay.mac,
                who: stay.who,
                since: stay.from,
                on,
                radio,
            });
        }
    }
    for client in CLIENTS.iter().filter(|client| client.habit == Habit::Always) {
        let (on, radio) = match client.port {
            0 => (people::serving(world, client.unit, now), Some(THINGS_WIFI)),
            _ => (client.unit, None),
        };
        let who = parties::client(client);
        present.push(Present {
            mac: client.mac.to_owned(),
            who,
            since: booted(world, UNITS.len()),
            on,
            radio,
        });
    }
    present
}

/// When the unit at this place of the list was last switched on, before the demo began.
fn booted(world: &World, place: usize) -> DateTime<Utc> {
    let number = i64::try_from(place).unwrap_or(0);
    world.start - Duration::hours(world.dice("boot", number).between(300, 1_900))
}

fn device(world: &World, now: DateTime<Utc>, unit: &'static Unit, present: &[Present]) -> Value {
    let place = UNITS.iter().position(|one| one.mac == unit.mac).unwrap_or(0);
    let gone = story::down(world, unit, now);
    let last = gone.or_else(|| story::last_outage(world, unit, now));
    let since = last
        .filter(|_| gone.is_none())
        .map_or_else(|| booted(world, place), |outage| outage.until);
    let mut dice = world.dice(unit.mac, now.timestamp());
    let clients = present.iter().filter(|one| one.on.mac == unit.mac).count();
    let guests = present
        .iter()
        .filter(|one| one.on.mac == unit.mac && one.mac.starts_with("02:9e"))
        .count();
    let seen = gone.map_or(now - Duration::seconds(6), |outage| {
        outage.from - Duration::seconds(47)
    });
    let mut fields = object(json!({
        "_id": format!("65f0c0ffee00000000000d{place:02x}"), "device_id": format!("65f0c0ffee00000000000d{place:02x}"),
        "site_id": SITE_ID, "mac": unit.mac, "ip": unit.ip, "name": unit.name, "type": unit.kind,
        "model": unit.model, "shortname": unit.model, "serial": unit.mac.replace(':', "").to_uppercase(),
        "version": unit.version, "displayable_version": displayable(unit.version), "adopted": true,
        "adoption_completed": true, "default": false, "disabled": false, "state": u8::from(gone.is_none()),
        "last_seen": seen.timestamp(), "model_in_eol": false, "model_in_lts": unit.mac == KENNELS_AP.mac,
        "unsupported": false, "unsupported_reason": 0, "locating": false, "upgrade_state": 0,
        "config_network": { "type": "dhcp" }, "inform_url": "http://192.168.1.1:8080/inform",
        "inform_ip": GATEWAY.ip, "gateway_mac": GATEWAY.mac, "num_sta": clients, "user-num_sta": clients - guests,
        "guest-num_sta": guests, "x_authkey": SECRET, "x_vwirekey": SECRET, "x_inform_authkey": SECRET,
        "x_ssh_hostkey": SECRET, "x_ssh_hostkey_fingerprint": SECRET, "syslog_key": SECRET,
        "x_has_ssh_hostkey": true, "license_state": "registered", "port_table": [], "port_overrides": [],
    }));
    if let Some(outage) = last {
        fields.extend(object(missed(&outage)));
    }
    if gone.is_none() {
        let uptime = (now - since).num_seconds();
        // Consoles send these as text.
        let (cpu, memory) = (dice.between(40, 190), dice.between(380, 640));
        fields.extend(object(json!({
            "uptime": uptime, "_uptime": uptime, "connected_at": since.timestamp(), "provisioned_at": since.timestamp() + 41,
            "start_connected_millis": since.timestamp_millis(), "next_interval": 24,
            "satisfaction": if clients == 0 { -1 } else { dice.between(91, 100) }, "overheating": false,
            "upgradable": !unit.upgrade.is_empty(), "safe_for_autoupgrade": true,
            "system-stats": { "cpu": tenths(cpu), "mem": tenths(memory), "uptime": uptime.to_string() },
            "sys_stats": { "loadavg_1": "0.42", "loadavg_5": "0.37", "loadavg_15": "0.31",
                "mem_total": 1_017_929_728, "mem_used": 1_017_929_728 / 1_000 * memory, "mem_buffer": 0 },
            "uplink": { "type": "wire", "up": true, "speed": 1_000, "full_duplex": true,
                "uplink_remote_port": unit.uplink_port, "uplink_mac": if unit.mac == SWITCH.mac { GATEWAY.mac } else { SWITCH.mac } },
        })));
        if !unit.upgrade.is_empty() {
            fields.insert("upgrade_to_firmware".to_owned(), unit.upgrade.into());
        }
    }
    let own = match unit.mac {
        mac if mac == GATEWAY.mac => gateway(world, now, dice.between(46, 54)),
        mac if mac == SWITCH.mac => switch(world, now, (24, 95), dice.between(41, 47)),
        mac if mac == SURGERY_SWITCH.mac => switch(world, now, (8, 52), 0),
        mac if mac == UPS.mac => json!({ "vbms_table": { "is_battery_mode": false,
            "battpool": { "batteryLevel": 100, "ischarging": false, "timeToRemain": -1 } },
            "outlet_table": [{ "index": 1, "name": "Outlet 1", "relay_state": true, "outlet_power": "61.240" }] }),
        _ => radios(gone.is_some(), clients, &mut dice),
    };
    fields.extend(object(own));
    Value::Object(fields)
}

/// What a device keeps about its last absence, also when it is long back.
fn missed(outage: &Outage) -> Value {
    let (seen, lost) = (outage.from.timestamp() - 47, outage.from.timestamp());
    json!({ "start_disconnected_millis": outage.from.timestamp_millis(), "disconnected_at": lost,
        "disconnection_reason": format!("MISSED_INFORM, last_seen '{seen}', considered_lost '{lost}', state: 1") })
}

fn gateway(world: &World, now: DateTime<Utc>, warmth: i64) -> Value {
    let line = story::line_outage(world);
    let up = !(line.from..line.until).contains(&now);
    let (main, backup) = if up {
        ("online", "standby")
    } else {
        ("offline", "online")
    };
    json!({
        "has_temperature": true, "has_fan": true, "fan_level": 38, "general_temperature": warmth,
        "temperatures": [{ "name": "CPU", "type": "cpu", "value": warmth + 4 },
            { "name": "Local", "type": "board", "value": warmth - 3 }],
        "uplink": { "type": "wire", "name": "eth8", "up": up, "speed": 1_000, "full_duplex": true },
        "wan1": { "up": up, "enable": true, "ip": WAN_ADDRESS, "ifname": "eth8", "is_uplink": up, "type": "wire",
            "speed": 1_000, "max_speed": 1_000 },
        "wan2": { "up": true, "enable": true, "ip": "198.51.100.218", "ifname": "eth9", "is_uplink": !up,
            "type": "wire", "speed": 100, "max_speed": 1_000 },
        "last_wan_status": { "WAN": main, "WAN2": backup },
        "storage": [
            { "name": "Backup", "type": "eMMC", "mount_point": "/mnt/.rwfs", "size": 9_123_934_208_u64, "used": 4_027_318_272_u64 },
            { "name": "Temporary", "type": "tmpfs", "mount_point": "/tmp", "size": 2_045_775_872_u64, "used": 31_195_136 },
        ],
    })
}

/// A switch: its ports, and what they draw. A port whose access point is down draws nothing.
fn switch(world: &World, now: DateTime<Utc>, (ports, budget): (u8, i64), warmth: i64) -> Value {
    let own: &Unit = if ports == 24 { &SWITCH } else { &SURGERY_SWITCH };
    let mut dice = world.dice("watts", now.timestamp());
    let (mut table, mut used) = (Vec::new(), 0);
    for port in 1..=ports {
        let unit = UNITS
            .iter()
            .find(|unit| ports == 24 && unit.uplink_port == port && unit.mac != SWITCH.mac);
        let client = CLIENTS
            .iter()
            .find(|client| client.unit.mac == own.mac && client.port == port);
        let up = unit.map_or(client.is_some(), |unit| story::down(world, unit, now).is_none());
        // Hundredths of a watt: the access points, and the cameras with their lamps.
        let watts = match (unit, client) {
            (Some(unit), _) if unit.kind == "uap" && up => dice.between(1_120, 1_200),
            (_, Some(client)) if client.host.starts_with("cam-") => dice.between(1_360, 1_440),
            _ => 0,
        };
        used += watts;
        table.push(json!({
            "port_idx": port, "name": unit.map_or_else(|| client.map_or_else(|| format!("Port {port}"),
                |client| client.name.to_owned()), |unit| unit.name.to_owned()),
            "up": up, "enable": true, "speed": if up { 1_000 } else { 0 }, "full_duplex": up, "media": "GE",
            "is_uplink": port == 16 && ports == 8, "port_poe": port <= 16, "poe_enable": watts > 0,
            "poe_mode": if port <= 16 { "auto" } else { "off" }, "poe_class": "Class 4", "poe_good": watts > 0,
            "poe_power": format!("{}.{:02}", watts / 100, watts % 100), "rx_errors": 0, "tx_errors": 0,
            "rx_dropped": dice.between(0, 40), "stp_state": if up { "forwarding" } else { "disabled" },
        }));
    }
    let mut fields = object(json!({ "port_table": table, "total_max_power": budget,
        "total_used_power": format!("{}.{:02}", used / 100, used % 100), "has_temperature": warmth > 0 }));
    if warmth > 0 {
        fields.insert("general_temperature".to_owned(), warmth.into());
        fields.insert("has_fan".to_owned(), false.into());
    }
    Value::Object(fields)
}

fn radios(gone: bool, clients: usize, dice: &mut crate::collect::demo::dice::Dice) -> Value {
    let table = json!([{ "name": "wifi0", "radio": "ng", "channel": "auto", "ht": "20" },
        { "name": "wifi1", "radio": "na", "channel": "auto", "ht": "80" }]);
    if gone {
        return json!({ "radio_table": table, "radio_table_stats": [], "vap_table": [] });
    }
    let near = clients - clients / 4;
    json!({ "radio_table": table, "is_access_point": true, "has_temperature": false, "vap_table": [],
    "radio_table_stats": [
        { "name": "wifi0", "radio": "ng", "channel": 6, "cu_total": dice.between(31, 58), "state": "RUN",
            "tx_retries_pct": 8.2, "num_sta": clients - near, "satisfaction": dice.between(88, 97) },
        { "name": "wifi1", "radio": "na", "channel": 44, "cu_total": dice.between(6, 27), "state": "RUN",
            "tx_retries_pct": 3.1, "num_sta": near, "satisfaction": dice.between(95, 100) },
    ] })
}

/// Access points that answer, and that do not.
pub fn access_points(world: &World, now: DateTime<Utc>) -> (usize, usize) {
    let down = ACCESS_POINTS
        .iter()
        .filter(|unit| story::down(world, unit, now).is_some())
        .count();
    (ACCESS_POINTS.len(), down)
}

/// `6.8.2.15592` is shown to people as `6.8.2`.
fn displayable(version: &str) -> String {
    version.splitn(4, '.').take(3).collect::<Vec<_>>().join(".")
}

fn tenths(value: i64) -> String {
    format!("{}.{}", value / 10, value % 10)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::demo::client::{KEY, ask, connect, console};

    #[test]
    fn devices_agree_with_the_rows() {
        let states = |hours: u64| {
            let console = console(hours);
            let path = "/proxy/network/api/s/default/stat/device";
            let reply = ask(&mut connect(&console), "GET", path, &[KEY], "").json();
            let kennels = reply["data"]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["name"] == "Kennels AP")
                .unwrap()
                .clone();
            let health = ask(
                &mut connect(&console),
                "GET",
                "/proxy/network/api/s/default/stat/health",
                &[KEY],
                "",
            );
            (kennels, health.json()["data"][0].clone())
        };
        let (down, wlan) = states(0);
        assert_eq!((&down["state"], &down["num_sta"]), (&json!(0), &json!(0)));
        assert!(
            down.get("system-stats").is_none()
                && down.get("uptime").is_none()
                && down.get("upgradable").is_none()
        );
        assert_eq!(
            (&wlan["status"], &wlan["num_disconnected"]),
            (&json!("warning"), &json!(1))
        );
        let (back, wlan) = states(6);
        assert_eq!((&back["state"], &back["upgradable"]), (&json!(1), &json!(true)));
        assert!(
            back["uptime"].as_i64().unwrap() < 3 * 3_600,
            "it came back lately"
        );
        assert_eq!(wlan["status"], "ok");
    }
}
