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
    draft: Option<Draft>,
    archive: bool,
}

impl Workshop {
    pub fn begin(dir: &Dir, run: u64, attempt_id: Option<&str>, config: &Config) -> anyhow::Result<Self> {
        let draft = attempt_id
            .map(|id| Draft::begin(dir, &outbox::path_of(run), id))
            .transpose()
            .context("opening the outbox")?;
        Ok(Self {
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

    /// Writes report, renderings and archive; they are durable once the draft is entered.
    pub fn stage(self, report: &Report, json: &[u8], fates: &Fates) -> anyhow::Result<Option<Draft>> {
        let Some(mut draft) = self.draft else {
            return Ok(None);
        };
        if self.archive {
            let waiting = draft
                .open(WAITING)?
                .context("the attempt's event archive is gone")?;
            let archive = draft
                .create("events.jsonl")
                .context("opening the event archive")?;
            settle_archive(BufReader::new(waiting), fates, BufWriter::new(archive))?;
            draft.discard(WAITING)?;
        }
        draft.write("report.html", report::html::render(report).as_bytes())?;
        draft.write("report.txt", report::text::render(report).as_bytes())?;
        draft.write("report.json", json)?;
        Ok(Some(draft))
    }

    /// Removes what was begun: this attempt has no report.
    pub fn abandon(self) -> anyhow::Result<()> {
        if let Some(draft) = self.draft {
            draft.abandon()?;
        }
        Ok(())
    }
}
