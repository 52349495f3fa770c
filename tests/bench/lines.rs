//! Lines for log servers: how many a run reads in a second on one core, and in how much memory.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cost::{Cost, measure};

/// Lines of one measurement.
const LINES: u64 = 1_000_000;
/// So many times more, to see that memory does not grow.
const LONG: u64 = 4;
/// What is promised, of lines as a site writes them.
const PROMISED: f64 = 1_000_000.0;

/// One line by its number, moment and the number of the device it is about.
type Line = fn(&mut String, u64, DateTime<Utc>, u64);

/// Measures lines of each kind; prints the table and says whether memory stayed flat. Speed is printed, never judged.
pub fn measured(most_memory: u64) -> bool {
    let mut flat = true;
    println!(
        "{:<36} {:>4} {:>13} {:>10} {:>9} {:>16} {:>14}",
        "lines", "exit", "lines", "wall", "CPU", "peak KiB", "lines/s of CPU"
    );
    let kinds: [(&str, Line); 2] = [("CEF", cef), ("syslog", syslog)];
    for (kind, line) in kinds {
        for (what, devices, lines) in [
            ("300 devices", 300, LINES),
            ("300 devices", 300, LINES * LONG),
            ("no two alike", LINES, LINES / 10),
        ] {
            let home = tempfile::TempDir::new().unwrap();
            let path = home.path().join("lines.log");
            write(&path, line, devices, lines);
            let cost = measure(
                home.path(),
                &["run", "-q", "--input", path.to_str().unwrap()],
                &[],
            );
            flat &= tell(&format!("{kind}, {what}"), lines, &cost, most_memory);
        }
    }
    flat
}

fn write(path: &Path, line: Line, devices: u64, lines: u64) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let begins = Utc::now() - TimeDelta::hours(20);
    let mut text = String::new();
    for n in 0..lines {
        text.clear();
        let time = begins + TimeDelta::milliseconds(i64::try_from(n * 60_000_000 / lines).unwrap());
        // Some talk more than others.
        let device = n.wrapping_mul(2_654_435_761) % devices.max(1);
        line(&mut text, n, time, device);
        file.write_all(text.as_bytes()).unwrap();
    }
    file.flush().unwrap();
}

fn cef(text: &mut String, n: u64, time: DateTime<Utc>, device: u64) {
    let (stamp, utc) = (
        time.format("%b %e %H:%M:%S"),
        time.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
    );
    let (a, b, port) = (device / 250 % 250, device % 250, 1024 + n % 60_000);
    let (id, name, rest) = match device % 3 {
        0 => (
            "203",
            "Blocked by Firewall",
            format!(
                "proto=TCP src=10.0.{a}.{b} spt={port} dst=198.51.100.{b} dpt=443 UNIFIcategory=Security UNIFIhost=gw UNIFIpolicyName=Block IoT {} UNIFIpolicyType=Firewall",
                device / 62_500
            ),
        ),
        1 => (
            "201",
            "Threat Detected and Blocked",
            format!(
                "proto=UDP src=203.0.113.{b} spt={port} dst=10.0.{a}.{b} dpt=53 UNIFIcategory=Security UNIFIhost=gw UNIFIdeviceName=Gateway UNIFIdeviceMac=02:00:00:00:00:01 UNIFIdeviceModel=UDM-Pro UNIFIipsSignature=ET SCAN {} UNIFIipsSignatureId=2027865 UNIFIipsSessionId={n}",
                device / 62_500
            ),
        ),
        _ => (
            "400",
            "WiFi Client Connected",
            format!(
                "UNIFIcategory=Client Devices UNIFIhost=gw UNIFIclientAlias=Phone {device} UNIFIclientMac=02:00:00:{:02x}:{:02x}:{:02x} UNIFIclientIp=10.0.{a}.{b} UNIFIwifiName=Lab WiFi UNIFIwifiChannel=44 UNIFIWiFiRssi=-{}",
                device >> 16 & 255,
                device >> 8 & 255,
                device & 255,
                40 + n % 40
            ),
        ),
    };
    writeln!(text, "{stamp} gw CEF:0|Ubiquiti|UniFi Network|10.2.93|{id}|{name}|4|{rest} UNIFIutcTime={utc} msg={name} for 10.0.{a}.{b}.").unwrap();
}

fn syslog(text: &mut String, n: u64, time: DateTime<Utc>, device: u64) {
    let stamp = time.format("%b %e %H:%M:%S");
    let (a, b, port) = (device / 250 % 250, device % 250, 1024 + n % 60_000);
    let chain = device / 62_500;
    match device % 4 {
        0 | 1 => writeln!(text, "<4>{stamp} gw [LAN_IN-D-{chain}] DESCR=\"Block IoT {chain}\" IN=br4 OUT=eth8 MAC=02:00:00:00:00:01:02:00:00:00:00:55:08:00 SRC=10.0.{a}.{b} DST=198.51.100.{b} LEN=64 TOS=00 PREC=0x00 TTL=63 ID={} DF PROTO=TCP SPT={port} DPT=443 SEQ={n} ACK=0 WINDOW=1024 SYN URGP=0 MARK=0", n % 65_536),
        2 => writeln!(text, "<14>{stamp} ap3 0200000000aa,U6-Lite-6.7.17+15512: hostapd[10034]: wifi2ap6: STA 02:00:00:{:02x}:{:02x}:{:02x} IEEE 802.11: associated (aid 1)", device >> 16 & 255, device >> 8 & 255, device & 255),
        _ => writeln!(text, "<30>{stamp} gw gw dnsmasq-dhcp[3861005]: DHCPACK(br4) 10.0.{a}.{b} 02:00:00:00:00:55 phone-{device}"),
    }
    .unwrap();
}

fn tell(what: &str, lines: u64, cost: &Cost, most_memory: u64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a speed to look at")]
    let speed = lines as f64 / cost.cpu.as_secs_f64().max(0.01);
    let code = cost.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let (wall, cpu) = (
        format!("{:.1} ms", cost.wall.as_secs_f64() * 1000.0),
        format!("{} ms", cost.cpu.as_millis()),
    );
    let peak = format!("{} (≤{most_memory})", cost.peak);
    println!(
        "{what:<36} {code:>4} {lines:>13} {wall:>10} {cpu:>9} {peak:>16} {speed:>14.0} (aim {PROMISED:.0})"
    );
    cost.code == Some(0) && cost.peak <= most_memory
}
