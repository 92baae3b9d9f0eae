//! Who the credentials are.

use super::call::GET_CALLER_IDENTITY;
use super::error::{AwsError, Trouble};
use super::http::{Budget, Service};
use super::query::Query;
use super::{Call, Session};
use crate::model::account::is_account;
use std::sync::Arc;

const STS: Service = Service { id: "STS", name: "sts" };
const VERSION: &str = "2011-06-15";

/// Whom credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account, 12 digits.
    pub account: String,
    /// User or role.
    pub arn: String,
}

/// Every call of this module.
pub fn calls() -> impl Iterator<Item = Call> {
    [GET_CALLER_IDENTITY].into_iter()
}

/// Asks in the session's Region. Needs no permission, so that a refusal tells that the credentials are bad.
pub async fn identity(session: &Session, budget: Arc<Budget>) -> Result<Identity, AwsError> {
    let at = session.role().map(|role| role.arn.clone()).unwrap_or_default();
    let query = Query::new(session, STS, VERSION, &at, budget)?;
    let root = query.call(GET_CALLER_IDENTITY.action, &[]).await?;
    let result = root.child("GetCallerIdentityResult");
    let text = |name: &str| result.and_then(|result| result.child(name)).map(|child| child.text.clone());
    match (text("Account"), text("Arn")) {
        (Some(account), Some(arn)) if is_account(&account) => Ok(Identity { account, arn }),
        _ => Err(query.error(Trouble::Remote, GET_CALLER_IDENTITY.action, "the answer names no account")),
    }
}
