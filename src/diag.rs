//! Warnings: what lowers a report's value, counted by kind with the first places. A value, never printed here.

use crate::report::WarningRow;
use std::collections::BTreeMap;

/// Every kind of warning: its stable code and what the user can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// An object or file that gave nothing.
    UnreadableObject,
    /// Objects of a flow log of which nothing tells what they are.
    FlowLogLeftOut,
    /// An answer of AWS of which some page is here, and not the last one.
    MissingPages,
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
    /// A part of the inventory that was not given, and that decisions rest on.
    MissingInventory,
    /// A gateway that no flow log covers.
    UnobservedGateway,
    /// A private gateway in a log without `pkt-*`.
    UndecidablePrivateNat,
    /// Records under neither an interface nor a resource id.
    UnattributableRecords,
    /// A next hop that is a NAT gateway, but which?
    UnnamedGateway,
    /// Routes by a prefix list of which nobody told the entries.
    UnknownRoute,
    /// A price that the book does not have.
    MissingPrice,
    /// Traffic of S3 or DynamoDB whose client's VPC is not known.
    UndecidedTraffic,
    /// Traffic of a service with endpoints, in a Region that nothing tells.
    UnknownRegion,
    /// Traffic of S3 or DynamoDB to addresses that are not in the prefix list of the clients' Region.
    OutsidePrefixList,
    /// Traffic between two VPCs whose ports do not tell which end serves.
    UndecidedService,
    /// Records do not reach from the first to the last day.
    PartialPeriod,
    /// Inventory that could not be used.
    Inventory,
    /// Descriptions of one thing that disagree.
    Contradiction,
    /// Names of ranges or rules that could not be used.
    Reference,
    /// A bill, but none for the period's gateways.
    BillWithoutGateways,
    /// A bill whose newest line of a NAT gateway ends before the records do.
    BillEndsEarly,
    /// A gateway with traffic that the bill does not know.
    GatewayNotOnBill,
    /// An interface endpoint that the bill does not name, although it names others of its account and Region.
    EndpointNotOnBill,
    /// Accounts and months without net costs, while others have them.
    NoNetCost,
    /// Lines without net cost among others with one.
    UnblendedLines,
    /// FOCUS, and unblended costs were asked for.
    ContractedCost,
    /// An account and month that two exports hold.
    SecondExport,
    /// Numbers of the bill with more digits than are kept.
    RoundedDigits,
    /// Lines of the bill that reach over an edge of the period.
    BillLineAcrossEdge,
    /// Credits, refunds and tax on NAT gateway lines.
    ChargesApart,
    /// Lines on a NAT gateway that nobody understands.
    BillLineNotUnderstood,
    /// List costs that the bill does not have.
    ListFromPriceBook,
    /// An interface endpoint of which nothing says what it carried.
    UnmeasuredEndpoint,
    /// Usage lines on NAT gateways without an amount or a cost.
    IncompleteBillLine,
    /// A folder of bill files without a manifest.
    BillWithoutManifest,
    /// Bill files that no manifest names.
    StaleBillFile,
    /// Bill files of a version that a newer one took the place of.
    OlderBillVersion,
    /// A line of a bill that is none.
    MalformedBillLine,
    /// Sums that AWS may still change.
    EstimatedBill,
    /// Metrics that could not be used, or only in part.
    Metrics,
    /// A gateway or an endpoint whose metered bytes are not known although there are metrics of it.
    IncompleteMetrics,
    /// A Resolver log object that gave nothing.
    UnreadableDnsObject,
    /// A Resolver record that is none.
    MalformedDnsRecord,
    /// Private answers beyond those that are kept.
    PrivateAnswersLeftOut,
    /// Rows whose clients asked for names of several services.
    AmbiguousNames,
    /// AWS traffic without a service, and no Resolver logs.
    UnnamedTraffic,
    /// AWS traffic without a service although there are Resolver logs.
    UnnamedDespiteDns,
}

/// Stable code and hint of each kind, in the order of [`Code`].
const TEXTS: &[(Code, &str, &str)] = &[
    (
        Code::UnreadableObject,
        "unreadable-object",
        "the object's bytes are in none of the sums; fetch it again, or remove it from the folder if it does not belong there",
    ),
    (
        Code::FlowLogLeftOut,
        "flow-log-left-out",
        "the bytes of its other objects are in none of the sums: remove objects without records, or report it by `natlens report`",
    ),
    (
        Code::MissingPages,
        "missing-pages",
        "what the other pages hold is unknown, not absent: fetch the whole answer (the AWS CLI does so without --max-items; repeat other calls with the token), all its pages into one folder",
    ),
    (
        Code::MalformedRecord,
        "malformed-record",
        "the records are in none of the sums; look at the lines named and at the log's header",
    ),
    (Code::DuplicateObject, "duplicate-object", "nothing to do: each content was counted once"),
    (
        Code::DuplicateFlowLog,
        "duplicate-flow-log",
        "nothing to do: one flow log per interface and hour was counted; drop the other to save its cost",
    ),
    (
        Code::SkipData,
        "skipdata",
        "AWS dropped records while it wrote the log; the bytes shown are too low by an unknown amount: compare them with CloudWatch",
    ),
    (
        Code::AssumedStatus,
        "assumed-status",
        "add action and log-status to the flow log's format, so that rejected traffic can be told apart",
    ),
    (
        Code::InferredGateway,
        "inferred-gateway",
        "add `aws ec2 describe-nat-gateways` and `describe-network-interfaces` output to inventory/ for ids, names and VPCs",
    ),
    (
        Code::NoInventory,
        "no-inventory",
        "add `aws ec2 describe-*` output to inventory/: without it client VPCs, route tables and existing endpoints are unknown, so nothing can be decided",
    ),
    (
        Code::MissingInventory,
        "missing-inventory",
        "what was not given is unknown, not absent: run the commands in every account and Region and save their output to inventory/; an answer that lists nothing is one",
    ),
    (
        Code::UnobservedGateway,
        "unobserved-gateway",
        "enable a flow log on the gateway's interface or subnet; its bytes are unknown, not zero",
    ),
    (
        Code::UndecidablePrivateNat,
        "undecidable-private-nat",
        "a private NAT gateway's clients and remotes are both private: log pkt-srcaddr and pkt-dstaddr to tell them apart",
    ),
    (
        Code::UnattributableRecords,
        "unattributable-records",
        "records of a regional NAT gateway name it in resource-id only: add that field to the flow log's format",
    ),
    (
        Code::UnnamedGateway,
        "unnamed-gateway",
        "the next hop is a NAT gateway that nothing names: add next-hop-interface-id to the format, or route tables to inventory/",
    ),
    (
        Code::UnknownRoute,
        "unknown-route",
        "what such a route takes may be counted at a gateway, or missed there, where only clients' records tell: add `aws ec2 describe-prefix-lists` and `get-managed-prefix-list-entries` output (its file named after the list) to inventory/",
    ),
    (Code::MissingPrice, "missing-price", "the rows are unpriced, not free: add `region,item,usd` rows with --prices"),
    (
        Code::UndecidedTraffic,
        "undecided-traffic",
        "the clients' VPC is not known, so no endpoint was decided for them: add describe-vpcs, -subnets and -transit-gateway-attachments to inventory/",
    ),
    (
        Code::UnknownRegion,
        "unknown-region",
        "an endpoint reaches its own Region only, so none was decided for it: add `aws ec2 describe-prefix-lists` and describe-vpcs of the clients' Region to inventory/, or give a newer ip-ranges.json by --ip-ranges; a rule may say `region`",
    ),
    (
        Code::OutsidePrefixList,
        "outside-prefix-list",
        "a gateway endpoint takes over the addresses of its prefix list and no others, so none is claimed for these; the list may be older or newer than the traffic: fetch `aws ec2 describe-prefix-lists` again; it takes over none of NAT64's (64:ff9b::/96): use the service's dual-stack names there",
    ),
    (
        Code::UndecidedService,
        "undecided-service",
        "it crosses between two VPCs, but its ports do not tell which end serves, so it is in no row of custom_services: log srcport and dstport",
    ),
    (Code::PartialPeriod, "partial-period", "the sums are of the days with records, not of the whole period"),
    (Code::Inventory, "inventory", "the file or element was left out of the inventory"),
    (
        Code::Contradiction,
        "contradicting-inventory",
        "one description was taken, not for its time, which none of them tells: keep those of the period, and remove the others",
    ),
    (Code::Reference, "reference-data", "correct the row named"),
    (
        Code::BillWithoutGateways,
        "bill-without-gateways",
        "costs are at list prices: add the bill of this month and of the accounts that own the gateways (Cost Explorer: grouped by USAGE_TYPE)",
    ),
    (
        Code::BillEndsEarly,
        "bill-ends-early",
        "dollars are of the time until then; decisions are at what was paid for a GB, and so are about the whole time: wait for the final bill, or report what it covers with --to",
    ),
    (
        Code::GatewayNotOnBill,
        "gateway-not-on-bill",
        "its cost is not known, not zero: add the bill of the account that owns it",
    ),
    (
        Code::EndpointNotOnBill,
        "endpoint-not-on-bill",
        "the bill names others of its account and Region, so what it cost is not known, not its list price: whether it pays is not said",
    ),
    (
        Code::NoNetCost,
        "no-net-cost",
        "the bill has no net costs for them, so theirs are unblended: include the net columns in the export",
    ),
    (
        Code::UnblendedLines,
        "unblended-lines",
        "the bill has no net cost for these lines although it has some for others of the account and month, so theirs is unblended: a discount on them would be missing; ask for one basis with --cost-basis unblended",
    ),
    (
        Code::ContractedCost,
        "contracted-cost",
        "ContractedCost stands in for the unblended cost that FOCUS does not have",
    ),
    (
        Code::SecondExport,
        "second-export",
        "nothing to do: another export holds the same account and month, and each dollar was counted once",
    ),
    (Code::RoundedDigits, "rounded-digits", "nothing to do: the differences are below 10^-12 each"),
    (
        Code::BillLineAcrossEdge,
        "bill-line-across-edge",
        "they count whole where they start: use a period of whole months, or an export with hourly or daily lines",
    ),
    (
        Code::ChargesApart,
        "charges-apart",
        "they are in no sum: what a gateway cost is its usage, and discounts on the gateway itself",
    ),
    (
        Code::BillLineNotUnderstood,
        "bill-line-not-understood",
        "they are in no sum: look at them, and report the usage type",
    ),
    (
        Code::ListFromPriceBook,
        "list-from-price-book",
        "the bill has no public on-demand cost there: price book times quantity stands in",
    ),
    (
        Code::UnmeasuredEndpoint,
        "unmeasured-endpoint",
        "whether it pays is not known: add a bill with resource ids, or CloudWatch's AWS/PrivateLinkEndpoints BytesProcessed to metrics/",
    ),
    (
        Code::IncompleteBillLine,
        "incomplete-bill-line",
        "what they belong to has no sum: it is not known, not zero; fetch the export again, with amounts and costs",
    ),
    (
        Code::BillWithoutManifest,
        "bill-without-manifest",
        "every file in the folder was counted; copy the export's manifests too, so that an older version cannot count twice",
    ),
    (
        Code::StaleBillFile,
        "stale-bill-file",
        "nothing to do if they are left from before: no manifest of their export names them, so they were not counted",
    ),
    (Code::OlderBillVersion, "older-bill-version", "nothing to do: only the newest version of each month was counted"),
    (
        Code::MalformedBillLine,
        "malformed-bill-line",
        "the lines are in none of the sums; look at the lines named, or fetch the file again",
    ),
    (
        Code::EstimatedBill,
        "estimated-bill",
        "AWS may still change these sums; fetch them again once the month is closed",
    ),
    (Code::Metrics, "metrics", "fetch the metric again with `aws cloudwatch get-metric-data`, statistic Sum"),
    (
        Code::IncompleteMetrics,
        "incomplete-metrics",
        "its metered bytes are unknown, not zero: fetch BytesInFromSource and BytesInFromDestination of every zone, statistic Sum",
    ),
    (
        Code::UnreadableDnsObject,
        "unreadable-dns-object",
        "the queries in it name nothing; fetch it again, or remove it from the folder if it is no Resolver query log",
    ),
    (Code::MalformedDnsRecord, "malformed-dns-record", "the queries in them name nothing; look at the lines named"),
    (Code::PrivateAnswersLeftOut, "private-answers-left-out", "nothing to do: only more endpoints that work already"),
    (
        Code::AmbiguousNames,
        "ambiguous-names",
        "nothing to do: one address answers for several services, and nobody can say which was used; it is named by its range",
    ),
    (
        Code::UnnamedTraffic,
        "unnamed-traffic",
        "AWS, but which service is not known: enable Resolver query logging on these VPCs and add the logs to dns/, or name it by rules",
    ),
    (
        Code::UnnamedDespiteDns,
        "unnamed-despite-dns",
        "AWS, but nobody asked the VPC's Resolver for it within the look-back, or for names of several services, or for a name that tells no service (top destinations): look for custom resolvers and DNS over HTTPS, or write rules",
    ),
];

impl Code {
    fn text(self) -> (&'static str, &'static str) {
        let (_, name, hint) = TEXTS[self as usize];
        (name, hint)
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
    fn every_kind_has_its_texts() {
        assert!(TEXTS.iter().enumerate().all(|(at, (code, ..))| *code as usize == at));
    }

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
