//! Warnings: what lowers a report's value, counted by kind with the first places. A value, never printed here.

use crate::report::WarningRow;
use std::collections::BTreeMap;

/// Every kind of warning: its stable code and what the user can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// An object or file that gave nothing.
    UnreadableObject,
    /// A record that is none.
    MalformedRecord,
    /// Objects with the content of another.
    DuplicateObject,
    /// Flow logs of one interface in one hour.
    DuplicateFlowLog,
    /// SKIPDATA records at a gateway.
    SkipData,
    /// A log without `action` or `log-status`.
    AssumedStatus,
    /// A gateway known from records only.
    InferredGateway,
    /// No inventory at all.
    NoInventory,
    /// A gateway that no flow log covers.
    UnobservedGateway,
    /// A private gateway in a log without `pkt-*`.
    UndecidablePrivateNat,
    /// Records under neither an interface nor a resource id.
    UnattributableRecords,
    /// A next hop that is a NAT gateway, but which?
    UnnamedGateway,
    /// A price that the book does not have.
    MissingPrice,
    /// Traffic of S3 or DynamoDB whose client's VPC is not known.
    UndecidedTraffic,
    /// Traffic between two VPCs whose ports do not tell which end serves.
    UndecidedService,
    /// Records do not reach from the first to the last day.
    PartialPeriod,
    /// Inventory that could not be used.
    Inventory,
    /// Names of ranges or rules that could not be used.
    Reference,
}

impl Code {
    const fn text(self) -> (&'static str, &'static str) {
        match self {
            Code::UnreadableObject => (
                "unreadable-object",
                "the object's bytes are in none of the sums; fetch it again, or remove it from the folder if it is no flow log",
            ),
            Code::MalformedRecord => (
                "malformed-record",
                "the records are in none of the sums; look at the lines named and at the log's header",
            ),
            Code::DuplicateObject => ("duplicate-object", "nothing to do: each content was counted once"),
            Code::DuplicateFlowLog => (
                "duplicate-flow-log",
                "nothing to do: one flow log per interface and hour was counted; drop the other to save its cost",
            ),
            Code::SkipData => (
                "skipdata",
                "AWS dropped records while it wrote the log; the bytes shown are too low by an unknown amount: compare them with CloudWatch",
            ),
            Code::AssumedStatus => (
                "assumed-status",
                "add action and log-status to the flow log's format, so that rejected traffic can be told apart",
            ),
            Code::InferredGateway => (
                "inferred-gateway",
                "add `aws ec2 describe-nat-gateways` and `describe-network-interfaces` output to inventory/ for ids, names and VPCs",
            ),
            Code::NoInventory => (
                "no-inventory",
                "add `aws ec2 describe-*` output to inventory/: without it client VPCs, route tables and existing endpoints are unknown, so nothing can be decided",
            ),
            Code::UnobservedGateway => (
                "unobserved-gateway",
                "enable a flow log on the gateway's interface or subnet; its bytes are unknown, not zero",
            ),
            Code::UndecidablePrivateNat => (
                "undecidable-private-nat",
                "a private NAT gateway's clients and remotes are both private: log pkt-srcaddr and pkt-dstaddr to tell them apart",
            ),
            Code::UnattributableRecords => (
                "unattributable-records",
                "records of a regional NAT gateway name it in resource-id only: add that field to the flow log's format",
            ),
            Code::UnnamedGateway => (
                "unnamed-gateway",
                "the next hop is a NAT gateway that nothing names: add next-hop-interface-id to the format, or route tables to inventory/",
            ),
            Code::MissingPrice => {
                ("missing-price", "the rows are unpriced, not free: add `region,item,usd` rows with --prices")
            }
            Code::UndecidedTraffic => (
                "undecided-traffic",
                "the clients' VPC is not known, so no endpoint was decided for them: add describe-vpcs, -subnets and -transit-gateway-attachments to inventory/",
            ),
            Code::UndecidedService => (
                "undecided-service",
                "it crosses between two VPCs, but its ports do not tell which end serves, so it is in no row of custom_services: log srcport and dstport",
            ),
            Code::PartialPeriod => ("partial-period", "the sums are of the days with records, not of the whole period"),
            Code::Inventory => ("inventory", "the file or element was left out of the inventory"),
            Code::Reference => ("reference-data", "correct the row named"),
        }
    }
}

const SAMPLES: usize = 3;

/// Warnings by kind.
#[derive(Clone, Debug, Default)]
pub struct Warnings(BTreeMap<Code, (u64, Vec<String>)>);

impl Warnings {
    /// Adds one occurrence.
    pub fn add(&mut self, code: Code, what: impl Into<String>) {
        self.add_counted(code, 1, what);
    }

    /// Adds `count` occurrences that share a description. Nothing is added for none.
    pub fn add_counted(&mut self, code: Code, count: u64, what: impl Into<String>) {
        if count == 0 {
            return;
        }
        let (total, samples) = self.0.entry(code).or_default();
        *total += count;
        if samples.len() < SAMPLES {
            samples.push(what.into());
        }
    }

    /// How often a kind occurred.
    #[must_use]
    pub fn count(&self, code: Code) -> u64 {
        self.0.get(&code).map_or(0, |(count, _)| *count)
    }

    /// The report's rows, one per kind.
    #[must_use]
    pub fn rows(&self) -> Vec<WarningRow> {
        self.0
            .iter()
            .map(|(code, (count, samples))| {
                let (name, hint) = code.text();
                let message = samples.join("; ");
                let more = if *count > samples.len() as u64 && samples.len() == SAMPLES { "; …" } else { "" };
                WarningRow { code: name.to_owned(), message: message + more, count: *count, hint: hint.to_owned() }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_places_are_kept_and_all_are_counted() {
        let mut warnings = Warnings::default();
        for line in 1..=5 {
            warnings.add(Code::MalformedRecord, format!("a.log:{line}"));
        }
        warnings.add_counted(Code::SkipData, 0, "none");
        let rows = warnings.rows();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].count, rows[0].message.as_str()), (5, "a.log:1; a.log:2; a.log:3; …"));
    }
}
