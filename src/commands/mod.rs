//! The commands beside `run`: each reads and tells; `retry` delivers.

pub mod capture;
pub mod check;
pub mod config;
pub mod gaps;
pub mod history;
pub mod report;
pub mod retry;
pub mod rules;
pub mod state;
pub mod status;

use clap::CommandFactory as _;

use crate::cli::{Cli, Command, Common, ConfigCommand, DemoConsoleArgs};
use crate::collect::demo;
use crate::disk::Dir;
use crate::exit::{self, Exit};
use crate::print;
use crate::run;

/// Does what the command line asks for.
pub fn run(cli: &Cli) -> Exit {
    let common = &cli.common;
    match &cli.command {
        Command::Run(args) => run::run(args, common),
        Command::Retry(args) => retry::retry(args, common),
        Command::Check => check::check(common),
        Command::Status(args) => status::status(args, common),
        Command::State(command) => state::state(command, common),
        Command::Capture(args) => capture::capture(args, common),
        Command::History(command) => history::history(command, common),
        Command::Report(command) => report::report(command, common),
        Command::Rules(command) => rules::rules(command, common),
        Command::Config(ConfigCommand::Show) => config::show(common),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "unifi-scan", &mut script);
            print::put(&script);
            Exit::Ok
        }
        Command::Man { command } => manual(command),
        Command::Help { topic } => help(topic),
        Command::DemoConsole(args) => demo_console(args),
    }
}

/// The directory as a reading command finds it; `None` where no run has made it yet.
pub fn opened(common: &Common) -> Result<Option<Dir>, Exit> {
    let path = crate::config::reports_dir(&common.wish())
        .map_err(|errors| fail(Exit::Config, &errors.to_string()))?;
    match Dir::open(&path) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if error.is(rustix::io::Errno::NOENT) => Ok(None),
        Err(error) => Err(fail(Exit::CannotCreate, &error.to_string())),
    }
}

/// Tells an error the way all commands do.
pub fn fail(exit: Exit, message: &str) -> Exit {
    print::complain(&format!("unifi-scan: {message}"));
    exit
}

fn manual(words: &[String]) -> Exit {
    let mut program = Cli::command();
    program.build();
    let Some(command) = found(&mut program, words) else {
        return fail(Exit::Usage, &format!("there is no command {:?}", words.join(" ")));
    };
    let mut page = Vec::new();
    match clap_mangen::Man::new(command.clone()).render(&mut page) {
        Ok(()) => {
            print::put(&page);
            Exit::Ok
        }
        Err(error) => fail(Exit::Failed, &format!("writing the manual page: {error}")),
    }
}

/// The command that these words lead to.
fn found<'a>(command: &'a mut clap::Command, words: &[String]) -> Option<&'a mut clap::Command> {
    words
        .iter()
        .try_fold(command, |command, word| command.find_subcommand_mut(word))
}

fn help(topic: &[String]) -> Exit {
    if topic.first().is_some_and(|word| word == "exit-codes") {
        print::put(exit::table().as_bytes());
        return Exit::Ok;
    }
    let mut command = Cli::command();
    command.build();
    let Some(found) = found(&mut command, topic) else {
        let topic = topic.join(" ");
        return fail(
            Exit::Usage,
            &format!("there is no help on {topic:?}; try exit-codes or a command's name"),
        );
    };
    print::put(found.render_long_help().to_string().as_bytes());
    Exit::Ok
}

fn demo_console(args: &DemoConsoleArgs) -> Exit {
    let served = std::fs::read(&args.cert)
        .and_then(|cert| Ok((cert, std::fs::read(&args.key)?)))
        .map_err(anyhow::Error::from)
        .and_then(|(cert, key)| {
            demo::Console::serve_tls((run::DEMO_SEED, args.start, 0), &cert, &key, args.port)
        });
    match served {
        Ok(console) => {
            print::say(&console.base_url().to_string());
            console.wait();
            Exit::Ok
        }
        Err(error) => fail(Exit::Failed, &format!("serving the demo console: {error:#}")),
    }
}
