//! A file of lines for log servers among those that `--input` names.

use std::io::BufRead;

use crate::collect::Taking;
use crate::collect::files::{File, FilesError, site};
use crate::collect::lines::Lines;
use crate::collect::lines::calendar::Calendar;
use crate::collect::lines::plain::{Cut, Piece, each_line};
use crate::model::position::Position;

impl File<'_> {
    /// Reads all lines. `is_repeat`: the very same file was given before.
    pub fn log(
        &mut self,
        text: &mut dyn BufRead,
        calendar: Calendar,
        is_repeat: bool,
        take: &mut Taking<'_>,
    ) -> Result<(), FilesError> {
        let mut lines = Lines::new(self.source.site.clone(), calendar);
        lines.is_repeat = is_repeat;
        let source = self.source.clone();
        let mut give = |lines: &mut Lines| {
            let slice = lines.slice(&source, &site(), Position::unread(chrono::DateTime::UNIX_EPOCH));
            take(slice)
        };
        let read = each_line(text, 0, &mut |piece, at, _| {
            match piece {
                Piece::Line(line) | Piece::Tail(line) => lines.take(line, at),
                Piece::TooLong => lines.too_long(),
            }
            if lines.is_full() {
                give(&mut lines)?;
            }
            Ok(true)
        });
        let read = match read {
            Ok(()) => give(&mut lines).map_err(Cut::Taking),
            Err(Cut::Broken(error)) => {
                let why = format!(
                    "it breaks off after {} lines that could be read: {error}",
                    lines.taken()
                );
                self.total.broken = Some(why);
                give(&mut lines).map_err(Cut::Taking)
            }
            other => other,
        };
        if let Err(Cut::Taking(error)) = read {
            return Err(FilesError::Taking(error));
        }
        let told = lines.total;
        if told.is_foreign() && self.total.broken.is_none() {
            return Err(FilesError::Unusable(format!(
                "{} holds {} lines of a log server, and none of them is of a UniFi device or console: give the file that \
                 these write to",
                self.shown, told.foreign
            )));
        }
        self.total.pages += 1;
        self.total.events += told.events;
        self.total.records += told.received();
        self.total.malformed += told.malformed;
        self.total.duplicates += told.duplicates;
        self.total.hull = lines.all;
        self.total.remarks.extend(lines.remarks(&self.shown));
        Ok(())
    }
}
