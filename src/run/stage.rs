//! Writes a run's files into the outbox: the rows while they are collected, the report when it is judged.

use std::io::{BufReader, BufWriter, Write};

use anyhow::Context as _;

use crate::analyse::Fates;
use crate::config::Config;
use crate::disk::Dir;
use crate::model::report::Report;
use crate::report;
use crate::run::ingest::settle_archive;
use crate::state::outbox::{self, Draft};

/// Rows that wait for their finding; never published.
const WAITING: &str = "events.waiting";

/// The outbox entry of the run being made; without one nothing is written (`--dry-run`).
pub struct Workshop {
    dir: Dir,
    run: u64,
    draft: Option<Draft>,
    archive: bool,
}

impl Workshop {
    pub fn begin(dir: &Dir, run: u64, durable: bool, config: &Config) -> anyhow::Result<Self> {
        let draft = durable
            .then(|| Draft::begin(dir, run))
            .transpose()
            .context("opening the outbox")?;
        Ok(Self {
            dir: dir.clone(),
            run,
            draft,
            archive: config.archive_events,
        })
    }

    /// Where rows go while they are collected; `None` if they are not archived.
    pub fn waiting(&mut self) -> anyhow::Result<Option<Box<dyn Write>>> {
        match &mut self.draft {
            Some(draft) if self.archive => {
                let file = draft.create(WAITING).context("opening the event archive")?;
                Ok(Some(Box::new(BufWriter::new(file))))
            }
            _ => Ok(None),
        }
    }

    /// Writes report, renderings and archive, and makes them durable.
    pub fn stage(self, report: &Report, json: &[u8], fates: &Fates) -> anyhow::Result<()> {
        let Some(mut draft) = self.draft else {
            return Ok(());
        };
        if self.archive {
            let waiting = self
                .dir
                .open_file(&format!("{}/{WAITING}", outbox::path_of(self.run)))?;
            let waiting = waiting.context("the attempt's event archive is gone")?;
            let archive = draft
                .create("events.jsonl")
                .context("opening the event archive")?;
            settle_archive(BufReader::new(waiting), fates, BufWriter::new(archive))?;
            draft.discard(WAITING)?;
        }
        draft.write("report.html", report::html::render(report).as_bytes())?;
        draft.write("report.txt", report::text::render(report).as_bytes())?;
        draft.write("report.json", json)?;
        draft.seal()?;
        Ok(())
    }

    /// Removes what was begun: this attempt has no report.
    pub fn abandon(self) -> anyhow::Result<()> {
        if self.draft.is_some() {
            outbox::remove(&self.dir, self.run)?;
        }
        Ok(())
    }
}
