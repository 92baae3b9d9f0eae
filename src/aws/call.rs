//! Every kind of request that natlens can make, with the permission that it needs.

/// A kind of request to AWS. None of them changes anything; `s3:PutObject` for an export would be the only one that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The action as IAM names it, `ec2:DescribeNatGateways`
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>).
    pub action: &'static str,
    /// What natlens wants to know by it, for people.
    pub purpose: &'static str,
}

/// Whom the credentials belong to. Needs no permission.
pub const GET_CALLER_IDENTITY: Call =
    Call { action: "sts:GetCallerIdentity", purpose: "which account and role the credentials belong to" };

/// The role that the settings name for an account.
pub const ASSUME_ROLE: Call = Call { action: "sts:AssumeRole", purpose: "the accounts that the settings name" };

/// Every call that reads the live account: the policy that natlens needs, sorted, each once.
#[must_use]
pub fn all() -> Vec<Call> {
    let mut calls: Vec<Call> = vec![ASSUME_ROLE];
    calls.extend(super::sts::calls());
    calls.extend(super::ec2::calls());
    calls.extend(super::cloudwatch::calls());
    calls.extend(super::cost_explorer::calls());
    calls.extend(super::logs::calls());
    calls.extend(super::s3::CALLS);
    calls.sort();
    calls.dedup();
    calls
}
