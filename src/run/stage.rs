//! Writes a run's files into the outbox: the rows while they are collected, the report when it is judged.

use std::io::{BufReader, BufWriter, Write as _};

use anyhow::Context as _;

use crate::analyse::Fates;
use crate::collect::follow;
use crate::config::Config;
use crate::disk::Dir;
use crate::model::report::Report;
use crate::report;
use crate::run::ingest::{Archives, settle_archive};
use crate::state::outbox::{self, Draft};

/// Rows of one controller that wait for their finding; never published.
fn waiting(number: usize) -> String {
    format!("events.waiting-{number}")
}

/// The outbox entry of the run being made; without one nothing is written (`--dry-run`).
pub struct Workshop {
    draft: Option<Draft>,
    archive: bool,
    /// Files of waiting rows.
    waiting: usize,
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
            waiting: 0,
        })
    }

    /// Where each controller's rows, and those of files, go while they are collected; nowhere if they are not archived.
    pub fn waiting(&mut self, config: &Config) -> anyhow::Result<Archives<'static>> {
        let mut archives = Archives::new();
        let Some(draft) = self.draft.as_mut().filter(|_| self.archive) else {
            return Ok(archives);
        };
        let controllers = config
            .controllers
            .iter()
            .map(|controller| controller.name.as_str());
        let files = (!config.file_sources.is_empty()).then_some(follow::CONTROLLER);
        let mut names: Vec<&str> = controllers.chain(files).collect();
        names.sort_unstable();
        for (number, name) in names.into_iter().enumerate() {
            let file = draft
                .create(&waiting(number))
                .context("opening the event archive")?;
            archives.insert(name.to_owned(), Box::new(BufWriter::new(file)));
            self.waiting = number + 1;
        }
        Ok(archives)
    }

    /// Writes report, renderings and archive; they are durable once the draft is entered.
    pub fn stage(self, report: &Report, json: &[u8], fates: &Fates) -> anyhow::Result<Option<Draft>> {
        let Some(mut draft) = self.draft else {
            return Ok(None);
        };
        if self.archive {
            let archive = draft
                .create(outbox::EVENTS)
                .context("opening the event archive")?;
            let mut archive = BufWriter::new(archive);
            for number in 0..self.waiting {
                let rows = draft
                    .open(&waiting(number))?
                    .context("the attempt's event archive is gone")?;
                settle_archive(BufReader::new(rows), fates, &mut archive)?;
                draft.discard(&waiting(number))?;
            }
            archive.flush().context("writing the event archive")?;
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
