//! How the command line and the settings say to reach AWS. Secrets are never among it: the SDK's own chain finds those.

use super::Exit;
use super::plan::{Layers, Refusal, first};
use crate::aws::s3::{Options, S3};
use crate::aws::{Access, Session};
use crate::sources::objects::store::{Store, StoreError, StoreTrouble};
use clap::Args;
use std::sync::Arc;

/// What every command that may speak to AWS takes.
#[derive(Clone, Debug, Default, Args)]
pub struct AwsArgs {
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME", env = "NATLENS_PROFILE", hide_env_values = true, help_heading = "AWS")]
    pub profile: Option<String>,
    /// Region to ask; repeatable
    #[arg(
        long,
        value_name = "REGION",
        env = "NATLENS_REGION",
        hide_env_values = true,
        value_delimiter = ',',
        help_heading = "AWS"
    )]
    pub region: Vec<String>,
    /// Pay for reading buckets whose owner asks readers to
    #[arg(long, env = "NATLENS_REQUESTER_PAYS", hide_env_values = true, help_heading = "AWS")]
    pub requester_pays: bool,
    /// Account that must own every bucket
    #[arg(
        long,
        value_name = "ACCOUNT",
        env = "NATLENS_EXPECTED_BUCKET_OWNER",
        hide_env_values = true,
        value_parser = account,
        help_heading = "AWS"
    )]
    pub expected_bucket_owner: Option<String>,
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("an account is 12 digits".to_owned()) }
}

impl AwsArgs {
    /// How to reach AWS.
    pub(super) fn access(&self, settings: &Layers) -> Access {
        let region = self.region.first().cloned();
        Access {
            profile: self.profile.clone().or_else(|| first(settings, |s| s.aws.profile.clone())),
            region: region.or_else(|| first(settings, |s| s.aws.regions.first().cloned())),
            role: None,
        }
    }

    /// A reader of buckets.
    pub(super) fn store(&self, settings: &Layers) -> Result<Arc<dyn Store>, Refusal> {
        let attempts = std::env::var_os("AWS_MAX_ATTEMPTS").and_then(|text| text.to_str()?.parse().ok());
        let owner = first(settings, |s| s.aws.expected_bucket_owner.clone());
        let owner =
            owner.map(|owner| account(&owner).map_err(|why| format!("natlens.toml: expected-bucket-owner: {why}")));
        let refusal = |what| Refusal { exit: Exit::Settings, what, hint: Some("correct the settings file".to_owned()) };
        let options = Options {
            requester_pays: self.requester_pays || first(settings, |s| s.aws.requester_pays).unwrap_or(false),
            expected_bucket_owner: match &self.expected_bucket_owner {
                Some(owner) => Some(owner.clone()),
                None => owner.transpose().map_err(refusal)?,
            },
            max_attempts: attempts,
        };
        let session = Session::open(&self.access(settings));
        Ok(Arc::new(S3::new(session, options)?))
    }
}

/// The exit code of what a store did not give.
pub(super) const fn exit_of(trouble: StoreTrouble) -> Exit {
    match trouble {
        StoreTrouble::Credentials | StoreTrouble::Denied => Exit::Settings,
        StoreTrouble::Remote | StoreTrouble::Changed => Exit::Remote,
        StoreTrouble::Request => Exit::Failed,
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self { exit: exit_of(error.trouble), what: error.what, hint: error.hint }
    }
}
