//! One small account's bill, and how every format writes it.

use super::*;

/// A row in plain words; each format says of it what it can.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub account: &'static str,
    pub region: &'static str,
    pub product: &'static str,
    pub operation: &'static str,
    pub usage_type: &'static str,
    pub sku: &'static str,
    pub resource: &'static str,
    pub description: &'static str,
    pub unit: &'static str,
    /// Line item type, and FOCUS's charge category and class.
    pub kind: (&'static str, &'static str, &'static str),
    /// Hours since 1 April 2026: start and end.
    pub hours: (i64, i64),
    pub quantity: &'static str,
    pub unblended: &'static str,
    pub net: &'static str,
    pub list: &'static str,
}

const NAT: &str = "arn:aws:ec2:eu-west-1:123456789012:natgateway/nat-0a1b2c3d4e5f60718";

/// Awkward on purpose: quotes, commas and line ends in texts, exponents, empty numbers, a credit, a month's hours in one row.
pub(super) fn rows() -> Vec<Row> {
    let bytes = Row {
        account: "012345678901",
        region: "eu-west-1",
        product: "AmazonEC2",
        operation: "NatGateway",
        usage_type: "EU-NatGateway-Bytes",
        sku: "ABCDEFGHIJKLMNOP",
        resource: NAT,
        description: "$0.048 per GB, \"Data Processed\" by NAT Gateways",
        unit: "GB",
        kind: ("Usage", "Usage", ""),
        hours: (0, 1),
        quantity: "7.095684E-4",
        unblended: "0.0000340592832",
        net: "0.00003",
        list: "0.0000340592832",
    };
    vec![
        bytes.clone(),
        Row { hours: (24, 42), quantity: "1.0000000005", unblended: "0.048", net: "", ..bytes.clone() },
        Row {
            usage_type: "EU-NatGateway-Hours",
            unit: "Hrs",
            hours: (0, 720),
            quantity: "720",
            unblended: "34.56",
            net: "30",
            list: "34.56",
            description: "two\nlines",
            ..bytes.clone()
        },
        Row {
            kind: ("Credit", "Credit", ""),
            resource: "",
            quantity: "0",
            unblended: "-34.56",
            net: "-30",
            list: "0",
            ..bytes.clone()
        },
        Row {
            kind: ("Refund", "Usage", "Correction"),
            quantity: "-1",
            unblended: "-0.048",
            net: "-0.048",
            list: "",
            ..bytes.clone()
        },
        Row {
            kind: ("Tax", "Tax", ""),
            usage_type: "",
            operation: "",
            resource: "",
            sku: "",
            unit: "",
            region: "",
            description: "VAT für EU",
            quantity: "1",
            ..bytes
        },
    ]
}

/// How a line is compared.
pub(super) fn shown(line: &BillLine<'_>) -> String {
    let amount = |amount: Option<Usd>| amount.map_or("-".to_owned(), |amount| amount.to_string());
    let month = line.month.map_or("-".to_owned(), |month| month.to_string());
    [
        line.account,
        line.region,
        line.product,
        line.operation,
        line.usage_type,
        line.sku,
        line.resource,
        line.description,
        line.unit,
        &format!("{:?} {month} {}..{}", line.class, line.start - APRIL, line.end - APRIL),
        &amount(line.quantity),
        &amount(line.unblended),
        &amount(line.net),
        &amount(line.list),
        line.currency,
    ]
    .join("|")
}

/// 1 April 2026, Unix UTC.
pub(super) const APRIL: i64 = 1_775_001_600;

/// The lines that every format has to give.
pub(super) fn expected() -> Vec<String> {
    let amount = |text: &str| (!text.is_empty()).then(|| Usd::parse(text).expect("an amount").0);
    let class = |row: &Row| match row.kind.0 {
        "Credit" => LineClass::Credit,
        "Refund" => LineClass::Refund,
        "Tax" => LineClass::Tax,
        _ => LineClass::Usage,
    };
    let line = |row: &Row| {
        shown(&BillLine {
            account: row.account,
            region: row.region,
            product: row.product,
            operation: row.operation,
            usage_type: row.usage_type,
            sku: row.sku,
            resource: row.resource,
            description: row.description,
            unit: row.unit,
            class: class(row),
            month: Month::parse("2026-04"),
            has_invoice: None,
            start: APRIL + row.hours.0 * 3_600,
            end: APRIL + row.hours.1 * 3_600,
            quantity: amount(row.quantity),
            unblended: amount(row.unblended),
            net: amount(row.net),
            list: amount(row.list),
            currency: "USD",
            rounded: 0,
        })
    };
    rows().iter().map(line).collect()
}

/// Names and cells of a table.
pub(super) type Table = (Vec<String>, Vec<Vec<String>>);

fn table(names: &[&str], cells: impl Fn(&Row) -> Vec<String>) -> Table {
    (names.iter().map(|name| (*name).to_owned()).collect(), rows().iter().map(cells).collect())
}

/// How a format writes an hour after the start of April.
pub(super) fn time(hour: i64, form: &str) -> String {
    let iso = crate::model::period::iso(APRIL + hour * 3_600);
    match form {
        "millis" => iso.replace('Z', ".000Z"),
        "spaced" => iso.replace('T', " ").replace('Z', ""),
        _ => iso,
    }
}

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// Legacy CUR with slashes, and columns that nobody needs.
pub(super) fn legacy() -> Table {
    let names = [
        "identity/LineItemId",
        "identity/TimeInterval",
        "bill/BillingPeriodStartDate",
        "lineItem/UsageAccountId",
        "lineItem/LineItemType",
        "lineItem/UsageStartDate",
        "lineItem/UsageEndDate",
        "lineItem/ProductCode",
        "lineItem/UsageType",
        "lineItem/Operation",
        "lineItem/ResourceId",
        "lineItem/UsageAmount",
        "lineItem/CurrencyCode",
        "lineItem/UnblendedCost",
        "lineItem/NetUnblendedCost",
        "lineItem/LineItemDescription",
        "product/region",
        "product/sku",
        "pricing/publicOnDemandCost",
        "pricing/unit",
        "resourceTags/user:Name",
    ];
    table(&names, |row| {
        let (start, end) = (time(row.hours.0, ""), time(row.hours.1, ""));
        let interval = format!("{start}/{end}");
        texts([
            "id",
            &interval,
            "2026-04-01T00:00:00Z",
            row.account,
            row.kind.0,
            &start,
            &end,
            row.product,
            row.usage_type,
            row.operation,
            row.resource,
            row.quantity,
            "USD",
            row.unblended,
            row.net,
            row.description,
            row.region,
            row.sku,
            row.list,
            row.unit,
            "a, \"b\"",
        ])
    })
}

/// CUR 2.0, whose Region and SKU stand in the product map only, and whose times stand in the interval only.
pub(super) fn cur_2() -> Table {
    let names = [
        "bill_billing_period_start_date",
        "identity_time_interval",
        "line_item_currency_code",
        "line_item_line_item_description",
        "line_item_line_item_type",
        "line_item_net_unblended_cost",
        "line_item_operation",
        "line_item_product_code",
        "line_item_resource_id",
        "line_item_unblended_cost",
        "line_item_usage_account_id",
        "line_item_usage_amount",
        "line_item_usage_type",
        "pricing_public_on_demand_cost",
        "pricing_unit",
        "product",
        "resource_tags",
    ];
    table(&names, |row| {
        let interval = format!("{}/{}", time(row.hours.0, "millis"), time(row.hours.1, "millis"));
        let map = match row.region {
            "" => r#"{"product_name":"Tax"}"#.to_owned(),
            region => format!(r#"{{"product_name":"EC2, \"x\"","region_code":"{region}","sku":"{}"}}"#, row.sku),
        };
        texts([
            "2026-04-01T00:00:00.000Z",
            &interval,
            "USD",
            row.description,
            row.kind.0,
            row.net,
            row.operation,
            row.product,
            row.resource,
            row.unblended,
            row.account,
            row.quantity,
            row.usage_type,
            row.list,
            row.unit,
            &map,
            "{}",
        ])
    })
}

/// FOCUS 1.0, with the usage type in a column of AWS's, or 1.2 with the meter.
pub(super) fn focus(usage_type: &'static str) -> Table {
    let names = [
        "BilledCost",
        "BillingCurrency",
        "BillingPeriodStart",
        "ChargeCategory",
        "ChargeClass",
        "ChargeDescription",
        "ChargePeriodEnd",
        "ChargePeriodStart",
        "ConsumedQuantity",
        "ConsumedUnit",
        "ContractedCost",
        "ListCost",
        "PricingQuantity",
        "PricingUnit",
        "RegionId",
        "ResourceId",
        "SkuId",
        "SubAccountId",
        "Tags",
        "x_Operation",
        "x_ServiceCode",
        usage_type,
    ];
    table(&names, |row| {
        let (start, end) = (time(row.hours.0, "spaced"), time(row.hours.1, "spaced"));
        // Credits and hours are priced only.
        let consumed = if row.unit == "Hrs" { ["NULL", ""] } else { [row.quantity, row.unit] };
        let class = if row.kind.2.is_empty() { "null" } else { row.kind.2 };
        texts([
            row.net,
            "USD",
            "2026-04-01 00:00:00",
            row.kind.1,
            class,
            row.description,
            &end,
            &start,
            consumed[0],
            consumed[1],
            row.unblended,
            row.list,
            row.quantity,
            row.unit,
            row.region,
            row.resource,
            row.sku,
            row.account,
            "{}",
            row.operation,
            row.product,
            row.usage_type,
        ])
    })
}

/// A table as csv, with columns in an order that a seed picks.
pub(super) fn csv(table: &Table, seed: usize, line_end: &str) -> String {
    let width = table.0.len();
    let order: Vec<usize> = (0..width).map(|at| (at * 5 + seed) % width).collect();
    let distinct: BTreeSet<usize> = order.iter().copied().collect();
    let order: Vec<usize> = if distinct.len() == width { order } else { (0..width).rev().collect() };
    let quoted = |cell: &str| {
        let plain = !cell.contains([',', '"', '\n', '\r']);
        if plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    };
    let row = |cells: &Vec<String>| order.iter().map(|&at| quoted(&cells[at])).collect::<Vec<_>>().join(",") + line_end;
    std::iter::once(&table.0).chain(&table.1).map(row).collect()
}
