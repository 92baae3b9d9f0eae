//! Cost and Usage Reports, legacy and 2.0: a selection of their columns. Source: AWS, CUR and CUR 2.0 table dictionaries.

use super::amount::decimal;
use super::line::{Class, Line};
use super::table::{Cell, Column, Shape, Table};
use crate::model::period::{Window, iso};
use crate::simulate::account::Account;

/// What every row of a bill shares.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    pub(super) account: &'a Account,
    /// The organisation's account, which pays.
    pub(super) payer: String,
    pub(super) month: Window,
    /// Whether there are discounts.
    pub(super) discounted: bool,
}

/// Which of the two reports, and in which form its names are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// `lineItem/UsageType`.
    Legacy,
    /// `line_item_usage_type`, for Athena.
    LegacySnake,
    /// CUR 2.0.
    Cur2,
}

/// A column: its category and name in CUR legacy, its name in CUR 2.0 (empty: not there), what it holds.
struct Definition {
    legacy: (&'static str, &'static str),
    cur2: &'static str,
    shape: Shape,
    cell: fn(&Sheet<'_>, &Line, usize) -> Cell,
}

macro_rules! columns {
    ($($category:literal $name:literal $cur2:literal $shape:ident $cell:expr;)*) => {
        &[$(Definition { legacy: ($category, $name), cur2: $cur2, shape: Shape::$shape, cell: $cell },)*]
    };
}

const COLUMNS: &[Definition] = columns! {
    "identity" "LineItemId" "identity_line_item_id" Text |_, _, number| Cell::Text(format!("{number:020}"));
    "identity" "TimeInterval" "identity_time_interval" Text |_, line, _| Cell::Text(interval(line));
    "bill" "InvoiceId" "bill_invoice_id" Text |sheet, _, _| Cell::Text(sheet.month.start.to_string());
    "bill" "InvoicingEntity" "bill_invoicing_entity" Text |_, _, _| Cell::text("Amazon Web Services, Inc.");
    "bill" "BillingEntity" "bill_billing_entity" Text |_, _, _| Cell::text("AWS");
    "bill" "BillType" "bill_bill_type" Text |_, _, _| Cell::text("Anniversary");
    "bill" "PayerAccountId" "bill_payer_account_id" Text |sheet, _, _| Cell::text(&*sheet.payer);
    "bill" "BillingPeriodStartDate" "bill_billing_period_start_date" Time |sheet, _, _| Cell::Time(sheet.month.start);
    "bill" "BillingPeriodEndDate" "bill_billing_period_end_date" Time |sheet, _, _| Cell::Time(sheet.month.end);
    "lineItem" "UsageAccountId" "line_item_usage_account_id" Text |sheet, _, _| Cell::text(&*sheet.account.id);
    "lineItem" "LineItemType" "line_item_line_item_type" Text |_, line, _| Cell::text(line.class.as_str());
    "lineItem" "UsageStartDate" "line_item_usage_start_date" Time |_, line, _| Cell::Time(line.start);
    "lineItem" "UsageEndDate" "line_item_usage_end_date" Time |_, line, _| Cell::Time(line.end);
    "lineItem" "ProductCode" "line_item_product_code" Text |_, line, _| Cell::text(line.item.product);
    "lineItem" "UsageType" "line_item_usage_type" Text |_, line, _| Cell::text(&*line.item.usage_type);
    "lineItem" "Operation" "line_item_operation" Text |_, line, _| Cell::text(line.item.operation);
    "lineItem" "AvailabilityZone" "line_item_availability_zone" Text |_, _, _| Cell::None;
    "lineItem" "ResourceId" "line_item_resource_id" Text |_, line, _| Cell::text(&*line.resource);
    "lineItem" "UsageAmount" "line_item_usage_amount" Number |_, line, _| Cell::Number(line.amount);
    "lineItem" "CurrencyCode" "line_item_currency_code" Text |_, _, _| Cell::text("USD");
    "lineItem" "UnblendedRate" "line_item_unblended_rate" Text |_, line, _| rate(line, line.charged);
    "lineItem" "UnblendedCost" "line_item_unblended_cost" Number |_, line, _| Cell::Number(line.costs.unblended);
    "lineItem" "NetUnblendedCost" "line_item_net_unblended_cost" Number |_, line, _| Cell::number(line.costs.net);
    "lineItem" "LineItemDescription" "line_item_line_item_description" Text |_, line, _| Cell::Text(line.description());
    "lineItem" "TaxType" "line_item_tax_type" Text |_, line, _| Cell::text(if is(line, Class::Tax) { "Sales" } else { "" });
    "product" "ProductName" "" Text |_, line, _| Cell::text(product_name(line));
    "product" "productFamily" "product_product_family" Text |_, line, _| Cell::text(line.item.family);
    "product" "regionCode" "product_region_code" Text |sheet, line, _| region(sheet, line);
    "product" "servicecode" "product_servicecode" Text |_, line, _| Cell::text(line.item.product);
    "product" "sku" "product_sku" Text |_, line, _| Cell::text(&*line.item.sku);
    "pricing" "publicOnDemandCost" "pricing_public_on_demand_cost" Number |_, line, _| Cell::number(line.costs.list);
    "pricing" "publicOnDemandRate" "pricing_public_on_demand_rate" Text |_, line, _| rate(line, line.item.price);
    "pricing" "term" "pricing_term" Text |_, line, _| Cell::text(if is(line, Class::Usage) { "OnDemand" } else { "" });
    "pricing" "unit" "pricing_unit" Text |_, line, _| Cell::text(line.item.unit);
    "" "" "product" Pairs |sheet, line, _| Cell::Pairs(product(sheet, line));
    "" "" "resource_tags" Pairs |_, line, _| Cell::Pairs(tags(line));
    "" "" "cost_category" Pairs |_, _, _| Cell::Pairs(Vec::new());
    "resourceTags" "user:Team" "" Text |_, line, _| Cell::text(team(line));
};

fn is(line: &Line, class: Class) -> bool {
    line.class == class
}

fn interval(line: &Line) -> String {
    format!("{}/{}", iso(line.start), iso(line.end))
}

fn rate(line: &Line, price: u64) -> Cell {
    Cell::text(if is(line, Class::Usage) { decimal(price.into(), 5) } else { String::new() })
}

pub(super) fn product_name(line: &Line) -> &'static str {
    match line.item.product {
        "AmazonEC2" => "Amazon Elastic Compute Cloud",
        "AmazonVPC" => "Amazon Virtual Private Cloud",
        _ => "Amazon Simple Storage Service",
    }
}

/// The Region; tax has none.
pub(super) fn region(sheet: &Sheet<'_>, line: &Line) -> Cell {
    Cell::text(if is(line, Class::Tax) { "" } else { sheet.account.place.region })
}

fn product(sheet: &Sheet<'_>, line: &Line) -> Vec<(&'static str, String)> {
    vec![("product_name", product_name(line).to_owned()), ("region", sheet.account.place.region.to_owned())]
}

/// A tag with the signs that make CSV hard.
fn team(line: &Line) -> &'static str {
    if line.resource.contains(":natgateway/") { "Network, \"core\"" } else { "" }
}

fn tags(line: &Line) -> Vec<(&'static str, String)> {
    let team = team(line);
    if team.is_empty() { Vec::new() } else { vec![("user_team", team.to_owned())] }
}

/// `lineItem`, `UsageType` as `line_item_usage_type`.
fn snake(category: &str, name: &str) -> String {
    let mut text = String::new();
    for word in [category, name] {
        if !text.is_empty() {
            text.push('_');
        }
        let mut small = false;
        for letter in word.chars() {
            if letter.is_ascii_uppercase() && small {
                text.push('_');
            }
            small = letter.is_ascii_lowercase();
            text.push(if letter == ':' { '_' } else { letter.to_ascii_lowercase() });
        }
    }
    text
}

impl Definition {
    fn name(&self, names: Names) -> Option<String> {
        let (category, name) = self.legacy;
        let text = match names {
            Names::Cur2 => self.cur2.to_owned(),
            _ if category.is_empty() => String::new(),
            Names::Legacy => format!("{category}/{name}"),
            Names::LegacySnake => snake(category, name),
        };
        (!text.is_empty()).then_some(text)
    }
}

/// The rows as a report. CUR 2.0 has its columns by name; legacy has net columns only where there are discounts.
pub(super) fn table(sheet: &Sheet<'_>, lines: &[Line], names: Names) -> Table {
    let hidden = |definition: &Definition| {
        names != Names::Cur2 && !sheet.discounted && definition.legacy.1 == "NetUnblendedCost"
    };
    let mut chosen: Vec<(String, &Definition)> = COLUMNS
        .iter()
        .filter(|definition| !hidden(definition))
        .filter_map(|definition| Some((definition.name(names)?, definition)))
        .collect();
    if names == Names::Cur2 {
        chosen.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let row = |(number, line): (usize, &Line)| {
        chosen.iter().map(|(_, definition)| (definition.cell)(sheet, line, number)).collect()
    };
    let rows = lines.iter().enumerate().map(row).collect();
    let columns = chosen.iter().map(|(name, definition)| Column { name: name.clone(), shape: definition.shape });
    Table { columns: columns.collect(), rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_names_have_two_forms() {
        let check = |category, name, expect: &str| assert_eq!(snake(category, name), expect);
        check("lineItem", "UsageType", "line_item_usage_type");
        check("identity", "LineItemId", "identity_line_item_id");
        check("product", "regionCode", "product_region_code");
        check("pricing", "publicOnDemandCost", "pricing_public_on_demand_cost");
        check("resourceTags", "user:Team", "resource_tags_user_team");
    }
}
