//! `stat/device` and `stat/health`, through an allow-list: the raw records hold keys and passwords, and no
//! field gets past this file that is not named here.

use serde_json::Value;

use crate::collect::wire::fields::{self, Object};
use crate::collect::wire::{List, json};
use crate::model::device::{Device, Health, Radio, Storage, Wan};
use crate::model::text::{KEY, NAME};

/// The devices of an answer, by MAC, and how many records could not be read as one.
pub fn devices(body: &[u8]) -> Result<(Vec<Device>, u64), String> {
    decode(body, device, |device| device.mac.clone())
}

/// The subsystems of an answer in the console's order, and how many records could not be read as one.
pub fn health(body: &[u8]) -> Result<(Vec<Health>, u64), String> {
    decode(body, subsystem, |_| String::new())
}

fn decode<T>(
    body: &[u8],
    read: fn(&Object) -> Option<T>,
    order: fn(&T) -> String,
) -> Result<(Vec<T>, u64), String> {
    let list = List::open(body)?;
    let mut malformed = 0;
    let mut records = Vec::new();
    for raw in &list.items {
        match json::parse(raw)
            .as_ref()
            .and_then(Value::as_object)
            .and_then(read)
        {
            Some(record) => records.push(record),
            None => malformed += 1,
        }
    }
    records.sort_by_key(order);
    Ok((records, malformed))
}

/// One device; a record without a MAC is none.
pub fn device(row: &Object) -> Option<Device> {
    let state = fields::int(row, "state");
    let battery = fields::object(row, "vbms_table");
    let pack = battery.and_then(|ups| fields::object(ups, "battpool").or_else(|| first_of(ups, "battpool")));
    Some(Device {
        mac: fields::mac(row.get("mac")?.as_str()?)?,
        name: fields::text(row, &["name"], NAME),
        kind: fields::text(row, &["type"], NAME),
        model: fields::text(row, &["model", "shortname"], NAME),
        version: fields::text(row, &["displayable_version", "version"], NAME),
        state,
        adopted: fields::truth(row, "adopted"),
        disabled: fields::truth(row, "disabled") == Some(true),
        last_seen: row.get("last_seen").and_then(fields::moment),
        uptime: fields::count(row, "uptime")
            .or_else(|| fields::count(fields::object(row, "system-stats")?, "uptime")),
        disconnected_since: disconnected_since(row, state),
        cpu: stats(row, "cpu"),
        memory: stats(row, "mem").or_else(|| memory(row)),
        temperature: temperature(row),
        overheating: fields::truth(row, "overheating"),
        upgradable: fields::truth(row, "upgradable"),
        upgrade_to: fields::text(row, &["upgrade_to_firmware"], NAME),
        end_of_life: fields::truth(row, "model_in_eol"),
        unsupported: fields::truth(row, "unsupported"),
        satisfaction: fields::float(row, "satisfaction").filter(|percent| percent_like(*percent)),
        clients: fields::count(row, "num_sta"),
        poe_budget: fields::float(row, "total_max_power").filter(|watts| *watts > 0.0),
        poe_used: fields::float(row, "total_used_power").or_else(|| poe_used(row)),
        radios: fields::objects(row, "radio_table_stats").map(radio).collect(),
        wans: (1..=4)
            .filter_map(|number| wan(row, &format!("wan{number}")))
            .collect(),
        storage: fields::objects(row, "storage").map(storage).collect(),
        battery_level: pack
            .and_then(|pack| fields::float(pack, "batteryLevel"))
            .filter(|percent| percent_like(*percent)),
        on_battery: battery.and_then(|ups| fields::truth(ups, "is_battery_mode")),
    })
}

/// One subsystem of the health page.
pub fn subsystem(row: &Object) -> Option<Health> {
    let subsystem = fields::text(row, &["subsystem"], NAME);
    (!subsystem.is_empty()).then(|| Health {
        subsystem,
        status: fields::text(row, &["status"], NAME),
        disconnected: fields::count(row, "num_disconnected"),
        pending: fields::count(row, "num_pending"),
        latency: fields::float(row, "latency").filter(|latency| *latency >= 0.0),
        isp: fields::text(row, &["isp_name", "isp_organization"], NAME),
    })
}

/// The mark of the last disconnection stays on a device that came back: it counts only while it is newer
/// than the mark of the last connection.
fn disconnected_since(row: &Object, state: Option<i64>) -> Option<chrono::DateTime<chrono::Utc>> {
    let gone = row.get("start_disconnected_millis").and_then(fields::moment)?;
    let back = row.get("start_connected_millis").and_then(fields::moment);
    (state != Some(1) && back.is_none_or(|back| back < gone)).then_some(gone)
}

fn stats(row: &Object, name: &str) -> Option<f64> {
    let stats = fields::object(row, "system-stats")?;
    fields::float(stats, name).filter(|percent| percent_like(*percent))
}

fn memory(row: &Object) -> Option<f64> {
    let stats = fields::object(row, "sys_stats")?;
    let (used, total) = (
        fields::float(stats, "mem_used")?,
        fields::float(stats, "mem_total")?,
    );
    (total > 0.0 && used >= 0.0 && used <= total).then(|| used / total * 100.0)
}

/// The hottest sensor. Zero is what a missing sensor says.
fn temperature(row: &Object) -> Option<f64> {
    let general = fields::float(row, "general_temperature");
    let sensors = fields::objects(row, "temperatures").filter_map(|sensor| fields::float(sensor, "value"));
    let old = fields::object(row, "temps")
        .into_iter()
        .flat_map(serde_json::Map::values);
    let all = general
        .into_iter()
        .chain(sensors)
        .chain(old.filter_map(fields::as_float));
    all.filter(|celsius| *celsius > 0.0 && *celsius < 200.0)
        .fold(None, |hottest, celsius| {
            Some(hottest.map_or(celsius, |known: f64| known.max(celsius)))
        })
}

/// What the ports give, if each port that gives something says how much.
fn poe_used(row: &Object) -> Option<f64> {
    let mut used = None;
    for port in fields::objects(row, "port_table") {
        let powers =
            fields::truth(port, "poe_enable") == Some(true) && fields::truth(port, "up") != Some(false);
        match (fields::float(port, "poe_power"), powers) {
            (Some(watts), _) if watts >= 0.0 => used = Some(used.unwrap_or(0.0) + watts),
            (_, true) => return None,
            _ => {}
        }
    }
    used
}

fn radio(row: &Object) -> Radio {
    Radio {
        band: fields::text(row, &["radio"], NAME),
        channel: fields::count(row, "channel"),
        utilisation: fields::float(row, "cu_total").filter(|percent| percent_like(*percent)),
        clients: fields::count(row, "num_sta"),
    }
}

fn wan(row: &Object, name: &str) -> Option<Wan> {
    let wan = fields::object(row, name).filter(|wan| !wan.is_empty())?;
    Some(Wan {
        name: name.to_owned(),
        enabled: fields::truth(wan, "enable"),
        up: fields::truth(wan, "up"),
        ip: fields::text(wan, &["ip"], NAME),
        is_uplink: fields::truth(wan, "is_uplink"),
    })
}

fn storage(row: &Object) -> Storage {
    Storage {
        name: fields::text(row, &["name", "mount_point"], KEY),
        size: fields::count(row, "size"),
        used: fields::count(row, "used"),
    }
}

fn first_of<'a>(parent: &'a Object, name: &str) -> Option<&'a Object> {
    fields::objects(parent, name).next()
}

fn percent_like(number: f64) -> bool {
    (0.0..=100.0).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(raw: &str) -> Device {
        let body = format!(r#"{{"meta":{{"rc":"ok"}},"data":[{raw}]}}"#);
        let (mut devices, malformed) = devices(body.as_bytes()).unwrap();
        assert_eq!((devices.len(), malformed), (1, 0));
        devices.remove(0)
    }

    #[test]
    fn strings_become_numbers_and_the_hottest_sensor_counts() {
        let device = only(
            r#"{"mac":"02-00-00-00-00-0A","type":"udm","state":1,"last_seen":1778078153,"uptime":"1182328",
            "system-stats":{"cpu":"26.6","mem":"70.0","uptime":"1"},"temperatures":[{"name":"CPU","value":66.0},{"value":"48.75"}],
            "temps":{"PHY":"72 C"},"general_temperature":0,"satisfaction":-1,"storage":[{"name":"Backup","size":10,"used":"4"}],
            "wan1":{"up":true,"ip":"203.0.113.7","enable":1},"wan2":{},"vbms_table":{"is_battery_mode":true,"battpool":{"batteryLevel":41}}}"#,
        );
        assert_eq!(device.mac, "02:00:00:00:00:0a");
        assert_eq!(
            (device.cpu, device.memory, device.temperature),
            (Some(26.6), Some(70.0), Some(72.0))
        );
        assert_eq!((device.uptime, device.satisfaction), (Some(1_182_328), None));
        assert_eq!((device.wans.len(), device.storage[0].used), (1, Some(4)));
        assert_eq!(
            (device.on_battery, device.battery_level),
            (Some(true), Some(41.0))
        );
    }

    #[test]
    fn what_an_offline_device_does_not_say_is_unknown_not_zero() {
        let device = only(
            r#"{"mac":"02:00:00:00:00:0b","type":"new-kind","state":0,"adopted":true,"system-stats":{},"has_temperature":false,
            "start_connected_millis":1777447486140,"start_disconnected_millis":1777447999999}"#,
        );
        assert_eq!(device.kind, "new-kind");
        assert_eq!(
            (device.uptime, device.cpu, device.temperature, device.upgradable),
            (None, None, None, None)
        );
        assert_eq!(
            device.disconnected_since.map(|at| at.timestamp_millis()),
            Some(1_777_447_999_999)
        );
    }

    #[test]
    fn an_old_disconnection_is_not_now() {
        let device = only(
            r#"{"mac":"02:00:00:00:00:0b","state":1,"start_connected_millis":1777447486140,"start_disconnected_millis":1777447373652}"#,
        );
        assert_eq!(device.disconnected_since, None);
    }

    #[test]
    fn a_powered_port_without_a_figure_makes_the_power_unknown() {
        let known =
            r#"{"poe_enable":true,"up":true,"poe_power":"3.24"},{"poe_enable":false,"poe_power":"0.00"}"#;
        let device = |ports: &str| {
            only(&format!(
                r#"{{"mac":"02:00:00:00:00:0c","total_max_power":135,"port_table":[{ports}]}}"#
            ))
        };
        assert_eq!(
            (device(known).poe_budget, device(known).poe_used),
            (Some(135.0), Some(3.24))
        );
        assert_eq!(
            device(&format!(r#"{known},{{"poe_enable":true,"up":true}}"#)).poe_used,
            None
        );
    }

    #[test]
    fn no_secret_gets_past_the_list() {
        let names = [
            "x_authkey",
            "x_vwirekey",
            "x_inform_authkey",
            "x_ssh_hostkey",
            "syslog_key",
            "x_passphrase",
            "guest_token",
        ];
        let secrets: Vec<String> = names.iter().map(|name| format!(r#""{name}":"s3cret""#)).collect();
        let device = only(&format!(
            r#"{{"mac":"02:00:00:00:00:0d","name":"ap",{s},"wan1":{{"up":true,{s}}},"storage":[{{"name":"a",{s}}}],"radio_table_stats":[{{"radio":"na",{s}}}]}}"#,
            s = secrets.join(",")
        ));
        assert!(!format!("{device:?}").contains("s3cret"));
    }

    #[test]
    fn one_odd_record_costs_only_itself() {
        let (found, malformed) =
            devices(br#"{"data":[7,{"name":"no mac"},{"mac":"02:00:00:00:00:0e"}]}"#).unwrap();
        assert_eq!((found.len(), malformed), (1, 2));
        let (found, malformed) = health(
            br#"{"data":[{"subsystem":"vpn","status":"error"},{"subsystem":"www","latency":"9"},[]]}"#,
        )
        .unwrap();
        assert_eq!(
            (found[0].status.as_str(), found[1].latency, malformed),
            ("error", Some(9.0), 1)
        );
    }
}
