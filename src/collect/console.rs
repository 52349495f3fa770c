//! The console as the collection sees it: a question in, bytes or a reason out.

use serde_json::Value;

use crate::collect::ask::Ask;
use crate::collect::session::answers::NoRows;
use crate::collect::wire::anomalies;
use crate::collect::wire::flows::{self, FlowPage};
use crate::collect::wire::page::Page;
use crate::model::failure::{Failure, FailureKind};
use crate::model::source::SourceKind;

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

    /// A page of a class of a site's log: all of it, what the console keeps apart as audit, or what admins did.
    /// Of rows whose key and base event say enough nothing else is read.
    pub fn log_page(
        &mut self,
        site: &str,
        class: SourceKind,
        ask: &Ask,
        is_enough: fn(&str, &str) -> bool,
    ) -> Result<Page, NoRows> {
        let mut body = ask.body();
        let (name, what) = match class {
            SourceKind::AdminActivity => ("admin-activity", "what admins did"),
            SourceKind::Audit => ("all", "the audit log"),
            _ => ("all", "the system log"),
        };
        if class == SourceKind::Audit
            && let Some(body) = body.as_object_mut()
        {
            body.insert("type".to_owned(), "AUDIT".into());
        }
        let path = format!("/v2/api/site/{site}/system-log/{name}");
        let answer = (self.answer)(&Question {
            path: &path,
            body: Some(&body),
            what,
        })?;
        Page::decode_all_but(&answer, &is_enough).map_err(|why| unreadable(what, &why))
    }

    /// A page of traffic flows.
    pub fn flows(&mut self, site: &str, body: &Value) -> Result<FlowPage, NoRows> {
        const WHAT: &str = "the traffic flows";
        let answer = (self.answer)(&Question {
            path: &format!("/v2/api/site/{site}/traffic-flows"),
            body: Some(body),
            what: WHAT,
        })?;
        flows::page(&answer).map_err(|why| unreadable(WHAT, &why))
    }

    /// The hours of bad connections in `[from, to]`, milliseconds; a row for each.
    pub fn anomalies(&mut self, site: &str, from: i64, to: i64) -> Result<Page, NoRows> {
        const WHAT: &str = "the hours of bad connections";
        let path = format!("/api/s/{site}/stat/anomalies?scale=hourly&start={from}&end={to}");
        let body = self.get(&path, WHAT)?;
        anomalies::page(&body).map_err(|why| unreadable(WHAT, &why))
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
