//! Runs the program once and looks at what the kernel says of it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_unifi-scan");
/// Linux counts a process's time in hundredths of a second, whatever its own clock ticks at.
const TICK: Duration = Duration::from_millis(10);

/// What one process cost.
pub struct Cost {
    pub code: Option<i32>,
    pub wall: Duration,
    /// User and system time, to [`TICK`].
    pub cpu: Duration,
    /// Peak resident memory in KiB, as the kernel told it last; 0 if it ended before it could be asked.
    pub peak: u64,
}

/// Runs it to its end and looks at its high-water mark every millisecond: the mark only rises, so the
/// last look misses at most what the last millisecond added.
pub fn measure(reports: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Cost {
    let before = time_of_children();
    let started = Instant::now();
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .env("REPORTS_DIR", reports)
        .current_dir(reports)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = high_water_mark(&status).unwrap_or(0);
    let (ended, end) = channel();
    std::thread::spawn(move || ended.send((child.wait(), Instant::now())));
    loop {
        peak = high_water_mark(&status).map_or(peak, |mark| mark.max(peak));
        if let Ok((status, at)) = end.recv_timeout(Duration::from_millis(1)) {
            return Cost {
                code: status.unwrap().code(),
                wall: at - started,
                cpu: time_of_children().saturating_sub(before),
                peak,
            };
        }
    }
}

fn high_water_mark(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// User and system time of all processes waited for until now.
pub fn time_of_children() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The second field is a name in parentheses and may hold anything; the 16th and 17th are what we are after.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(13).take(2);
    TICK * ticks.map(|field| field.parse::<u32>().unwrap()).sum::<u32>()
}
