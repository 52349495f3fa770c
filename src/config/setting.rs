//! One value as somebody wrote it and where, and what there is to say about it. No meaning yet.

use std::path::PathBuf;

use crate::config::nearest::nearest;
use crate::model::text::{NAME, clean};

/// A value and the place it comes from: `UNIFI_HOST`, or `controller.host (unifi.toml line 4)`.
#[derive(Clone, Debug)]
pub struct Setting {
    pub text: String,
    pub at: String,
    /// Where a relative path starts; `None` is the working directory.
    pub beside: Option<PathBuf>,
}

/// A secret itself, or the file that holds it.
#[derive(Clone, Debug)]
pub enum Given {
    Here(Setting),
    File(Setting),
}

impl Given {
    pub fn at(&self) -> &str {
        match self {
            Self::Here(setting) | Self::File(setting) => &setting.at,
        }
    }

    /// The one of the two that is there; both is a contradiction.
    pub fn one_of(here: Option<Setting>, file: Option<Setting>, remarks: &mut Remarks) -> Option<Self> {
        match (here, file) {
            (Some(here), Some(file)) => {
                remarks.problem(format!(
                    "{} and {} are both set and may differ: remove one of them",
                    here.at, file.at
                ));
                Some(Self::Here(here))
            }
            (Some(here), None) => Some(Self::Here(here)),
            (None, Some(file)) => Some(Self::File(file)),
            (None, None) => None,
        }
    }
}

/// What is wrong, and what is legal but worth saying.
#[derive(Clone, Debug, Default)]
pub struct Remarks {
    pub problems: Vec<String>,
    pub warnings: Vec<String>,
}

impl Remarks {
    pub fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    pub fn warning(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }
}

impl Setting {
    /// The value as it may be shown to people: never for secrets.
    pub fn shown(&self) -> String {
        format!("`{}`", clean(&self.text, NAME))
    }

    /// The one of `choices` that was meant, or a problem that names the nearest and all of them.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)], remarks: &mut Remarks) -> Option<T> {
        let text = self.text.trim().to_ascii_lowercase();
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let hint = nearest(&text, names.iter().copied())
            .map_or(String::new(), |name| format!("; did you mean `{name}`?"));
        remarks.problem(format!(
            "{}: {} is not one of {}{hint}",
            self.at,
            self.shown(),
            names.join(", ")
        ));
        None
    }

    pub fn flag(&self, remarks: &mut Remarks) -> Option<bool> {
        let words = [
            ("true", true),
            ("false", false),
            ("1", true),
            ("0", false),
            ("yes", true),
            ("no", false),
            ("on", true),
            ("off", false),
        ];
        let text = self.text.trim().to_ascii_lowercase();
        let meant = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        if meant.is_none() {
            remarks.problem(format!("{}: {} is neither true nor false", self.at, self.shown()));
        }
        meant
    }

    /// A whole number between `least` and `most`.
    pub fn number(&self, what: &str, least: u32, most: u32, remarks: &mut Remarks) -> Option<u32> {
        let number = self
            .text
            .trim()
            .parse()
            .ok()
            .filter(|n| (least..=most).contains(n));
        if number.is_none() {
            remarks.problem(format!(
                "{}: {} is not {what}: write a whole number from {least} to {most}",
                self.at,
                self.shown()
            ));
        }
        number
    }

    /// A path, from beside the file that names it.
    pub fn path(&self, remarks: &mut Remarks) -> Option<PathBuf> {
        if self.text.starts_with(['~', '$']) {
            remarks.problem(format!(
                "{}: {} would be taken literally, nothing expands it here: write the full path",
                self.at,
                self.shown()
            ));
            return None;
        }
        if self.text.contains('\0') {
            remarks.problem(format!("{}: a path cannot contain a NUL character", self.at));
            return None;
        }
        Some(match &self.beside {
            Some(file) => crate::config::beside(file, &self.text),
            None => PathBuf::from(&self.text),
        })
    }
}
