//! A setting's value with where it came from.

use serde::Serialize;

/// Who said it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "from", content = "at", rename_all = "lowercase")]
pub enum Origin {
    /// The command line; the flag.
    Flag(String),
    /// natlens's own environment variable; its name.
    #[serde(rename = "env")]
    Variable(String),
    /// A settings file: `bundle/natlens.toml:3`.
    File(String),
    /// It lies in the bundle under its usual name; the path.
    Bundle(String),
    /// AWS's own environment or files, which its SDK reads: the variable or the profile.
    Aws(String),
    /// Nobody said anything.
    Default,
}

impl Origin {
    /// The name of the way, and the place.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Flag(at) => ("flag", at),
            Self::Variable(at) => ("env", at),
            Self::File(at) => ("file", at),
            Self::Bundle(at) => ("bundle", at),
            Self::Aws(at) => ("aws", at),
            Self::Default => ("default", ""),
        }
    }
}

/// A value and its origin. Commands use the value; `natlens config` shows both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// What holds.
    pub value: T,
    /// Who said so.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// What holds where nobody said anything.
    pub const fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// The value as another type.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), origin: self.origin }
    }
}
