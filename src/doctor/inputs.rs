//! Bill, inventory, metrics and Resolver logs, and what the report itself warns of.

use super::{Facts, Finding, Part, Severity, count, some};
use crate::model::inventory::Described;
use crate::report::WarningRow;

/// Days that a bill may be behind the records: AWS refreshes it up to three times a day, a day or two late.
const LATE: i64 = 2;

pub(super) fn billing(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    const AREA: &str = "billing";
    if !facts.has(Part::Billing) {
        let hint =
            "give a CUR, CUR 2.0 or FOCUS export by --billing, or Cost Explorer's by `natlens doctor --commands`";
        findings.push(Finding::warning(
            AREA,
            "there is no bill: costs are at list prices, and how much the records miss is not known",
            hint,
        ));
        return;
    }
    let Ok(report) = &facts.report else { return };
    let summary = &report.summary;
    if summary.data_usd.is_none() && summary.hours_usd.is_none() {
        let hint = "give the bill of this month and of the accounts that own the gateways";
        findings.push(Finding::problem(AREA, "it has no NAT gateway in the period: costs are at list prices", hint));
        return;
    }
    if let (Some(billed), Some(logged)) = (&facts.billed_until, &facts.logged_until)
        && facts.days_behind > LATE
    {
        let what = format!("it is stale: it ends on {billed}, the records on {logged}");
        findings.push(Finding::problem(AREA, what, "fetch the export again: AWS refreshes it up to three times a day"));
    } else if let Some(billed) = &facts.billed_until {
        findings.push(Finding::ok(AREA, format!("costs are {}, up to {billed}", report.cost_basis)));
    }
    if report.nat_gateways.iter().all(|row| row.data_usd.is_none() && row.hours_usd.is_none()) {
        let hint =
            "Cost Explorer knows sums of accounts and Regions only; an export with resource ids knows each gateway's";
        findings.push(Finding::warning(AREA, "it names no gateway", hint));
    } else if facts.has(Part::Inventory) {
        let unknown: Vec<String> = report
            .nat_gateways
            .iter()
            .filter(|row| row.observed_bytes.is_some_and(|bytes| bytes.get() > 0))
            .filter(|row| row.data_usd.is_none() && row.hours_usd.is_none())
            .map(|row| row.nat_gateway_id.clone())
            .collect();
        if !unknown.is_empty() {
            let what = format!("{}: traffic, but no line on the bill", some(&unknown));
            findings.push(Finding::problem(AREA, what, "add the bill of the account that owns it"));
        }
    }
}

pub(super) fn inventory(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    const AREA: &str = "inventory";
    let hint = "run `natlens collect`, or save what `natlens doctor --commands` prints to inventory/";
    if !facts.has(Part::Inventory) {
        let what = "there is none: whose clients are, their routes and existing endpoints are not known, so nothing is decided";
        findings.push(Finding::problem(AREA, what, hint));
        return;
    }
    let of = facts.inventory;
    // What is not known without it.
    let kinds: [(Described, &str, &str); 7] = [
        (Described::NatGateways, "NAT gateways", "gateways are inferred from records, without names and states"),
        (
            Described::Interfaces,
            "network interfaces",
            "clients have no names, and a gateway's own records may not be found",
        ),
        (Described::Vpcs, "VPCs", "which VPC a client is in is not known"),
        (Described::Subnets, "subnets", "zones are not known, so that endpoint hours are not either"),
        (
            Described::RouteTables,
            "route tables",
            "what is to be fixed, and which instance records used a gateway, is not known",
        ),
        (Described::Endpoints, "VPC endpoints", "an endpoint that exists would be recommended again"),
        (Described::FlowLogs, "flow logs", "what no record covers cannot be told from what no flow log covers"),
    ];
    let kinds = kinds.map(|(kind, name, cost)| (is_described(facts, kind), name, cost));
    let missing: Vec<String> =
        kinds.iter().filter(|(there, ..)| !there).map(|(_, kind, _)| (*kind).to_owned()).collect();
    for (_, kind, cost) in kinds.iter().filter(|(there, ..)| !there) {
        findings.push(Finding::warning(AREA, format!("no {kind}: {cost}"), hint));
    }
    if missing.is_empty() {
        let [vpcs, subnets, tables, endpoints] =
            [of.vpcs().count(), of.subnets().count(), of.route_tables().count(), of.endpoints().count()];
        let what = format!(
            "{}, {}, {}, {}",
            count(vpcs, "VPC", "VPCs"),
            count(subnets, "subnet", "subnets"),
            count(tables, "route table", "route tables"),
            count(endpoints, "endpoint", "endpoints")
        );
        findings.push(Finding::ok(AREA, what));
    }
}

/// Whether some are described, or an answer says that there are none. Of these an account has some wherever it has a NAT gateway.
pub(super) fn is_described(facts: &Facts<'_>, kind: Described) -> bool {
    let of = facts.inventory;
    match kind {
        Described::NatGateways => of.nat_gateways().next().is_some(),
        Described::Interfaces => of.interfaces().next().is_some(),
        Described::Vpcs => of.vpcs().next().is_some(),
        Described::Subnets => of.subnets().next().is_some(),
        Described::RouteTables => of.route_tables().next().is_some(),
        Described::Endpoints | Described::FlowLogs => !of.lacks(kind),
    }
}

pub(super) fn metrics(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    const AREA: &str = "metrics";
    let hint = "run `natlens collect`, or save CloudWatch's BytesInFromSource and BytesInFromDestination to metrics/";
    if !facts.has(Part::Metrics) {
        let what = "there are none: where records and bill disagree, nobody can tell which of them is wrong";
        findings.push(Finding::warning(AREA, what, hint));
        return;
    }
    let Ok(report) = &facts.report else { return };
    let billed = |row: &&crate::report::NatGatewayRow| row.observed_bytes.is_some() || row.billed_bytes.is_some();
    let missing: Vec<String> = report
        .nat_gateways
        .iter()
        .filter(billed)
        .filter(|row| row.metered_bytes.is_none())
        .map(|row| row.nat_gateway_id.clone())
        .collect();
    if missing.is_empty() {
        findings.push(Finding::ok(AREA, "CloudWatch has counted every gateway's bytes"));
    } else {
        findings.push(Finding::warning(
            AREA,
            format!("{}: bytes of the whole period are not there", some(&missing)),
            hint,
        ));
    }
}

pub(super) fn dns(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    const AREA: &str = "dns";
    let Ok(report) = &facts.report else { return };
    if !facts.has(Part::Dns) {
        let what = "there are no Resolver query logs: services that share AWS's addresses (SQS, Logs, ECR, KMS, ...) have no names";
        let hint = "enable Resolver query logging on the clients' VPCs and give the logs by --dns";
        findings.push(Finding::warning(AREA, what, hint));
        return;
    }
    let vpcs: std::collections::BTreeSet<&str> =
        report.traffic.iter().filter_map(|row| row.vpc_id.as_deref()).collect();
    let without: Vec<String> =
        vpcs.iter().filter(|vpc| !report.logged_vpcs.contains(**vpc)).map(|vpc| (*vpc).to_owned()).collect();
    if vpcs.is_empty() {
        return;
    }
    if without.is_empty() {
        findings.push(Finding::ok(AREA, format!("queries of {}", count(vpcs.len(), "client VPC", "client VPCs"))));
    } else {
        let what = format!("{}: clients, but no query", some(&without));
        findings.push(Finding::warning(AREA, what, "enable Resolver query logging there, too"));
    }
}

/// Why there is no report, or what it warns of and nothing above has said.
pub(super) fn report(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    match &facts.report {
        Err((what, hint)) => {
            let hint =
                hint.clone().unwrap_or_else(|| "`natlens report --help` lists the inputs that are read".to_owned());
            findings.push(Finding::problem("report", format!("there is none: {what}"), hint));
        }
        Ok(report) => {
            let said = |warning: &WarningRow| {
                let severity = severity(&warning.code)?;
                let what = format!("{}: {}", warning.code, warning.message);
                Some(Finding { severity, area: "report", what, hint: Some(warning.hint.clone()) })
            };
            // That the bill is stale says the same.
            let told = |warning: &&WarningRow| warning.code == "bill-ends-early" && facts.days_behind > LATE;
            findings.extend(report.warnings.iter().filter(|warning| !told(warning)).filter_map(said));
        }
    }
}

/// What a warning of the report means here; `None` for those that ask for nothing, and for those that are told above in more detail.
fn severity(code: &str) -> Option<Severity> {
    match code {
        "unreadable-object"
        | "unreadable-dns-object"
        | "missing-pages"
        | "malformed-bill-line"
        | "incomplete-bill-line" => Some(Severity::Problem),
        "duplicate-object"
        | "duplicate-flow-log"
        | "rounded-digits"
        | "older-bill-version"
        | "stale-bill-file"
        | "second-export"
        | "ambiguous-names"
        | "private-answers-left-out"
        | "charges-apart"
        | "assumed-status"
        | "no-inventory"
        | "missing-inventory"
        | "unobserved-gateway"
        | "bill-without-gateways"
        | "gateway-not-on-bill"
        | "incomplete-metrics" => None,
        _ => Some(Severity::Warning),
    }
}
