//! Another user than the one who runs the tests: root ignores the modes of files, and hands what it writes to the
//! directory's owner.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::child::{PROGRAM, Ran};
use crate::scenario::Scenario;

pub const UID: u32 = 1000;

/// Uid 1000, and the program where it may start it.
pub struct Other {
    program: PathBuf,
}

impl Other {
    /// Lets that user into a test's world; `None` and a line that says so unless we are root.
    pub fn in_world_of(scenario: &Scenario) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("not run: needs root to become another user");
            return None;
        }
        fs::set_permissions(scenario.home(), fs::Permissions::from_mode(0o755)).unwrap();
        let program = scenario.home().join("unifi-scan");
        fs::copy(PROGRAM, &program).unwrap();
        Some(Self { program })
    }

    /// `unifi-scan run` as that user.
    pub fn run(&self, scenario: &Scenario) -> Ran {
        let environment = scenario.command(&["run"]);
        let mut command = Command::new(&self.program);
        command.arg("run").env_clear().current_dir("/").uid(UID).gid(UID);
        command.envs(
            environment
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        scenario.spawn(command, b"").wait()
    }
}
