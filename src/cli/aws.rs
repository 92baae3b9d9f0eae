//! How settings that say how to reach AWS become a reader of buckets. Secrets are never among them: the SDK's own chain finds those.

use super::layers::Layers;
use super::plan::Refusal;
use super::resolve::{AccessSettings, BucketSettings};
use super::{AwsArgs, Exit};
use crate::aws::s3::{Options, S3, Signers, Writer};
use crate::aws::{Access, Session};
use crate::model::account::is_account;
use crate::sources::objects::store::{Address, Store, StoreError, StoreTrouble};
use std::sync::Arc;

/// An account's id, as the command line reads it.
pub(super) fn account(text: &str) -> Result<String, String> {
    if is_account(text) { Ok(text.to_owned()) } else { Err("an account is 12 digits".to_owned()) }
}

/// A reader of buckets.
pub(super) fn store(args: &AwsArgs, layers: &Layers) -> Result<Arc<dyn Store>, Refusal> {
    let (signers, options) = signers(args, layers)?;
    Ok(Arc::new(S3::new(signers, options)?))
}

/// A writer to an address that the user named for that.
pub(super) fn writer(address: &Address, args: &AwsArgs, layers: &Layers) -> Result<Arc<Writer>, Refusal> {
    if !address.is_sound() {
        let hint = Some("write it as s3://BUCKET/PREFIX".to_owned());
        return Err(Refusal { exit: Exit::Usage, what: format!("{address}: is no address of a bucket"), hint });
    }
    let (signers, options) = signers(args, layers)?;
    Ok(Arc::new(Writer::new(signers, options, address)?))
}

/// Whose credentials sign, and how.
fn signers(args: &AwsArgs, layers: &Layers) -> Result<(Signers, Options), Refusal> {
    let settings = AccessSettings::new(&args.access, layers);
    let buckets = BucketSettings::new(args, layers)?;
    let roles = settings.readers()?;
    let access = own(settings);
    let options = Options {
        requester_pays: buckets.requester_pays.value,
        expected_bucket_owner: buckets.expected_owner.map(|owner| owner.value),
        max_attempts: std::env::var_os("AWS_MAX_ATTEMPTS").and_then(|text| text.to_str()?.parse().ok()),
    };
    let by_role = |(role, buckets)| (Session::open(&Access { role: Some(role), ..access.clone() }), buckets);
    let roles = roles.into_iter().map(by_role).collect();
    Ok((Signers { own: Session::open(&access), roles }, options))
}

/// The credentials themselves, without a role.
fn own(settings: AccessSettings) -> Access {
    let region = settings.regions.and_then(|regions| regions.value.into_iter().next());
    Access { profile: settings.profile.map(|profile| profile.value), region, role: None }
}

/// With whose credentials other services are asked.
pub(super) fn session(args: &AwsArgs, layers: &Layers) -> Session {
    Session::open(&own(AccessSettings::new(&args.access, layers)))
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
