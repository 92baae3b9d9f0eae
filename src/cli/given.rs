//! Which arguments somebody gave, and by which way: on the command line or by an environment variable.

use super::origin::Origin;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};
use std::collections::BTreeMap;

/// The arguments of a command that were given, by their name in the program (`flow_logs`). It takes no argument itself: it is
/// flattened into a command as its first field, because reading an argument takes it out of what clap found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given(BTreeMap<String, Way>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Flag,
    Variable,
}

impl Given {
    /// Whether a setting, by its name in settings files (`flow-logs`), was given.
    #[must_use]
    pub fn has(&self, setting: &str) -> bool {
        self.0.contains_key(&setting.replace('-', "_"))
    }

    /// Whether it was given on the command line, and not by a variable that is set for whenever it is needed.
    #[must_use]
    pub fn is_flag(&self, setting: &str) -> bool {
        self.0.get(&setting.replace('-', "_")) == Some(&Way::Flag)
    }

    /// How a setting that was given was given.
    #[must_use]
    pub fn origin(&self, setting: &str) -> Origin {
        let id = setting.replace('-', "_");
        match self.0.get(&id) {
            Some(Way::Variable) => Origin::Variable(format!("NATLENS_{}", id.to_uppercase())),
            _ => Origin::Flag(format!("--{setting}")),
        }
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for id in matches.ids() {
            let way = match matches.value_source(id.as_str()) {
                Some(ValueSource::CommandLine) => Way::Flag,
                Some(ValueSource::EnvVariable) => Way::Variable,
                _ => continue,
            };
            self.0.insert(id.as_str().to_owned(), way);
        }
        Ok(())
    }
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
