//! Cuts a stream into JSON documents without holding more than one: line by line where the lines are documents,
//! else whole. Lines for log servers are left to others.

use std::io::{BufRead, Cursor, Read as _};

use crate::collect::files::{FilesError, unreadable};
use crate::collect::lines::frame;
use crate::collect::wire::json;

/// The largest document that is read whole.
const LARGEST: usize = 64 * 1024 * 1024;

pub enum Piece {
    Document(Vec<u8>),
    /// A line that is no JSON.
    Broken,
}

pub struct Input<'a> {
    from: Box<dyn BufRead + 'a>,
    shown: String,
    /// Lines read while finding out what this is.
    ahead: Vec<Vec<u8>>,
    /// Where the lines are no documents: all of it, and how far it was cut.
    text: Vec<u8>,
    at: usize,
    form: Option<Form>,
}

/// What the bytes turned out to be.
pub enum Opened<'a> {
    /// Lines for log servers: all of them, those included that were read to find it out.
    Log(Box<dyn BufRead + 'a>),
    Documents(Input<'a>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Lines,
    /// Of CEF or syslog.
    Log,
    /// One document after the other, each over as many lines as it likes.
    Documents,
}

impl<'a> Input<'a> {
    pub fn new(from: Box<dyn BufRead + 'a>, shown: &str) -> Self {
        Self {
            from,
            shown: shown.to_owned(),
            ahead: Vec::new(),
            text: Vec::new(),
            at: 0,
            form: None,
        }
    }

    /// Finds out what it holds.
    pub fn open(mut self) -> Result<Opened<'a>, FilesError> {
        let form = self.recognise()?;
        self.form = Some(form);
        match form {
            Form::Log => {
                let lines = self.ahead.drain(..).flat_map(|line| [line, vec![b'\n']].concat());
                let ahead: Vec<u8> = lines.collect();
                return Ok(Opened::Log(Box::new(Cursor::new(ahead).chain(self.from))));
            }
            Form::Documents => self.read_whole()?,
            Form::Lines => {}
        }
        Ok(Opened::Documents(self))
    }

    /// The next document; errors say what is wrong with which file.
    pub fn next(&mut self) -> Result<Option<Piece>, FilesError> {
        match self.form {
            Some(Form::Lines) => self.next_line(),
            _ => self.next_document(),
        }
    }

    /// Lines are documents if one of the first two is one and there are two.
    fn recognise(&mut self) -> Result<Form, FilesError> {
        while self.ahead.len() < 2 {
            match self.line()? {
                Some(line) if frame::is_line(&line) => {
                    self.ahead.push(line);
                    return Ok(Form::Log);
                }
                Some(line) => self.ahead.push(line),
                None => return Ok(Form::Documents),
            }
        }
        let whole = |line: &Vec<u8>| {
            line.starts_with(b"{")
                && json::first_value(line).is_some_and(|(_, rest)| json::trimmed(rest).is_empty())
        };
        Ok(if self.ahead.iter().any(whole) {
            Form::Lines
        } else {
            Form::Documents
        })
    }

    fn next_line(&mut self) -> Result<Option<Piece>, FilesError> {
        let line = if self.ahead.is_empty() {
            self.line()?
        } else {
            Some(self.ahead.remove(0))
        };
        Ok(line.map(|line| match json::first_value(&line) {
            Some((_, rest)) if json::trimmed(rest).is_empty() => Piece::Document(line),
            _ => Piece::Broken,
        }))
    }

    fn next_document(&mut self) -> Result<Option<Piece>, FilesError> {
        let rest = json::trimmed(self.text.get(self.at..).unwrap_or_default());
        if rest.is_empty() {
            return Ok(None);
        }
        let Some((document, rest)) = json::first_value(rest) else {
            let why = format!("{} is cut off or is no JSON", self.shown);
            return Err(FilesError::Unusable(why));
        };
        self.at = self.text.len() - rest.len();
        Ok(Some(Piece::Document(document.to_vec())))
    }

    fn read_whole(&mut self) -> Result<(), FilesError> {
        self.text = self.ahead.drain(..).flatten().collect();
        let room = u64::try_from(LARGEST.saturating_sub(self.text.len()) + 1).unwrap_or(u64::MAX);
        let rest = self.from.by_ref().take(room).read_to_end(&mut self.text);
        rest.map_err(|error| unreadable(&self.shown, &error))?;
        if self.text.len() > LARGEST {
            Err(self.too_large())
        } else {
            Ok(())
        }
    }

    /// The next line that is not blank, without the byte order mark.
    fn line(&mut self) -> Result<Option<Vec<u8>>, FilesError> {
        loop {
            let mut line = Vec::new();
            let room = u64::try_from(LARGEST + 1).unwrap_or(u64::MAX);
            let read = self.from.by_ref().take(room).read_until(b'\n', &mut line);
            read.map_err(|error| unreadable(&self.shown, &error))?;
            if line.len() > LARGEST {
                return Err(self.too_large());
            }
            if line.is_empty() {
                return Ok(None);
            }
            let trimmed = json::trimmed(&line);
            if !trimmed.is_empty() {
                return Ok(Some(trimmed.to_vec()));
            }
        }
    }

    fn too_large(&self) -> FilesError {
        FilesError::Unusable(format!(
            "{} holds a document of more than {} MiB; give its rows as JSON lines, which may be as many as you like",
            self.shown,
            LARGEST / 1024 / 1024
        ))
    }
}
