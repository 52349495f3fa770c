//! Before anything is read: the directory, the lock, and whether this place can keep a checkpoint at all.

use std::path::Path;

use rustix::fs::Access;

use crate::config::Config;
use crate::disk::Dir;
use crate::disk::file_system::file_system;
use crate::exit::Exit;
use crate::net::stop::Stop;
use crate::run::halt::Halt;
use crate::run::order::Order;
use crate::state::lock::RunLock;
use crate::state::schema::Checkpoint;

/// Opens (or, if only the last part is missing, creates) the directory and takes the lock.
pub fn enter(config: &Config, order: &Order<'_>, stop: &Stop) -> Result<(Dir, RunLock), Halt> {
    let path = &config.reports_dir;
    let dir = Dir::open_or_create(path).map_err(|error| {
        let mut halt = Halt::from(error);
        halt.message = with_advice(&halt.message, path);
        halt
    })?;
    let lock =
        RunLock::acquire(&dir, order.args.attempt.wait, &|| stop.reason().is_some()).map_err(|error| {
            let mut halt = Halt::of_lock(&error, order.clock.now());
            if halt.exit == Exit::CannotCreate {
                halt.message = with_advice(&halt.message, path);
            }
            halt
        })?;
    Ok((dir, lock))
}

/// Proves that a file can be written, synced, renamed and removed here, and that what is written stays.
/// Gives back what is worth a warning in the report.
pub fn prove(config: &Config, dir: &Dir, order: &Order<'_>) -> Result<Vec<String>, Halt> {
    dir.probe().map_err(|error| {
        let mut halt = Halt::from(error);
        if halt.exit == Exit::CannotCreate {
            halt.message = with_advice(&halt.message, &config.reports_dir);
        }
        halt
    })?;
    let mut warnings = Vec::new();
    let place = file_system(&config.reports_dir);
    let in_container =
        config.in_image || Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists();
    if in_container && !place.is_mount_point && !order.args.demo && !order.args.allow_ephemeral {
        let dir = config.reports_dir.display();
        let fix = format!(
            "{dir} is not a mounted volume: what a run remembers would be lost with the container; add \
             `volumes: [\"unifi-scan-reports:{dir}\"]` to the service"
        );
        if config.in_image {
            return Err(Halt::new(
                Exit::CannotCreate,
                format!("{fix}, or pass --allow-ephemeral"),
            ));
        }
        warnings.push(fix);
    }
    if !place.locks_reach_other_hosts && place.is_network {
        warnings.push(format!(
            "{} lies on {}: its locks may not reach other hosts; let only one host run unifi-scan on it",
            config.reports_dir.display(),
            place.kind
        ));
    }
    Ok(warnings)
}

/// The demo's checkpoint and a real one never mix.
pub fn same_world(checkpoint: &Checkpoint, config: &Config, demo: bool) -> Result<(), Halt> {
    if checkpoint.demo == demo {
        return Ok(());
    }
    let dir = config.reports_dir.display();
    Err(Halt::new(
        Exit::Config,
        if demo {
            format!("{dir} holds the reports of real consoles; run the demo with another --reports-dir")
        } else {
            format!(
                "{dir} was made by run --demo: delete it, or choose another REPORTS_DIR for real consoles"
            )
        },
    ))
}

/// `message`, with the exact words that give this directory to the user who runs us, where that would help.
pub fn with_advice(message: &str, path: &Path) -> String {
    let user = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    let (uid, gid) = user;
    let dir = path.display();
    // A chown of a directory of the system's own would do harm.
    let is_the_systems =
        path.components().count() < 3 || ["/proc", "/sys", "/dev"].iter().any(|own| path.starts_with(own));
    let advice = if path.is_dir() && is_the_systems {
        "choose a directory of its own".to_owned()
    } else if path.is_dir() && rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
        return message.to_owned();
    } else if path.is_dir() {
        format!(
            "this runs as uid {uid}: `chown -R {uid}:{gid} {dir}`, or set `user:` to the directory's owner (Ofelia: \
             `ofelia.job-exec.NAME.user`)"
        )
    } else if path.exists() {
        "it is no directory: name one".to_owned()
    } else {
        format!("create it first: `install -d -m 0750 -o {uid} -g {gid} {dir}`")
    };
    format!("{message}; {advice}")
}
