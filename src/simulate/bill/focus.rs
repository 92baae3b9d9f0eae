//! FOCUS exports of AWS, 1.0 and 1.2: a selection of their columns. Source: AWS, table dictionaries of FOCUS 1.0 and 1.2.

use super::cur::{Sheet, product_name, region};
use super::line::{Class, Line, What};
use super::table::{Cell, Column, Shape, Table};

/// The version of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V10,
    V12,
}

/// In which version a column exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Both,
    Only10,
    Only12,
}

struct Definition {
    name: &'static str,
    since: Since,
    shape: Shape,
    cell: fn(&Sheet<'_>, &Line) -> Cell,
}

macro_rules! columns {
    ($($name:literal $since:ident $shape:ident $cell:expr;)*) => {
        &[$(Definition { name: $name, since: Since::$since, shape: Shape::$shape, cell: $cell },)*]
    };
}

const COLUMNS: &[Definition] = columns! {
    "AvailabilityZone" Both Text |_, _| Cell::None;
    "BilledCost" Both Number |_, line| Cell::Number(net(line));
    "BillingAccountId" Both Text |sheet, _| Cell::text(&*sheet.payer);
    "BillingAccountName" Both Text |_, _| Cell::text("Organisation");
    "BillingCurrency" Both Text |_, _| Cell::text("USD");
    "BillingPeriodEnd" Both Time |sheet, _| Cell::Time(sheet.month.end);
    "BillingPeriodStart" Both Time |sheet, _| Cell::Time(sheet.month.start);
    "CapacityReservationId" Only12 Text |_, _| Cell::None;
    "ChargeCategory" Both Text |_, line| Cell::text(category(line));
    "ChargeClass" Both Text |_, line| Cell::text(if line.class == Class::Refund { "Correction" } else { "" });
    "ChargeDescription" Both Text |_, line| Cell::Text(line.description());
    "ChargeFrequency" Both Text |_, line| Cell::text(if line.class == Class::Usage { "Usage-Based" } else { "One-Time" });
    "ChargePeriodEnd" Both Time |_, line| Cell::Time(line.end);
    "ChargePeriodStart" Both Time |_, line| Cell::Time(line.start);
    "ConsumedQuantity" Both Number |_, line| quantity(line);
    "ConsumedUnit" Both Text |_, line| unit(line);
    "ContractedCost" Both Number |_, line| Cell::Number(line.costs.unblended);
    "EffectiveCost" Both Number |_, line| Cell::Number(net(line));
    "InvoiceId" Only12 Text |sheet, _| Cell::Text(sheet.month.start.to_string());
    "InvoiceIssuerName" Both Text |_, _| Cell::text("Amazon Web Services, Inc.");
    "ListCost" Both Number |_, line| Cell::Number(line.costs.list.unwrap_or(0));
    "PricingCategory" Both Text |_, line| Cell::text(if line.class == Class::Usage { "Standard" } else { "" });
    "PricingCurrency" Only12 Text |_, _| Cell::text("USD");
    "PricingQuantity" Both Number |_, line| quantity(line);
    "PricingUnit" Both Text |_, line| unit(line);
    "ProviderName" Both Text |_, _| Cell::text("AWS");
    "PublisherName" Both Text |_, _| Cell::text("AWS");
    "RegionId" Both Text |sheet, line| region(sheet, line);
    "ResourceId" Both Text |_, line| Cell::text(&*line.resource);
    "ResourceType" Both Text |_, _| Cell::None;
    "ServiceCategory" Both Text |_, line| Cell::text(if line.item.product == "AmazonEC2" { "Compute" } else { "Networking" });
    "ServiceName" Both Text |_, line| Cell::text(product_name(line));
    "ServiceSubcategory" Only12 Text |_, line| Cell::text(if line.item.product == "AmazonEC2" { "Virtual Machines" } else { "Network Infrastructure" });
    "SkuId" Both Text |_, line| Cell::text(&*line.item.sku);
    "SkuMeter" Only12 Text |_, line| Cell::text(meter(line));
    "SkuPriceId" Both Text |_, line| price_id(line);
    "SubAccountId" Both Text |sheet, _| Cell::text(&*sheet.account.id);
    "SubAccountName" Both Text |_, _| Cell::text("Shop");
    "SubAccountType" Only12 Text |_, _| Cell::text("Linked");
    "Tags" Both Pairs |_, _| Cell::Pairs(Vec::new());
    "x_CostCategories" Only10 Pairs |_, _| Cell::Pairs(Vec::new());
    "x_Discounts" Both Pairs |_, _| Cell::Pairs(Vec::new());
    "x_Operation" Both Text |_, line| Cell::text(line.item.operation);
    "x_ServiceCode" Both Text |_, line| Cell::text(line.item.product);
    "x_UsageType" Only10 Text |_, line| Cell::text(&*line.item.usage_type);
};

/// What was billed: FOCUS has this on every row, discounts or not.
fn net(line: &Line) -> i128 {
    line.costs.net.unwrap_or(line.costs.unblended)
}

fn category(line: &Line) -> &'static str {
    match line.class {
        // A correction is of the category of what it corrects.
        Class::Usage | Class::Refund | Class::EdpDiscount => "Usage",
        Class::Credit => "Credit",
        Class::Tax => "Tax",
    }
}

fn quantity(line: &Line) -> Cell {
    if matches!(line.class, Class::Usage | Class::Refund) { Cell::Number(line.amount) } else { Cell::None }
}

fn unit(line: &Line) -> Cell {
    let unit = if line.item.unit == "Hrs" { "Hours" } else { line.item.unit };
    Cell::text(if matches!(line.class, Class::Usage | Class::Refund) { unit } else { "" })
}

fn price_id(line: &Line) -> Cell {
    Cell::text(if line.item.sku.is_empty() {
        String::new()
    } else {
        format!("{}.JRTCKXETXF.6YS6EN2CT7", line.item.sku)
    })
}

/// What AWS puts into `SkuMeter` is not documented: it is the usage type here, but on every second gateway, whose own
/// charges only the SKU tells.
fn meter(line: &Line) -> &str {
    let by_sku = matches!(line.item.what, What::NatHours | What::NatBytes) && line.of.is_some_and(|of| of % 2 == 1);
    if by_sku { "" } else { &line.item.usage_type }
}

/// The rows as an export.
pub(super) fn table(sheet: &Sheet<'_>, lines: &[Line], version: Version) -> Table {
    let skipped = if version == Version::V10 { Since::Only12 } else { Since::Only10 };
    let chosen: Vec<&Definition> = COLUMNS.iter().filter(|definition| definition.since != skipped).collect();
    let row = |line: &Line| chosen.iter().map(|definition| (definition.cell)(sheet, line)).collect();
    let rows = lines.iter().map(row).collect();
    let columns = chosen.iter().map(|d| Column { name: d.name.to_owned(), shape: d.shape });
    Table { columns: columns.collect(), rows }
}
