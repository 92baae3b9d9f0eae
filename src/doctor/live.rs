//! What the live account said, as findings.

use super::{Finding, count};
use crate::aws::sts::Identity;
use crate::aws::{AwsError, Call, Trouble};

/// Whether a call is allowed, as far as AWS told.
pub type Tried = (Call, Result<bool, AwsError>);

/// How the permissions are had.
const ALLOW: &str = "attach the policy that `natlens doctor --policy` prints";

/// Whose the credentials are.
#[must_use]
pub fn identity(found: &Result<Identity, AwsError>) -> Finding {
    match found {
        Ok(identity) => Finding::ok("credentials", format!("account {}, {}", identity.account, identity.arn)),
        Err(error) => failure("credentials", error),
    }
}

/// What could not be had at all.
#[must_use]
pub fn failure(area: &'static str, error: &AwsError) -> Finding {
    let hint = error.hint.clone().unwrap_or_else(|| match error.trouble {
        Trouble::Denied => ALLOW.to_owned(),
        Trouble::Remote => "try again later".to_owned(),
        _ => "look at --profile, --region and [[accounts]]: `natlens config` shows what holds".to_owned(),
    });
    Finding::problem(area, error.to_string(), hint)
}

/// A finding for what is allowed, and one for each call that is not, or of which nothing is known.
#[must_use]
pub fn permissions(at: &str, tried: &[Tried]) -> Vec<Finding> {
    const AREA: &str = "permissions";
    let allowed = tried.iter().filter(|(_, result)| matches!(result, Ok(true))).count();
    let refused = tried.iter().filter_map(|(call, result)| match result {
        Ok(true) => None,
        Ok(false) => {
            let what = format!("{at}: {} is not allowed: {} is not known without it", call.action, call.purpose);
            Some(Finding::problem(AREA, what, ALLOW))
        }
        Err(error) => Some(failure(AREA, error)),
    });
    let mut findings: Vec<Finding> = refused.collect();
    if allowed > 0 {
        let of = if allowed == tried.len() { "all".to_owned() } else { format!("{allowed} of") };
        findings.push(Finding::ok(AREA, format!("{at}: {of} {} allowed", count(tried.len(), "call", "calls"))));
    }
    findings
}
