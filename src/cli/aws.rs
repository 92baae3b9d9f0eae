//! How the command line and the settings say to reach AWS. Secrets are never among it: the SDK's own chain finds those.

use super::Exit;
use super::given::Given;
use super::layers::Layers;
use super::plan::Refusal;
use super::resolve::{AccessSettings, BucketSettings};
use crate::aws::s3::{Options, S3};
use crate::aws::{Access, Session};
use crate::sources::objects::store::{Store, StoreError, StoreTrouble};
use clap::Args;
use std::sync::Arc;

/// Whom to ask, and where. No secret is among it: credentials come from AWS's own environment and files.
#[derive(Clone, Debug, Default, Args)]
pub struct AccessArgs {
    /// Which arguments were given; first, because reading an argument takes it away.
    #[command(flatten)]
    pub given: Given,
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME", env = "NATLENS_PROFILE", hide_env_values = true, help_heading = "AWS")]
    pub profile: Option<String>,
    /// Region to ask; repeatable [default: the Region of the profile]
    #[arg(
        long,
        value_name = "REGION",
        env = "NATLENS_REGION",
        hide_env_values = true,
        value_delimiter = ',',
        help_heading = "AWS"
    )]
    pub region: Vec<String>,
}

/// What every command that may read buckets takes.
#[derive(Clone, Debug, Default, Args)]
pub struct AwsArgs {
    /// Whom to ask, and where.
    #[command(flatten)]
    pub access: AccessArgs,
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

pub(super) fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("an account is 12 digits".to_owned()) }
}

impl AwsArgs {
    /// A reader of buckets.
    pub(super) fn store(&self, layers: &Layers) -> Result<Arc<dyn Store>, Refusal> {
        let access = AccessSettings::new(&self.access, layers);
        let buckets = BucketSettings::new(self, layers)?;
        let options = Options {
            requester_pays: buckets.requester_pays.value,
            expected_bucket_owner: buckets.expected_owner.map(|owner| owner.value),
            max_attempts: std::env::var_os("AWS_MAX_ATTEMPTS").and_then(|text| text.to_str()?.parse().ok()),
        };
        let session = Session::open(&Access {
            profile: access.profile.map(|profile| profile.value),
            region: access.regions.and_then(|regions| regions.value.first().cloned()),
            role: None,
        });
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
