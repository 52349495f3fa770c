//! The console as the collection sees it: a question in, bytes or a reason out.

use serde_json::Value;

use crate::collect::ask::Ask;
use crate::collect::session::answers::NoRows;
use crate::collect::wire::Page;
use crate::model::failure::{Failure, FailureKind};

/// One question below the Network application's root.
pub struct Question<'a> {
    pub path: &'a str,
    /// With a body it is a POST, else a GET.
    pub body: Option<&'a Value>,
    /// What it is about, for the operator.
    pub what: &'a str,
}

pub type Answering<'a> = dyn FnMut(&Question<'_>) -> Result<Vec<u8>, NoRows> + 'a;

pub struct Console<'a> {
    answer: &'a mut Answering<'a>,
}

impl<'a> Console<'a> {
    pub fn new(answer: &'a mut Answering<'a>) -> Self {
        Self { answer }
    }

    pub fn get(&mut self, path: &str, what: &str) -> Result<Vec<u8>, NoRows> {
        (self.answer)(&Question {
            path,
            body: None,
            what,
        })
    }

    /// A page of a site's log.
    pub fn log_page(&mut self, site: &str, ask: &Ask) -> Result<Page, NoRows> {
        let path = format!("/v2/api/site/{site}/system-log/all");
        let body = (self.answer)(&Question {
            path: &path,
            body: Some(&ask.body()),
            what: "the system log",
        })?;
        Page::decode(&body).map_err(|why| unreadable("the system log", &why))
    }

    /// A page of a list of older consoles; with a body it is asked for by POST.
    pub fn legacy_page(&mut self, path: &str, body: Option<&Value>, what: &str) -> Result<Page, NoRows> {
        let body = (self.answer)(&Question { path, body, what })?;
        Page::decode(&body).map_err(|why| unreadable(what, &why))
    }
}

/// An answer that cannot be understood.
pub fn unreadable(what: &str, why: &str) -> NoRows {
    NoRows::Failed(Failure::new(
        FailureKind::Protocol,
        format!("{what} cannot be read: {why}"),
    ))
}
