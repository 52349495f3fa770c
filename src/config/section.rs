//! One table of the TOML file, read key by key. It remembers what it was asked for, so that every other
//! key in it is told as unknown with the nearest known one, and every value keeps its line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::nearest::nearest;
use crate::config::schema::Document;
use crate::config::setting::{Given, Remarks, Setting};
use crate::model::text::{NAME, clean};

/// One table of the file, and which keys it was asked for: the rest is unknown.
pub struct Section<'a, 'i> {
    document: &'a Document,
    table: &'a DeTable<'i>,
    /// `controller.`, or empty at the top.
    prefix: String,
    /// Where it begins in the text.
    pub start: usize,
    asked: Vec<&'static str>,
}

impl<'a, 'i> Section<'a, 'i> {
    pub fn new(document: &'a Document, table: &'a DeTable<'i>, prefix: String) -> Self {
        Self {
            document,
            table,
            prefix,
            start: 0,
            asked: Vec::new(),
        }
    }

    pub fn text(&mut self, key: &'static str, remarks: &mut Remarks) -> Option<Setting> {
        self.value(key, "text in quotation marks", remarks, |value| {
            value.as_str().map(str::to_owned)
        })
    }

    pub fn flag(&mut self, key: &'static str, remarks: &mut Remarks) -> Option<Setting> {
        self.value(key, "true or false, without quotation marks", remarks, |value| {
            value.as_bool().map(|flag| flag.to_string())
        })
    }

    pub fn number(&mut self, key: &'static str, remarks: &mut Remarks) -> Option<Setting> {
        self.value(key, "a whole number, without quotation marks", remarks, whole)
    }

    /// `"10s"`, or a number of seconds.
    pub fn duration(&mut self, key: &'static str, remarks: &mut Remarks) -> Option<Setting> {
        self.value(key, "a time such as \"10s\"", remarks, |value| {
            value.as_str().map(str::to_owned).or_else(|| whole(value))
        })
    }

    pub fn secret(&mut self, here: &'static str, file: &'static str, remarks: &mut Remarks) -> Option<Given> {
        let value = self.text(here, remarks);
        let file = self.text(file, remarks);
        if let Some(value) = value.as_ref().filter(|_| self.document.world_readable) {
            remarks.warning(format!(
                "{}: every user of this host can read this secret: chmod o-rwx {}",
                value.at,
                self.document.path.display()
            ));
        }
        Given::one_of(value, file, remarks)
    }

    /// A list of texts; one text alone is a list of one.
    pub fn list(&mut self, key: &'static str, remarks: &mut Remarks) -> Vec<Setting> {
        let Some(value) = self.ask(key) else {
            return Vec::new();
        };
        let at = self.name(key, value);
        let texts = match value.get_ref() {
            DeValue::String(text) => Some(vec![text.to_string()]),
            DeValue::Array(array) => array
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>(),
            _ => None,
        };
        if texts.is_none() {
            remarks.problem(format!("{at}: write a list of texts, such as [\"one\", \"two\"]"));
        }
        let texts = texts.unwrap_or_default().into_iter();
        texts.map(|text| self.setting(text, at.clone())).collect()
    }

    pub fn is_table(&self, key: &str) -> bool {
        self.table
            .get(key)
            .is_some_and(|value| value.get_ref().is_table())
    }

    pub fn table(&mut self, key: &'static str, remarks: &mut Remarks) -> Option<Self> {
        let value = self.ask(key)?;
        let Some(table) = value.get_ref().as_table() else {
            remarks.problem(format!(
                "{}: write it as a table, `[{key}]`",
                self.name(key, value)
            ));
            return None;
        };
        Some(self.inner(key, table, value.span().start))
    }

    pub fn tables(&mut self, key: &'static str, remarks: &mut Remarks) -> Vec<Self> {
        let Some(value) = self.ask(key) else {
            return Vec::new();
        };
        let items = value.get_ref().as_array().map(|array| {
            let tables = array
                .iter()
                .map(|item| item.get_ref().as_table().map(|table| (table, item.span().start)));
            tables.collect::<Option<Vec<_>>>()
        });
        if let Some(Some(tables)) = items {
            return tables
                .into_iter()
                .map(|(table, start)| self.inner(key, table, start))
                .collect();
        }
        remarks.problem(format!(
            "{}: write `[[{key}]]`, with two brackets",
            self.name(key, value)
        ));
        Vec::new()
    }

    /// Every key nobody asked for is a typo or a hope.
    pub fn finish(self, remarks: &mut Remarks) {
        for (key, _) in self.table {
            let name = key.get_ref();
            if self.asked.contains(&name.as_ref()) {
                continue;
            }
            let hint = nearest(name, self.asked.iter().copied()).map_or_else(
                || format!("here are known: {}", self.asked.join(", ")),
                |known| format!("did you mean `{known}`?"),
            );
            let shown = clean(name, NAME);
            let place = self.place(key.span().start);
            remarks.problem(format!("{place}: unknown key `{}{shown}`; {hint}", self.prefix));
        }
    }

    /// `unifi.toml line 4`.
    pub fn place(&self, offset: usize) -> String {
        let before = self.document.text.get(..offset).unwrap_or(&self.document.text);
        let file = self
            .document
            .path
            .file_name()
            .unwrap_or(self.document.path.as_os_str());
        format!(
            "{} line {}",
            file.to_string_lossy(),
            before.matches('\n').count() + 1
        )
    }

    fn inner(&self, key: &str, table: &'a DeTable<'i>, start: usize) -> Self {
        let section = Self::new(self.document, table, format!("{}{key}.", self.prefix));
        Self { start, ..section }
    }

    fn ask(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.asked.push(key);
        self.table.get(key)
    }

    fn value(
        &mut self,
        key: &'static str,
        wanted: &str,
        remarks: &mut Remarks,
        read: impl Fn(&DeValue<'_>) -> Option<String>,
    ) -> Option<Setting> {
        let value = self.ask(key)?;
        let at = self.name(key, value);
        match read(value.get_ref()) {
            Some(text) if text.trim().is_empty() => {
                remarks.problem(format!("{at}: is empty: write a value, or remove the line"));
                None
            }
            Some(text) => Some(self.setting(text, at)),
            None => {
                remarks.problem(format!(
                    "{at}: write {wanted}, not a TOML {}",
                    value.get_ref().type_str()
                ));
                None
            }
        }
    }

    fn setting(&self, text: String, at: String) -> Setting {
        let beside = Some(self.document.path.clone());
        Setting { text, at, beside }
    }

    fn name(&self, key: &str, value: &Spanned<DeValue<'_>>) -> String {
        format!("{}{key} ({})", self.prefix, self.place(value.span().start))
    }
}

fn whole(value: &DeValue<'_>) -> Option<String> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix())
        .ok()
        .map(|number| number.to_string())
}
