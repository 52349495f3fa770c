//! `unifi-scan`: reads what happened on a UniFi network since the last run and says it in plain English.
#![expect(dead_code, reason = "the parts are being put together")]

mod analyse;
mod collect;
mod commands;
mod config;
mod deliver;
mod disk;
mod model;
mod net;
mod report;
mod run;
mod state;

fn main() {}
