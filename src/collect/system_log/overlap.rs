//! Late rows by the counts: which parts of the overlap must be read again. That a count is unchanged proves that
//! nothing came late only where the console has dropped nothing meanwhile.

use crate::collect::ask::{Ask, Asking, PAGE, Span, Unread};
use crate::collect::session::answers::NoRows;
use crate::collect::slice::End;
use crate::collect::system_log::Reading;
use crate::collect::windows;

impl Reading<'_, '_> {
    /// A part before what is new; gives back how it ended if nothing more can be read. One that cannot be proved
    /// is looked at again by the next run: what is new cannot wait for it.
    pub fn late(&mut self, part: Span, ask: &mut Asking<'_>) -> anyhow::Result<Option<End>> {
        if part.length() == 0 {
            return Ok(None);
        }
        match self.all(part, None, ask)? {
            End::Read => Ok(None),
            End::Stopped(_, Unread::Unproved(why)) => {
                self.doubt_late(&why);
                Ok(None)
            }
            stopped @ End::Stopped(..) => Ok(Some(stopped)),
        }
    }

    pub fn doubt_late(&mut self, why: &str) {
        self.doubt = Some(format!(
            "rows that came late cannot be told from known ones: {why}"
        ));
    }

    /// The parts of the counted part of the overlap that must be read.
    pub fn changed(
        &mut self,
        overlap: Span,
        counted: Span,
        ask: &mut Asking<'_>,
    ) -> Result<Vec<Span>, NoRows> {
        let known = windows::known_rows(&self.position, counted);
        if counted.length() == 0 || known == 0 {
            return self.grown(counted, ask);
        }
        let Some(now) = total(counted, ask)? else {
            return Ok(vec![counted]);
        };
        // Not longer than an answer: reading it is no dearer than asking what was dropped.
        if now <= PAGE {
            return Ok(vec![counted]);
        }
        // Consoles drop the oldest rows first. As long as there are older ones, the overlap is untouched.
        let older = total(windows::behind(overlap), ask)?.unwrap_or(0);
        let mut parts = Vec::new();
        let mut rest = counted;
        if older == 0 {
            rest.from = self.dropped_before(counted, ask)?;
            parts.push(Span {
                from: counted.from,
                to: rest.from,
            });
            parts.retain(|part| part.length() > 0);
        }
        if parts.is_empty() && now == known {
            self.overlap_rows += now;
            return Ok(parts);
        }
        parts.extend(self.grown(rest, ask)?);
        Ok(parts)
    }

    /// The end of the first hour that still holds what it held: what was dropped lies before it, and after it the
    /// counts are a proof. The beginning if a crowded oldest hour is unchanged: to read it in every run is too dear.
    fn dropped_before(&self, counted: Span, ask: &mut Asking<'_>) -> Result<i64, NoRows> {
        let mut from = counted.from;
        for to in windows::known_hour_ends(&self.position, counted) {
            let hour = Span { from, to };
            let known = windows::known_rows(&self.position, hour);
            let is_unchanged = total(hour, ask)? == Some(known);
            if is_unchanged && from == counted.from && known > PAGE {
                break;
            }
            from = to;
            if is_unchanged {
                break;
            }
        }
        Ok(from)
    }

    /// The parts of a stretch from which nothing was dropped whose number of rows is not the one known.
    fn grown(&mut self, part: Span, ask: &mut Asking<'_>) -> Result<Vec<Span>, NoRows> {
        if part.length() == 0 {
            return Ok(Vec::new());
        }
        let known = windows::known_rows(&self.position, part);
        match (total(part, ask)?, windows::middle_hour(part)) {
            (Some(total), _) if total == known => {
                self.overlap_rows += total;
                Ok(Vec::new())
            }
            (Some(total), Some(middle)) if total > PAGE && known > 0 => {
                let mut changed = self.grown(
                    Span {
                        from: part.from,
                        to: middle,
                    },
                    ask,
                )?;
                changed.extend(self.grown(
                    Span {
                        from: middle,
                        to: part.to,
                    },
                    ask,
                )?);
                Ok(changed)
            }
            _ => Ok(vec![part]),
        }
    }
}

fn total(part: Span, ask: &mut Asking<'_>) -> Result<Option<u64>, NoRows> {
    let question = Ask::of(part, 0, 1);
    let page = ask(&question)?;
    Ok(page.total.filter(|_| question.is_answered_by(&page)))
}
