//! The tables of the dataset and their columns. Names are those of the JSON report; those of `bill_lines` are FOCUS's, in lower case
//! with underscores, where the meaning is FOCUS's, and begin with `x_` where it is not. Columns are added at the end of a table and
//! never renamed: readers may have bound them by place.

use super::column::{Cell, Column, Kind, Shape, or_null};
use super::part::{ExportError, Part, parts};
use super::rows::{BillLine, Client, Dataset, DayOfTraffic, Decision, Finding, NatGateway, Price, SummaryLine};
use std::fmt::Debug;

/// A table of rows of one type.
#[derive(Debug)]
pub(super) struct Declared<T: 'static> {
    /// Its folder.
    pub name: &'static str,
    /// What a row is; no quotes, because it becomes a comment in DDL.
    pub doc: &'static str,
    /// Columns by which rows are sorted, so that a reader can leave out what cannot hold what it looks for.
    pub sorted_by: &'static [&'static str],
    /// All columns.
    pub columns: &'static [Column<T>],
    /// Where the rows are.
    pub rows: fn(&Dataset) -> &[T],
    /// The account that a row is of.
    pub account: for<'a> fn(&'a T) -> Option<&'a str>,
}

/// A table, for whoever does not need its rows' type.
pub trait Table: Debug + Sync {
    /// Its folder.
    fn name(&self) -> &'static str;
    /// What a row is.
    fn doc(&self) -> &'static str;
    /// Columns by which rows are sorted.
    fn sorted_by(&self) -> &'static [&'static str];
    /// Its columns, in order.
    fn shapes(&self) -> Vec<Shape>;
    /// Its files of a month, by account.
    fn parts(&self, dataset: &Dataset) -> Result<Vec<Part>, ExportError>;
}

impl<T: Debug + Sync> Table for Declared<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn sorted_by(&self) -> &'static [&'static str] {
        self.sorted_by
    }

    fn shapes(&self) -> Vec<Shape> {
        self.columns.iter().map(|column| column.shape).collect()
    }

    fn parts(&self, dataset: &Dataset) -> Result<Vec<Part>, ExportError> {
        parts(self, dataset)
    }
}

/// All tables, in the order in which they are written and shown.
pub const TABLES: [&dyn Table; 8] =
    [&SUMMARY, &TRAFFIC, &CLIENTS, &NAT_GATEWAYS, &DECISIONS, &FINDINGS, &PRICES, &BILL_LINES];

static SUMMARY: Declared<SummaryLine> = Declared {
    name: "summary",
    doc: "The headline of the month, one row, and what its numbers are.",
    sorted_by: &[],
    columns: &[
        Column::new("period_start", Kind::Time, "First instant of the period", |row| Cell::Time(row.start)),
        Column::new("period_end", Kind::Time, "First instant after the period", |row| Cell::Time(row.end)),
        or_null(Column::new("observed_start", Kind::Time, "Start of the earliest record", |row| {
            row.observed.map_or(Cell::Null, |(first, _)| Cell::Time(first))
        })),
        or_null(Column::new("observed_end", Kind::Time, "One second after the start of the latest record", |row| {
            row.observed.map_or(Cell::Null, |(_, last)| Cell::Time(last + 1))
        })),
        Column::new("partial", Kind::Flag, "Records do not reach from the first day to the last", |row| {
            row.partial.into()
        }),
        Column::text("currency", "ISO 4217 code of all money of the month, whatever columns are called", |row| {
            (&row.currency).into()
        }),
        Column::text("cost_basis", "What the costs are: net, unblended or list", |row| row.cost_basis.into()),
        Column::count("nat_gateways", "NAT gateways known from any source", |row| row.sums.nat_gateways.into()),
        or_null(Column::count("observed_bytes", "Bytes attributed from flow logs", |row| {
            row.sums.observed_bytes.into()
        })),
        or_null(Column::count("billed_bytes", "Bytes on the bill", |row| row.sums.billed_bytes.into())),
        or_null(Column::rate("coverage", "Observed over billed bytes", |row| row.sums.coverage.into())),
        or_null(Column::amount("data_usd", "Data processing cost on the bill", |row| row.sums.data_usd.into())),
        or_null(Column::amount("hours_usd", "Cost of gateway hours on the bill", |row| row.sums.hours_usd.into())),
        or_null(Column::amount("attributed_usd", "Cost of the observed bytes", |row| row.sums.attributed_usd.into())),
        or_null(Column::amount("unobserved_usd", "Billed data cost that no flow log explains", |row| {
            row.sums.unobserved_usd.into()
        })),
        Column::amount("avoidable_usd", "What the recommended decisions avoid", |row| row.sums.avoidable_usd.into()),
        Column::amount("endpoint_usd", "What their endpoints cost", |row| row.sums.endpoint_usd.into()),
        Column::amount("net_saving_usd", "avoidable_usd less endpoint_usd", |row| row.sums.net_saving_usd.into()),
        Column::amount("gateway_saving_usd", "Sum of the findings on gateways", |row| {
            row.sums.gateway_saving_usd.into()
        }),
        or_null(Column::amount(
            "upper_bound_usd",
            "The most that endpoints could take off the data charge of NAT gateways",
            |row| row.sums.upper_bound_usd.into(),
        )),
        Column::text("ip_ranges_sync_token", "syncToken of the table of address ranges", |row| {
            (&row.ip_ranges_sync_token).into()
        }),
        Column::text("prices_as_of", "Date of the built-in price book", |row| (&row.prices_as_of).into()),
        Column::text("version", "Version of natlens", |row| row.version.into()),
    ],
    rows: |dataset| std::slice::from_ref(&dataset.summary),
    account: |_| None,
};

static TRAFFIC: Declared<DayOfTraffic> = Declared {
    name: "traffic",
    doc: "Attributed bytes and their cost by day, gateway, client VPC and zone, and service. The days of a month sum to its row of the report.",
    sorted_by: &["service", "vpc_id", "nat_gateway_id", "az_id", "service_region", "evidence", "endpoint", "day"],
    columns: &[
        Column::new("day", Kind::Day, "Day, UTC, of the records start", |row| Cell::Day(row.day)),
        Column::text("nat_gateway_id", "The gateway", |row| (&row.row.nat_gateway_id).into()),
        or_null(Column::text("region", "Region of the gateway", |row| (&row.region).into())),
        or_null(Column::text("vpc_id", "VPC of the client", |row| (&row.row.vpc_id).into())),
        or_null(Column::text("az_id", "AZ id of the client", |row| (&row.row.az_id).into())),
        Column::text(
            "service",
            "Endpoint suffix, range:..., domain:..., the name of a rule, internet or private",
            |row| (&row.row.service).into(),
        ),
        or_null(Column::text("service_region", "Region of the service", |row| (&row.row.service_region).into())),
        Column::text("endpoint", "What could carry it: gateway, interface or none", |row| row.row.endpoint.into()),
        Column::text("evidence", "What named it: rule, prefix-list, dns, flow-log, ip-ranges or none", |row| {
            row.row.evidence.into()
        }),
        Column::count("upload_bytes", "Client to remote", |row| row.row.upload_bytes.into()),
        Column::count("download_bytes", "Remote to client", |row| row.row.download_bytes.into()),
        or_null(Column::amount("usd", "Cost, null where no price is known", |row| row.row.usd.into())),
    ],
    rows: |dataset| &dataset.traffic,
    account: |row| row.account.as_deref(),
};

static CLIENTS: Declared<Client> = Declared {
    name: "clients",
    doc: "All clients of the month, one row for each address and VPC.",
    sorted_by: &["vpc_id", "client"],
    columns: &[
        Column::text("client", "Address, (unknown) for logs that tell services without clients", |row| {
            (&row.row.client).into()
        }),
        or_null(Column::text("kind", "instance, lambda, ... where the inventory knows", |row| (&row.row.kind).into())),
        or_null(Column::text("name", "Name tag, instance id or description", |row| (&row.row.name).into())),
        or_null(Column::text("vpc_id", "VPC of the client", |row| (&row.row.vpc_id).into())),
        Column::text("nat_gateway_ids", "Gateways that it used, joined by commas", |row| {
            (&row.row.nat_gateway_ids).into()
        }),
        Column::count("upload_bytes", "Client to remote", |row| row.row.upload_bytes.into()),
        Column::count("download_bytes", "Remote to client", |row| row.row.download_bytes.into()),
        or_null(Column::amount("usd", "Cost, null where a price is missing", |row| row.row.usd.into())),
    ],
    rows: |dataset| &dataset.clients,
    account: |row| row.account.as_deref(),
};

static NAT_GATEWAYS: Declared<NatGateway> = Declared {
    name: "nat_gateways",
    doc: "NAT gateways with the reconciliation: what logs, CloudWatch and bill say of each, and why they differ.",
    sorted_by: &["nat_gateway_id"],
    columns: &[
        Column::text("nat_gateway_id", "The gateway, the interface id where only that is known", |row| {
            (&row.row.nat_gateway_id).into()
        }),
        or_null(Column::text("name", "Name tag", |row| (&row.row.name).into())),
        or_null(Column::text("region", "AWS Region", |row| (&row.row.region).into())),
        or_null(Column::text("vpc_id", "VPC of the gateway", |row| (&row.row.vpc_id).into())),
        or_null(Column::text("az_id", "AZ id of a zonal gateway", |row| (&row.row.az_id).into())),
        or_null(Column::count("upload_bytes", "Client to remote, null where no log covers it", |row| {
            row.row.upload_bytes.into()
        })),
        or_null(Column::count("download_bytes", "Remote to client", |row| row.row.download_bytes.into())),
        or_null(Column::count("observed_bytes", "Upload plus download", |row| row.row.observed_bytes.into())),
        or_null(Column::count("mirror_bytes", "The same bytes seen on the other side, never to be added", |row| {
            row.row.mirror_bytes.into()
        })),
        or_null(Column::count("unsolicited_bytes", "Inbound that nobody asked for", |row| {
            row.row.unsolicited_bytes.into()
        })),
        or_null(Column::count("metered_bytes", "What CloudWatch counted", |row| row.row.metered_bytes.into())),
        or_null(Column::count("billed_bytes", "What the bill counts", |row| row.row.billed_bytes.into())),
        or_null(Column::rate("coverage", "Observed over billed bytes", |row| row.row.coverage.into())),
        or_null(Column::rate("usd_per_gb", "Price of a GB of 2^30 bytes: effective with a bill, else list", |row| {
            row.row.usd_per_gb.into()
        })),
        or_null(Column::amount("data_usd", "Billed data cost", |row| row.row.data_usd.into())),
        or_null(Column::amount("hours", "Billed hours", |row| row.row.hours.into())),
        or_null(Column::amount("hours_usd", "Billed cost of the hours", |row| row.row.hours_usd.into())),
        or_null(Column::amount("unobserved_usd", "Billed data cost that no flow log explains", |row| {
            row.row.unobserved_usd.into()
        })),
        or_null(Column::text("diagnosis", "Why the sources disagree, in plain words", |row| {
            (&row.row.diagnosis).into()
        })),
        or_null(Column::amount("attributed_usd", "Cost of the observed bytes", |row| row.attributed_usd.into())),
    ],
    rows: |dataset| &dataset.nat_gateways,
    account: |row| row.row.account_id.as_deref(),
};

static DECISIONS: Declared<Decision> = Declared {
    name: "decisions",
    doc: "What to do about endpoints, one row for each VPC, service and endpoint type.",
    sorted_by: &["vpc_id", "service", "endpoint_type", "action"],
    columns: &[
        Column::text("action", "create, fix, keep-nat, remove or share", |row| row.row.action.into()),
        Column::text("endpoint_type", "gateway or interface", |row| row.row.endpoint_type.into()),
        Column::text("service", "Endpoint suffix", |row| (&row.row.service).into()),
        Column::text("endpoint_service_name", "Name of the endpoint service", |row| {
            (&row.row.endpoint_service_name).into()
        }),
        or_null(Column::text("endpoint_id", "The endpoint, where it exists", |row| (&row.row.endpoint_id).into())),
        or_null(Column::text("endpoint_vpc_id", "The VPC that holds a shared endpoint", |row| {
            (&row.row.endpoint_vpc_id).into()
        })),
        Column::text("region", "Region of both", |row| (&row.row.region).into()),
        Column::text("vpc_id", "VPC of the clients", |row| (&row.row.vpc_id).into()),
        Column::text("az_ids", "AZ ids that send the traffic, joined by commas", |row| (&row.row.az_ids).into()),
        Column::count("bytes", "Both directions", |row| row.row.bytes.into()),
        or_null(Column::amount("avoided_usd", "NAT and transfer cost avoided", |row| row.row.avoided_usd.into())),
        or_null(Column::amount("endpoint_hours_usd", "Endpoint hours over the period", |row| {
            row.row.endpoint_hours_usd.into()
        })),
        or_null(Column::amount("endpoint_data_usd", "Endpoint data cost", |row| row.row.endpoint_data_usd.into())),
        or_null(Column::amount("net_usd", "avoided_usd less endpoint hours and data", |row| row.row.net_usd.into())),
        or_null(Column::rate("break_even_gb", "GB a month from which the endpoint pays", |row| {
            row.row.break_even_gb.into()
        })),
        Column::text("reason", "What to do and why", |row| (&row.row.reason).into()),
    ],
    rows: |dataset| &dataset.decisions,
    account: |row| row.account.as_deref(),
};

static FINDINGS: Declared<Finding> = Declared {
    name: "findings",
    doc: "What the gateways themselves cost without need, whatever endpoints there are.",
    sorted_by: &["nat_gateway_id", "kind"],
    columns: &[
        Column::text("kind", "idle, redundant, cross-az or removable", |row| row.row.kind.into()),
        Column::text("nat_gateway_id", "The gateway", |row| (&row.row.nat_gateway_id).into()),
        or_null(Column::text("region", "Region of the gateway", |row| (&row.region).into())),
        Column::text("route_table_ids", "Route tables to change, joined by commas", |row| {
            (&row.row.route_table_ids).into()
        }),
        or_null(Column::amount("usd", "What acting on it saves in the period", |row| row.row.usd.into())),
        Column::text("reason", "What was found and what to do", |row| (&row.row.reason).into()),
    ],
    rows: |dataset| &dataset.findings,
    account: |row| row.account.as_deref(),
};

static PRICES: Declared<Price> = Declared {
    name: "prices",
    doc: "List prices of the Regions that the month is about, as the decisions used them.",
    sorted_by: &["region", "item"],
    columns: &[
        Column::text("region", "AWS Region", |row| (&row.region).into()),
        Column::text("item", "Item of the price book", |row| row.item.into()),
        Column::rate("usd", "Price of one unit, a GB is 2^30 bytes", |row| row.usd.into()),
        Column::text("source", "built-in, or own for a row of a price file", |row| row.source.into()),
    ],
    rows: |dataset| &dataset.prices,
    account: |_| None,
};

static BILL_LINES: Declared<BillLine> = Declared {
    name: "bill_lines",
    doc: "Lines of the bill about NAT gateways, endpoints and what goes with them, added up by day. Money of other classes than usage and discount is in no sum of the report.",
    sorted_by: &["x_kind", "resource_id", "x_class", "sub_account_id", "region_id", "x_day"],
    columns: &[
        Column::new("x_day", Kind::Day, "Day, UTC, of the lines start", |row| Cell::Day(row.day)),
        Column::text("x_kind", "What it charges for: nat_bytes, nat_hours, endpoint_hours, ...", |row| row.kind.into()),
        Column::text("x_class", "usage, discount, credit, refund, tax or other", |row| row.class.into()),
        or_null(Column::text("sub_account_id", "Account that used it", |row| (&row.account).into())),
        or_null(Column::text("region_id", "Region", |row| (&row.region).into())),
        or_null(Column::text("resource_id", "Gateway, endpoint or attachment, by its id", |row| {
            (&row.resource).into()
        })),
        or_null(Column::amount("consumed_quantity", "Amount in consumed_unit", |row| row.quantity.into())),
        or_null(Column::text("consumed_unit", "GB, Hours or Gbps-Hours, a GB is 2^30 bytes", |row| row.unit.into())),
        or_null(Column::count("x_bytes", "The amount in bytes, rounded line by line", |row| row.bytes.into())),
        or_null(Column::amount("billed_cost", "Net cost", |row| row.net.into())),
        or_null(Column::amount("list_cost", "Public on-demand cost", |row| row.list.into())),
        or_null(Column::amount("x_unblended_cost", "Cost before discounts that are lines of their own", |row| {
            row.unblended.into()
        })),
        or_null(Column::amount("x_cost", "Cost on the basis of the report, see summary.cost_basis", |row| {
            row.cost.into()
        })),
        Column::count("x_lines", "Lines of the bill", |row| row.lines.into()),
    ],
    rows: |dataset| &dataset.bill_lines,
    account: |row| row.account.as_deref(),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_such_as_every_engine_takes_without_quotes() {
        // Words that Hive or Trino reserve, of those that a column of ours could have.
        const RESERVED: [&str; 8] = ["date", "end", "start", "table", "timestamp", "user", "values", "partition"];
        for table in TABLES {
            let shapes = table.shapes();
            for name in shapes.iter().map(|shape| shape.name).chain([table.name()]) {
                assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
                assert!(!RESERVED.contains(&name), "{name}");
                assert!(!["account_id", "month"].contains(&name), "{}: {name} is a partition", table.name());
            }
            for (at, shape) in shapes.iter().enumerate() {
                assert!(shapes[..at].iter().all(|other| other.name != shape.name), "{} twice", shape.name);
                assert!(!shape.doc.contains(['\'', '"', ';', '\\']), "{}: its words become a comment", shape.name);
            }
            assert!(!table.doc().contains(['\'', '"', ';', '\\']), "{}", table.name());
            for name in table.sorted_by() {
                assert!(shapes.iter().any(|shape| shape.name == *name), "{}: no column {name}", table.name());
            }
        }
    }
}
