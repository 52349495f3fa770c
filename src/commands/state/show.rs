//! `state show`: what the checkpoint holds, in words or as it is.

use std::fmt::Write as _;

use crate::cli::Common;
use crate::commands::{fail, opened};
use crate::exit::Exit;
use crate::model::count::counted;
use crate::print;
use crate::state::accounts::short;
use crate::state::load::peek;
use crate::state::schema::Checkpoint;

pub fn show(json: bool, common: &Common) -> Exit {
    let dir = match opened(common) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    match dir.as_ref().map_or(Ok(None), peek) {
        Ok(None) => {
            print::say("no checkpoint here yet: the next run is the first");
            Exit::Ok
        }
        Ok(Some(checkpoint)) if json => {
            let text = serde_json::to_string_pretty(&checkpoint).unwrap_or_default();
            print::say(&text);
            Exit::Ok
        }
        Ok(Some(checkpoint)) => {
            print::put(words(&checkpoint).as_bytes());
            Exit::Ok
        }
        Err(error) => fail(
            Exit::of_code(error.code()).unwrap_or(Exit::BadState),
            &error.to_string(),
        ),
    }
}

fn words(checkpoint: &Checkpoint) -> String {
    let mut text = String::new();
    let time = |moment: Option<chrono::DateTime<chrono::Utc>>| {
        moment.map_or_else(
            || "-".to_owned(),
            |moment| moment.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        )
    };
    let _ = writeln!(text, "instance      {}", checkpoint.instance);
    let _ = writeln!(text, "generation    {}", checkpoint.generation);
    let _ = writeln!(text, "run           {}", checkpoint.run);
    let _ = writeln!(
        text,
        "last success  {} ({})",
        time(checkpoint.last_successful_run),
        counted(checkpoint.last_report_count, "finding")
    );
    let _ = writeln!(text, "failures      {} in a row", checkpoint.consecutive_failures);
    let _ = writeln!(text, "\nsources");
    for source in &checkpoint.sources {
        let _ = writeln!(
            text,
            "  {}: watermark {}, proved until {}, newest row {}",
            source.name,
            time(source.position.watermark),
            time(source.position.proved_until),
            time(source.position.newest),
        );
    }
    let _ = writeln!(text, "\nchannels");
    for (instance, name, ledger) in checkpoint.all_ledgers() {
        let owed = ledger.owed();
        let whose = if instance == checkpoint.instance {
            String::new()
        } else {
            format!(" (runs of {})", short(instance))
        };
        let _ = writeln!(
            text,
            "  {name}{whose}: everything settled up to run {}, last attempted {}{}",
            ledger.last_contiguous,
            ledger.last_attempted,
            if owed == 0 {
                String::new()
            } else {
                format!(", {owed} owed")
            },
        );
    }
    text
}
