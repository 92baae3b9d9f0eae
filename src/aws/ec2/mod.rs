//! EC2's describe calls, without its SDK crate (docs/decisions.md): every page, as the JSON that the AWS CLI prints.

mod convert;
mod names;
#[cfg(test)]
mod tests;

use super::error::{AwsError, Trouble};
use super::http::{Budget, Service};
use super::pages::Pages;
use super::query::Query;
use super::{Call, Session};
pub use convert::Page;
use serde_json::{Map, Value};
use std::sync::Arc;

const EC2: Service = Service { id: "EC2", name: "ec2" };
const VERSION: &str = "2016-11-15";

/// A call that describes things, and the command of the AWS CLI that does the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Describe {
    /// Permission and purpose.
    pub call: Call,
    /// `describe-nat-gateways`.
    pub command: &'static str,
    /// Things on a page; the most that AWS allows.
    pub page: &'static str,
}

const fn describe(action: &'static str, command: &'static str, page: &'static str, purpose: &'static str) -> Describe {
    Describe { call: Call { action, purpose }, command, page }
}

/// Everything that the inventory reads. Tags come with the things that have them.
pub const DESCRIBE: [Describe; 11] = [
    describe("ec2:DescribeNatGateways", "describe-nat-gateways", "1000", "the NAT gateways"),
    describe("ec2:DescribeNetworkInterfaces", "describe-network-interfaces", "1000", "whose an address is"),
    describe("ec2:DescribeInstances", "describe-instances", "1000", "names and tags of instances"),
    describe("ec2:DescribeVpcs", "describe-vpcs", "1000", "which addresses are inside"),
    describe("ec2:DescribeSubnets", "describe-subnets", "1000", "which zone an address is in"),
    describe("ec2:DescribeRouteTables", "describe-route-tables", "100", "what goes through a NAT gateway"),
    describe("ec2:DescribeVpcEndpoints", "describe-vpc-endpoints", "1000", "the endpoints that exist"),
    describe(
        "ec2:DescribeVpcEndpointServices",
        "describe-vpc-endpoint-services",
        "1000",
        "which endpoints a Region offers, and in which zones",
    ),
    describe(
        "ec2:DescribeManagedPrefixLists",
        "describe-managed-prefix-lists",
        "100",
        "what a gateway endpoint captures",
    ),
    describe("ec2:DescribeFlowLogs", "describe-flow-logs", "1000", "which flow logs exist, and their fields"),
    describe(
        "ec2:DescribeTransitGatewayAttachments",
        "describe-transit-gateway-attachments",
        "1000",
        "which VPCs share a NAT gateway over a transit gateway",
    ),
];

/// The addresses of one prefix list.
pub const PREFIX_LIST_ENTRIES: Describe = describe(
    "ec2:GetManagedPrefixListEntries",
    "get-managed-prefix-list-entries",
    "100",
    "which addresses a gateway endpoint captures",
);

/// Every call of this module.
pub fn calls() -> impl Iterator<Item = Call> {
    DESCRIBE.into_iter().chain([PREFIX_LIST_ENTRIES]).map(|describe| describe.call)
}

/// EC2 in one Region.
#[derive(Debug)]
pub struct Ec2(Query);

impl Ec2 {
    /// In the session's Region. `at` says in messages whom is asked, `111122223333 us-east-1`.
    pub fn new(session: &Session, at: &str, budget: Arc<Budget>) -> Result<Self, AwsError> {
        Query::new(session, EC2, VERSION, at, budget).map(Self)
    }

    /// One page, the first without a token.
    pub async fn page(
        &self,
        what: &Describe,
        parameters: &[(&str, &str)],
        token: Option<&str>,
    ) -> Result<Page, AwsError> {
        let mut all = vec![("MaxResults", what.page)];
        all.extend_from_slice(parameters);
        all.extend(token.map(|token| ("NextToken", token)));
        Ok(convert::page(&self.0.call(what.call.action, &all).await?))
    }

    /// Whether a call is allowed, without making it.
    ///
    /// Source: EC2 API reference, common query parameters, `DryRun`: `DryRunOperation` where it would have been answered.
    pub async fn is_allowed(&self, what: &Describe, parameters: &[(&str, &str)]) -> Result<bool, AwsError> {
        let mut all = vec![("DryRun", "true")];
        all.extend_from_slice(parameters);
        match self.page(what, &all, None).await {
            Ok(_) => Ok(true),
            // Permission is looked at first: a parameter that means nothing shows that it is there.
            Err(error) if error.why.starts_with("DryRunOperation") || error.why.starts_with("Invalid") => Ok(true),
            Err(error) if error.trouble == Trouble::Denied => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All pages as one, as the AWS CLI prints them.
    pub async fn describe(&self, what: &Describe, parameters: &[(&str, &str)]) -> Result<Map<String, Value>, AwsError> {
        let (mut whole, mut token, mut pages) = (Map::new(), None::<String>, Pages::new(what.call, self.0.at()));
        loop {
            let page = self.page(what, parameters, token.as_deref()).await?;
            merge(&mut whole, page.values);
            token = pages.next(page.next.as_deref())?;
            if token.is_none() {
                return Ok(whole);
            }
        }
    }
}

/// Lists of the same key are one after the other.
fn merge(whole: &mut Map<String, Value>, page: Map<String, Value>) {
    for (key, value) in page {
        match (whole.get_mut(&key), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (_, value) => drop(whole.insert(key, value)),
        }
    }
}
