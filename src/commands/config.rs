//! `config show`: the configuration in force, secrets left out.

use crate::cli::Common;
use crate::commands::fail;
use crate::config::{self, show};
use crate::exit::Exit;
use crate::print;

pub fn show(common: &Common) -> Exit {
    match config::load(&common.wish()) {
        Ok(config) => {
            for warning in &config.warnings {
                log::warn!("{warning}");
            }
            print::put(show::redacted(&config).as_bytes());
            Exit::Ok
        }
        Err(errors) => fail(Exit::Config, &errors.to_string()),
    }
}
