//! Which column of a bill is which. Names differ by export and format; what is needed of them does not.

use super::error::BillReadError;
use crate::model::bill::BillFormat;

/// What a [`BillLine`](crate::model::bill::BillLine) is made of, column by column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Account,
    Region,
    /// The Region in a second column, for lines that have none in the first.
    OtherRegion,
    /// A map that may hold what has no column of its own.
    ProductMap,
    Product,
    Operation,
    UsageType,
    /// FOCUS 1.2: stands in where there is no usage type.
    Meter,
    Sku,
    Resource,
    Description,
    Quantity,
    Unit,
    /// FOCUS: for lines without consumed quantity.
    OtherQuantity,
    OtherUnit,
    /// Line item type, or charge category.
    Kind,
    /// FOCUS: charge class.
    Correction,
    Unblended,
    Net,
    List,
    Currency,
    Start,
    End,
    /// Start and end in one, for lines without them.
    Interval,
    /// Which invoice the line is on; blank until there is one.
    Invoice,
    Month,
}

impl Field {
    /// How many there are.
    pub const COUNT: usize = Self::Month as usize + 1;

    /// Its place in arrays over all fields.
    pub const fn at(self) -> usize {
        self as usize
    }
}

/// Names as [`plain`] leaves them. Sources: AWS, CUR data dictionary and CUR 2.0 table dictionary.
const CUR: &[(&str, Field)] = &[
    ("line_item_usage_account_id", Field::Account),
    ("product_region_code", Field::Region),
    ("product_region", Field::OtherRegion),
    ("product", Field::ProductMap),
    ("line_item_product_code", Field::Product),
    ("line_item_operation", Field::Operation),
    ("line_item_usage_type", Field::UsageType),
    ("product_sku", Field::Sku),
    ("line_item_resource_id", Field::Resource),
    ("line_item_line_item_description", Field::Description),
    ("line_item_usage_amount", Field::Quantity),
    ("pricing_unit", Field::Unit),
    ("line_item_line_item_type", Field::Kind),
    ("line_item_unblended_cost", Field::Unblended),
    ("line_item_net_unblended_cost", Field::Net),
    ("pricing_public_on_demand_cost", Field::List),
    ("line_item_currency_code", Field::Currency),
    ("line_item_usage_start_date", Field::Start),
    ("line_item_usage_end_date", Field::End),
    ("identity_time_interval", Field::Interval),
    ("bill_invoice_id", Field::Invoice),
    ("bill_billing_period_start_date", Field::Month),
];

/// Sources: AWS, FOCUS 1.0 and FOCUS 1.2 table dictionaries.
const FOCUS: &[(&str, Field)] = &[
    ("sub_account_id", Field::Account),
    ("region_id", Field::Region),
    ("x_service_code", Field::Product),
    ("x_operation", Field::Operation),
    ("x_usage_type", Field::UsageType),
    ("sku_meter", Field::Meter),
    ("sku_id", Field::Sku),
    ("resource_id", Field::Resource),
    ("charge_description", Field::Description),
    ("consumed_quantity", Field::Quantity),
    ("consumed_unit", Field::Unit),
    ("pricing_quantity", Field::OtherQuantity),
    ("pricing_unit", Field::OtherUnit),
    ("charge_category", Field::Kind),
    ("charge_class", Field::Correction),
    ("contracted_cost", Field::Unblended),
    ("billed_cost", Field::Net),
    ("list_cost", Field::List),
    ("billing_currency", Field::Currency),
    ("charge_period_start", Field::Start),
    ("charge_period_end", Field::End),
    ("invoice_id", Field::Invoice),
    ("billing_period_start", Field::Month),
];

/// Columns that only CUR 2.0 has.
const CUR_2: &[&str] = &[
    "product",
    "discount",
    "cost_category",
    "resource_tags",
    "bill_payer_account_name",
    "line_item_usage_account_name",
];

/// A name of a column that each of these bills has, and nothing else: what makes a table a bill.
const CUR_MARK: &str = "line_item_usage_type";
const FOCUS_MARK: &str = "charge_category";

/// Which column holds what, and the kind of bill.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub format: BillFormat,
    /// Columns in all.
    pub width: usize,
    at: [Option<usize>; Field::COUNT],
}

impl Columns {
    /// From the names in their order; refused if they are no bill's, or lack something.
    pub fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self, BillReadError> {
        let names: Vec<String> = names.map(plain).collect();
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        let (table, format) = if has(CUR_MARK) {
            let cur_2 = CUR_2.iter().any(|name| has(name));
            (CUR, if cur_2 { BillFormat::Cur2 } else { BillFormat::CurLegacy })
        } else if has(FOCUS_MARK) {
            (FOCUS, BillFormat::Focus)
        } else {
            let first: Vec<&str> = names.iter().map(String::as_str).take(3).collect();
            return Err(BillReadError::NotABill(format!("its columns are {}, …", first.join(", "))));
        };
        let mut at = [None; Field::COUNT];
        for (name, field) in table {
            at[field.at()] = names.iter().position(|column| column == name);
        }
        let columns = Self { format, width: names.len(), at };
        columns.complete(table)
    }

    /// Without these, a line could not be told from a credit, or put into a month, or its cost would be guessed.
    fn complete(self, table: &[(&'static str, Field)]) -> Result<Self, BillReadError> {
        let name = |wanted: Field| table.iter().find(|(_, field)| *field == wanted).map_or("", |(name, _)| *name);
        let any = |fields: &[Field]| {
            let missing = fields.iter().all(|&field| self.column(field).is_none());
            missing.then(|| fields.iter().map(|&field| name(field)).collect::<Vec<_>>().join(" or "))
        };
        let (start, quantity): (&[Field], &[Field]) = match self.format {
            BillFormat::Focus => (&[Field::Start], &[Field::Quantity, Field::OtherQuantity]),
            _ => (&[Field::Start, Field::Interval], &[Field::Quantity]),
        };
        let needed = [any(&[Field::Kind]), any(start), any(quantity), any(&[Field::Net, Field::Unblended])];
        let missing: Vec<String> = needed.into_iter().flatten().collect();
        if missing.is_empty() { Ok(self) } else { Err(BillReadError::MissingColumns(missing.join(", "))) }
    }

    /// Where a field stands.
    pub const fn column(&self, field: Field) -> Option<usize> {
        self.at[field.at()]
    }

    /// The fields that there are, with their columns, in the order of fields.
    pub fn present(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.at.iter().enumerate().filter_map(|(field, column)| Some((field, (*column)?)))
    }
}

/// `lineItem/UsageType`, `line_item_usage_type` and `LineItem_UsageType` are one name, `BilledCost` and `billed_cost` too.
fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let mut before = '_';
    for c in name.trim().chars() {
        let divider = c == '/' || c == '_';
        if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            out.push('_');
        }
        if divider {
            if !out.ends_with('_') {
                out.push('_');
            }
        } else {
            out.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &str, expect: Result<BillFormat, &str>) {
        match (Columns::of_names(names.split(',')), expect) {
            (Ok(columns), Ok(format)) => assert_eq!(columns.format, format, "{names}"),
            (Err(error), Err(text)) => assert_eq!(error.to_string(), text, "{names}"),
            (found, _) => panic!("{names}: {found:?}"),
        }
    }

    #[test]
    fn names_are_one_however_they_are_written() {
        for (name, expect) in [
            ("lineItem/UsageType", "line_item_usage_type"),
            ("line_item_usage_type", "line_item_usage_type"),
            ("lineItem/LineItemType", "line_item_line_item_type"),
            ("pricing/publicOnDemandCost", "pricing_public_on_demand_cost"),
            ("product/regionCode", "product_region_code"),
            ("bill/BillingPeriodStartDate", "bill_billing_period_start_date"),
            ("x_UsageType", "x_usage_type"),
            ("BilledCost", "billed_cost"),
            ("SkuId", "sku_id"),
            ("LINE_ITEM_USAGE_TYPE", "line_item_usage_type"),
        ] {
            assert_eq!(plain(name), expect, "{name}");
        }
    }

    #[test]
    fn headers_tell_the_format() {
        let legacy = "lineItem/UsageType,lineItem/LineItemType,lineItem/UsageStartDate,lineItem/UsageAmount,lineItem/UnblendedCost";
        check(legacy, Ok(BillFormat::CurLegacy));
        let lower = "line_item_usage_type,line_item_line_item_type,identity_time_interval,line_item_usage_amount,line_item_net_unblended_cost";
        check(lower, Ok(BillFormat::CurLegacy));
        check(&format!("{lower},product"), Ok(BillFormat::Cur2));
        check(&format!("{lower},resource_tags"), Ok(BillFormat::Cur2));
        let focus = "ChargeCategory,ChargePeriodStart,ConsumedQuantity,BilledCost";
        check(focus, Ok(BillFormat::Focus));
        check(
            "ChargeCategory,BilledCost",
            Err("the bill lacks the columns charge_period_start, consumed_quantity or pricing_quantity"),
        );
        check(
            "lineItem/UsageType",
            Err(
                "the bill lacks the columns line_item_line_item_type, line_item_usage_start_date or identity_time_interval, \
                 line_item_usage_amount, line_item_net_unblended_cost or line_item_unblended_cost",
            ),
        );
        check(
            "region,code,alternative_prefix,x",
            Err("not a bill: its columns are region, code, alternative_prefix, …"),
        );
    }
}
