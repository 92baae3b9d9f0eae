//! `--group-by` on the command line: names that complete, and `tag:KEY` beside them.

use crate::report::dimension::Dimension;
use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsStr;

/// Reads a dimension; help and completion list those that have a name.
#[derive(Clone, Copy, Debug)]
pub struct DimensionParser;

impl TypedValueParser for DimensionParser {
    type Value = Dimension;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let text = value.to_string_lossy();
        text.parse().map_err(|_| {
            let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
            if let Some(arg) = arg {
                error.insert(ContextKind::InvalidArg, ContextValue::String(arg.to_string()));
            }
            error.insert(ContextKind::InvalidValue, ContextValue::String(text.clone().into_owned()));
            let valid = Dimension::NAMED.iter().map(|(name, _)| (*name).to_owned()).chain(["tag:KEY".to_owned()]);
            error.insert(ContextKind::ValidValue, ContextValue::Strings(valid.collect()));
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Dimension::NAMED.iter().map(|(name, _)| PossibleValue::new(*name))))
    }
}
