//! Every kind of request that natlens can make, with the permission that it needs.

/// A kind of request to AWS. None of them changes anything but those to S3 that write, where the user names an address for that.
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

/// Every call: those that read, and those that write to an address that the user names. Sorted, each once.
#[must_use]
pub fn all() -> Vec<Call> {
    let mut calls: Vec<Call> = vec![ASSUME_ROLE];
    calls.extend(super::sts::calls());
    calls.extend(super::ec2::calls());
    calls.extend(super::cloudwatch::calls());
    calls.extend(super::cost_explorer::calls());
    calls.extend(super::logs::calls());
    calls.extend(super::athena::calls());
    calls.extend(super::s3::CALLS);
    calls.extend(super::s3::WRITES);
    calls.sort();
    calls.dedup();
    calls
}
