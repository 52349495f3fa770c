//! What the demo says about itself: its site, its version, its health.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::collect::demo::devices::{self, SITE_ID};
use crate::collect::demo::office::{GATEWAY, UNITS, WAN_ADDRESS};
use crate::collect::demo::story;
use crate::collect::demo::world::{World, ZONE};

pub const VERSION: &str = "10.3.58";

/// `self/sites`.
pub fn sites(world: &World) -> Value {
    json!([{ "_id": SITE_ID, "name": "default", "desc": "Alder Lane Vets", "role": "readonly", "role_hotspot": false,
        "attr_hidden_id": "default", "attr_no_delete": true, "device_count": UNITS.len(),
        "anonymous_id": uuid(world, "site"), "external_id": uuid(world, "external") }])
}

/// `self`: an account that may only look.
pub fn account(world: &World) -> Value {
    json!([{ "admin_id": "65f0c0ffee0000000000a002", "name": "demo", "email": "", "is_super": false, "is_owner": false,
        "last_site_name": "default", "requires_new_password": false, "uid": uuid(world, "account") }])
}

/// `stat/sysinfo`.
pub fn sysinfo(world: &World, now: DateTime<Utc>) -> Value {
    let uptime = (now - world.start).num_seconds() + 1_858_943;
    json!([{ "version": VERSION, "build": "atag_10.3.58_34147", "previous_version": "10.3.55",
        "console_display_version": "5.0.16", "udm_version": "UDMPRO.al324.v5.0.16.30692", "ubnt_device_type": "UDMPRO",
        "timezone": ZONE, "data_retention_days": 90, "autobackup": true, "update_available": false,
        "update_downloaded": false, "hostname": "alder-lane", "name": GATEWAY.name, "ip_addrs": [GATEWAY.ip],
        "inform_port": 8_080, "https_port": 8_443, "uptime": uptime, "anonymous_controller_id": uuid(world, "console"),
        "sso_app_id": devices::SECRET, "unsupported_device_count": 0, "unsupported_device_list": [],
        "is_cloud_console": false, "has_webrtc_support": true }])
}

/// `stat/health`. Fields of what is dead are left out, as consoles do.
pub fn health(world: &World, now: DateTime<Utc>) -> Value {
    let (on_radio, on_cable, guests) = devices::heads(world, now);
    let (points, gone) = devices::access_points(world, now);
    let line = story::line_outage(world);
    let on_backup = (line.from..line.until).contains(&now);
    let mut dice = world.dice("latency", now.timestamp());
    let latency = dice.between(8, 14) + if on_backup { 48 } else { 0 };
    let drops = i64::from(now >= line.until);
    let main = if on_backup {
        json!({ "availability": 99.2, "time_period": 86_400, "downtime": (now - line.from).num_seconds() })
    } else {
        json!({ "availability": if drops > 0 { 99.6 } else { 100.0 }, "latency_average": latency, "time_period": 86_400,
            "uptime": (now - if drops > 0 { line.until } else { world.start }).num_seconds() })
    };
    json!([
        { "subsystem": "wlan", "status": if gone > 0 { "warning" } else { "ok" }, "num_user": on_radio,
            "num_guest": guests, "num_iot": 0, "num_ap": points - gone, "num_adopted": points, "num_disabled": 0,
            "num_disconnected": gone, "num_pending": 0 },
        { "subsystem": "wan", "status": if on_backup { "warning" } else { "ok" }, "num_gw": 1, "num_adopted": 1,
            "num_disconnected": 0, "num_pending": 0, "wan_ip": WAN_ADDRESS, "gw_mac": GATEWAY.mac,
            "gw_name": GATEWAY.name, "gw_version": GATEWAY.version, "isp_name": "Tamar Broadband",
            "isp_organization": "Tamar Broadband Ltd", "gw_system-stats": { "cpu": "11.4", "mem": "58.9" },
            "uptime_stats": { "WAN": main } },
        { "subsystem": "www", "status": "ok", "latency": latency, "drops": drops, "xput_up": 112.4, "xput_down": 487.9,
            "speedtest_status": "Success", "speedtest_lastrun": world.start.timestamp() - 15_300, "speedtest_ping": 11,
            "gw_mac": GATEWAY.mac },
        { "subsystem": "lan", "status": "ok", "lan_ip": null, "num_user": on_cable, "num_guest": 0, "num_iot": 0,
            "num_sw": 3, "num_adopted": 3, "num_disconnected": 0, "num_pending": 0 },
        { "subsystem": "vpn", "status": "ok", "remote_user_enabled": true, "remote_user_num_active": 0,
            "site_to_site_enabled": false },
    ])
}

/// A UUID that belongs to this demo's seed and no other.
pub fn uuid(world: &World, whose: &str) -> String {
    let mut dice = world.dice(whose, 0);
    format!(
        "{}-{}-4{}-8{}-{}",
        dice.hex(8),
        dice.hex(4),
        dice.hex(3),
        dice.hex(3),
        dice.hex(12)
    )
}
