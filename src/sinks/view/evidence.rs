//! What named the bytes, and what would name those that have no name yet.

use super::row_bytes;
use super::traffic::{Load, load_columns};
use crate::report::{Report, is_unnamed_aws};
use crate::sinks::document::{Cell, Column, Grid, Row, Section};
use crate::sinks::human::{self, Numbers};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of evidence, the strongest first, and what each rests on.
const EVIDENCE: [(&str, &str); 6] = [
    ("rule", "a rule of yours"),
    ("prefix-list", "the addresses that a gateway endpoint takes over"),
    ("dns", "the name that was asked for"),
    ("flow-log", "the flow log's own word for it"),
    ("ip-ranges", "AWS's published address ranges"),
    ("none", "nothing: only the address is known"),
];

/// Attributed traffic by what named it; absent without traffic.
pub(super) fn named_by(report: &Report, numbers: &Numbers) -> Option<Section> {
    let mut sums: BTreeMap<(usize, &str, bool), Load> = BTreeMap::new();
    for row in &report.traffic {
        let rank = EVIDENCE.iter().position(|(name, _)| *name == row.evidence).unwrap_or(EVIDENCE.len());
        let load = Load::of(row);
        // Unpriced traffic has rows of its own, so that it hides no known cost.
        let key = (rank, row.evidence, row.usd.is_none());
        sums.entry(key).and_modify(|sum| *sum = sum.plus(load)).or_insert(load);
    }
    if sums.is_empty() {
        return None;
    }
    let whole = report.traffic.iter().map(row_bytes).fold(0, i128::saturating_add);
    let rows = sums.iter().map(|((rank, name, unpriced), load)| {
        let name = if *unpriced { format!("{name} (no price)") } else { (*name).to_owned() };
        let meaning = EVIDENCE.get(*rank).map_or(Cell::Blank, |(_, meaning)| Cell::text(*meaning));
        Row::new([Cell::text(name), meaning].into_iter().chain(load.cells(whole)).collect())
    });
    let mut columns = vec![Column::text("Evidence"), Column::text("What it is").rank(4)];
    columns.extend(load_columns(numbers));
    let grid = Grid::new(columns, rows.collect()).with_total("Total");
    let nameless = report.traffic.iter().any(|row| matches!(row.evidence, "ip-ranges" | "none"));
    let note = "Resolver query logs name what is only an address or a range here, third parties too.".to_owned();
    let notes = (nameless && !has_queries(report)).then_some(note).into_iter().collect();
    Some(Section { title: "Named by".to_owned(), grid: Some(grid), notes, ..Section::default() })
}

/// What is missing to name a VPC's traffic to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Missing {
    /// No query of the VPC was read.
    QueryLog,
    /// Its queries are logged, but not for these destinations.
    Query,
    /// Not even the VPC is known.
    Vpc,
}

impl Missing {
    const fn what(self) -> &'static str {
        match self {
            Self::QueryLog => "Resolver query log",
            Self::Query => "a query for it",
            Self::Vpc => "the clients' VPC",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::QueryLog => {
                "Resolver query log: enable Resolver query logging on the VPC and add its logs to dns/, or write rules."
            }
            Self::Query => {
                "a query for it: nobody asked the VPC's Resolver within the look-back, or for names of several services, or for a name that tells no service (see top \
                 destinations); look for a resolver of the clients' own or DNS over HTTPS, or write rules."
            }
            Self::Vpc => {
                "the clients' VPC: flow logs with pkt-srcaddr and pkt-dstaddr, and the inventory of the VPC, tell it."
            }
        }
    }
}

/// AWS without a service, of the clients of one VPC.
pub(super) struct Unnamed<'a> {
    vpc: Option<&'a str>,
    pub(super) missing: Missing,
    load: Load,
}

/// AWS without a service by VPC, the largest first.
pub(super) fn unnamed_by_vpc(report: &Report) -> Vec<Unnamed<'_>> {
    let mut sums: BTreeMap<Option<&str>, Load> = BTreeMap::new();
    for row in report.traffic.iter().filter(|row| is_unnamed_aws(row, &report.logged_vpcs)) {
        let load = Load::of(row);
        sums.entry(row.vpc_id.as_deref()).and_modify(|sum| *sum = sum.plus(load)).or_insert(load);
    }
    let missing = |vpc: Option<&str>| match vpc {
        None => Missing::Vpc,
        Some(vpc) if has_queries(report) && report.logged_vpcs.contains(vpc) => Missing::Query,
        Some(_) => Missing::QueryLog,
    };
    let mut rows: Vec<Unnamed<'_>> =
        sums.into_iter().map(|(vpc, load)| Unnamed { vpc, missing: missing(vpc), load }).collect();
    rows.sort_by_key(|row| Reverse(row.load.total()));
    rows
}

/// Whether Resolver query logs were read.
pub(super) fn has_queries(report: &Report) -> bool {
    report.inputs.iter().any(|input| input.kind == "dns" && input.objects > 0)
}

/// AWS without a service by VPC, and what would name it; the first `top` rows (0: all) and `(other)`. Absent where all is named.
pub(super) fn unnamed(report: &Report, top: usize, numbers: &Numbers) -> Option<Section> {
    let all = unnamed_by_vpc(report);
    if all.is_empty() {
        return None;
    }
    let whole = report.traffic.iter().map(row_bytes).fold(0, i128::saturating_add);
    let keep = if top == 0 || all.len() <= top + 1 { all.len() } else { top };
    let row = |vpc: Cell, load: Load, missing: Cell| {
        Row::new([vpc].into_iter().chain(load.cells(whole)).chain([missing]).collect())
    };
    let known =
        |of: &Unnamed<'_>| row(of.vpc.map_or(Cell::Unknown, Cell::text), of.load, Cell::text(of.missing.what()));
    let mut rows: Vec<Row> = all[..keep].iter().map(known).collect();
    let rest = all[keep..].iter().map(|of| of.load).reduce(Load::plus);
    rows.extend(rest.map(|rest| {
        let label = format!("({})", human::plural(all.len() - keep, "other VPC", "other VPCs"));
        row(Cell::text(label), rest, Cell::Blank)
    }));
    let mut columns = vec![Column::text("VPC")];
    columns.extend(load_columns(numbers));
    columns.push(Column::text("Missing"));
    let grid = Grid::new(columns, rows).with_total("Total");
    let kinds: BTreeSet<Missing> = all.iter().map(|of| of.missing).collect();
    let notes = kinds.into_iter().map(|kind| kind.remedy().to_owned()).collect();
    Some(Section { title: "AWS, service not known".to_owned(), grid: Some(grid), notes, ..Section::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::sample;

    fn check(situation: &str, change: impl FnOnce(&mut Report), expect: &[(Option<&str>, Missing)]) {
        let mut report = sample::billed();
        change(&mut report);
        let found: Vec<_> = unnamed_by_vpc(&report).iter().map(|of| (of.vpc, of.missing)).collect();
        assert_eq!(found, expect, "{situation}");
    }

    /// Makes the first row of logs unnamed traffic of this VPC.
    fn unname(report: &mut Report, vpc: Option<&str>) {
        let row = report.traffic.iter_mut().find(|row| row.service == "logs").unwrap();
        row.service = "range:amazon".to_owned();
        row.evidence = "ip-ranges";
        row.vpc_id = vpc.map(str::to_owned);
    }

    const PROD: &str = "vpc-0a1b2c3d4e5f60718";

    #[test]
    fn what_is_missing_is_told_by_vpc() {
        let query = (Some(PROD), Missing::Query);
        check("its other traffic was asked for", |_| {}, &[query]);
        check("no Resolver log", |r| r.inputs.retain(|i| i.kind != "dns"), &[(Some(PROD), Missing::QueryLog)]);
        let nothing = |r: &mut Report| r.inputs.iter_mut().for_each(|i| i.objects = 0);
        check("an empty folder of Resolver logs", nothing, &[(Some(PROD), Missing::QueryLog)]);
        check(
            "a VPC that asks elsewhere",
            |r| unname(r, Some("vpc-0e")),
            &[(Some("vpc-0e"), Missing::QueryLog), query],
        );
        check("no VPC", |r| unname(r, None), &[(None, Missing::Vpc), query]);
        check("all is named", |r| r.traffic.retain(|row| row.service != "range:amazon"), &[]);
    }

    #[test]
    fn every_kind_of_evidence_adds_up_to_the_traffic() {
        for report in [sample::full(), sample::billed()] {
            let grid = named_by(&report, &Numbers::new("USD", 0)).unwrap().grid.unwrap();
            let total = grid.total_row().unwrap();
            let bytes = report.traffic.iter().map(row_bytes).sum();
            let usd = report.traffic.iter().filter_map(|row| row.usd).sum();
            assert_eq!((&total.cells[4], &total.cells[6]), (&Cell::Data(bytes), &Cell::Money(usd)));
        }
        assert!(named_by(&sample::empty(), &Numbers::new("USD", 0)).is_none());
    }

    #[test]
    fn what_is_not_shown_by_vpc_is_counted() {
        let mut report = sample::billed();
        unname(&mut report, Some("vpc-0e"));
        let all = unnamed(&report, 0, &Numbers::new("USD", 0)).unwrap();
        assert_eq!((all.grid.unwrap().rows.len(), all.notes.len()), (2, 2));
        unname(&mut report, None);
        let short = unnamed(&report, 1, &Numbers::new("USD", 0)).unwrap().grid.unwrap();
        assert_eq!(short.rows[1].cells[0], Cell::text("(2 other VPCs)"));
        let bytes = report.traffic.iter().filter(|row| is_unnamed_aws(row, &report.logged_vpcs)).map(row_bytes).sum();
        assert_eq!(short.total_row().unwrap().cells[3], Cell::Data(bytes));
    }
}
