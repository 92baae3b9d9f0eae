//! The cells of a row into a line of the bill. The same for every format: readers only say which text stands where.

use super::columns::{Columns, Field};
use super::time;
use crate::model::bill::{BillFormat, BillLine, LineClass};
use crate::model::period::Month;
use crate::model::usd::{Rounded, Usd};
use serde::Deserialize;

/// What one field of a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// A text; empty for null, and for a column that there is not.
    Text(&'a str),
    /// A time that its column's type says to be one, Unix seconds.
    Seconds(i64),
    /// Bytes that are no UTF-8.
    NotText,
}

/// A row, by field.
pub(super) type Cells<'a> = [Cell<'a>; Field::COUNT];

/// A row of nothing.
pub(super) const NO_CELLS: Cells<'static> = [Cell::Text(""); Field::COUNT];

/// What a product map may hold in place of columns. Sources: CUR 2.0 table dictionary, `product`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProductMap<'a> {
    #[serde(borrow)]
    region_code: Option<&'a str>,
    #[serde(borrow)]
    region: Option<&'a str>,
    #[serde(borrow)]
    sku: Option<&'a str>,
}

/// The keys of a product map that are read.
pub(super) const MAP_KEYS: [&str; 3] = ["region_code", "region", "sku"];

/// Makes the line, or says what about the row is wrong. `month` is the file's, for exports whose lines name none.
pub(super) fn line<'a>(
    columns: &Columns,
    cells: &Cells<'a>,
    month: Option<Month>,
) -> Result<BillLine<'a>, &'static str> {
    if cells.contains(&Cell::NotText) {
        return Err("a needed field is not UTF-8 text");
    }
    let row = Row { focus: columns.format == BillFormat::Focus, cells };
    let mut rounded = 0;
    let mut amount = |field: Field| row.amount(field, &mut rounded);
    let own_quantity = amount(Field::Quantity)?;
    let (quantity, unit) = match own_quantity {
        None => (amount(Field::OtherQuantity)?, row.first(Field::OtherUnit, Field::Unit)),
        quantity => (quantity, row.text(Field::Unit)),
    };
    let (unblended, net, list) = (amount(Field::Unblended)?, amount(Field::Net)?, amount(Field::List)?);
    let (start, end) = row.span()?;
    let month = match row.time(Field::Month)? {
        Some(second) => Some(Month::of(second).ok_or("its billing period is in no month")?),
        None => month,
    };
    let map = row.product_map();
    let some = |text: &'a str, other: Option<&'a str>| if text.is_empty() { other.unwrap_or_default() } else { text };
    Ok(BillLine {
        account: row.text(Field::Account),
        region: some(row.first(Field::Region, Field::OtherRegion), map.region_code.or(map.region)),
        product: row.text(Field::Product),
        operation: row.text(Field::Operation),
        usage_type: row.first(Field::UsageType, Field::Meter),
        sku: some(row.text(Field::Sku), map.sku),
        resource: row.text(Field::Resource),
        description: row.text(Field::Description),
        unit,
        class: row.class(),
        month,
        has_invoice: columns.column(Field::Invoice).map(|_| !row.text(Field::Invoice).is_empty()),
        start,
        end,
        quantity,
        unblended,
        net,
        list,
        currency: some(row.text(Field::Currency), Some("USD")),
        rounded,
    })
}

/// What a row that is no line is on; empty where it says that it is on nothing, `None` where nothing says.
pub(super) fn resource<'a>(columns: &Columns, cells: &Cells<'a>) -> Option<&'a str> {
    match cells[Field::Resource.at()] {
        Cell::Text(text) => columns.column(Field::Resource).map(|_| text.trim_ascii()),
        Cell::Seconds(_) | Cell::NotText => None,
    }
}

struct Row<'c, 'a> {
    focus: bool,
    cells: &'c Cells<'a>,
}

impl<'a> Row<'_, 'a> {
    /// Texts without the spaces around them. FOCUS samples write null as a word.
    fn text(&self, field: Field) -> &'a str {
        let Cell::Text(text) = self.cells[field.at()] else { return "" };
        let text = text.trim_ascii();
        if self.focus && text.eq_ignore_ascii_case("null") { "" } else { text }
    }

    fn first(&self, field: Field, other: Field) -> &'a str {
        Some(self.text(field)).filter(|text| !text.is_empty()).unwrap_or_else(|| self.text(other))
    }

    fn amount(&self, field: Field, rounded: &mut u8) -> Result<Option<Usd>, &'static str> {
        let text = self.text(field);
        if text.is_empty() {
            return Ok(None);
        }
        let (amount, digits) = Usd::parse(text).map_err(|_| match field {
            Field::Quantity | Field::OtherQuantity => "its quantity is no number",
            _ => "a cost is no number",
        })?;
        *rounded += u8::from(digits == Rounded::Yes);
        Ok(Some(amount))
    }

    fn time(&self, field: Field) -> Result<Option<i64>, &'static str> {
        if let Cell::Seconds(second) = self.cells[field.at()] {
            return Ok(Some(second));
        }
        let text = self.text(field);
        if text.is_empty() {
            return Ok(None);
        }
        time::seconds(text).map(Some).ok_or("a time cannot be read")
    }

    fn span(&self) -> Result<(i64, i64), &'static str> {
        let (mut start, mut end) = (self.time(Field::Start)?, self.time(Field::End)?);
        let interval = self.text(Field::Interval);
        if (start.is_none() || end.is_none()) && !interval.is_empty() {
            let (first, last) = time::interval(interval).ok_or("its time interval cannot be read")?;
            start = start.or(Some(first));
            end = end.or(Some(last));
        }
        let start = start.ok_or("it does not say when the usage began")?;
        Ok((start, end.unwrap_or(start).max(start)))
    }

    /// Only where a column does not say it: taking a map's text apart costs more than all the rest.
    fn product_map(&self) -> ProductMap<'a> {
        let map = self.text(Field::ProductMap);
        let known = !self.first(Field::Region, Field::OtherRegion).is_empty() && !self.text(Field::Sku).is_empty();
        if known || map.is_empty() {
            return ProductMap::default();
        }
        serde_json::from_str(map).unwrap_or_default()
    }

    fn class(&self) -> LineClass {
        let kind = self.text(Field::Kind);
        if !self.focus {
            return match kind {
                "Usage" | "DiscountedUsage" | "SavingsPlanCoveredUsage" => LineClass::Usage,
                "EdpDiscount" | "PrivateRateDiscount" | "BundledDiscount" | "Discount" => LineClass::Discount,
                "Credit" => LineClass::Credit,
                "Refund" => LineClass::Refund,
                "Tax" => LineClass::Tax,
                _ => LineClass::Other,
            };
        }
        match kind {
            _ if self.text(Field::Correction) == "Correction" => LineClass::Refund,
            "Usage" => LineClass::Usage,
            "Credit" => LineClass::Credit,
            "Adjustment" => LineClass::Refund,
            "Tax" => LineClass::Tax,
            _ => LineClass::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUR: &str = "line_item_usage_type,line_item_line_item_type,line_item_usage_start_date,line_item_usage_end_date,\
        identity_time_interval,line_item_usage_amount,line_item_unblended_cost,product,bill_billing_period_start_date";

    /// Makes a line of `field=value` pairs.
    fn made<'a>(header: &str, values: &[(Field, &'a str)]) -> Result<BillLine<'a>, &'static str> {
        let columns = Columns::of_names(header.split(',')).expect("a bill");
        let mut cells = NO_CELLS;
        for (field, value) in values {
            cells[field.at()] = Cell::Text(value);
        }
        line(&columns, &cells, Month::parse("2026-04"))
    }

    #[test]
    fn classes_of_both_families() {
        let focus = "ChargeCategory,ChargePeriodStart,ConsumedQuantity,BilledCost";
        let start = (Field::Start, "2026-04-01");
        let class = |header: &str, kind, correction| {
            made(header, &[start, (Field::Kind, kind), (Field::Correction, correction)]).expect("a line").class
        };
        for (kind, expect) in [
            ("Usage", LineClass::Usage),
            ("DiscountedUsage", LineClass::Usage),
            ("SavingsPlanCoveredUsage", LineClass::Usage),
            ("EdpDiscount", LineClass::Discount),
            ("PrivateRateDiscount", LineClass::Discount),
            ("BundledDiscount", LineClass::Discount),
            ("Discount", LineClass::Discount),
            ("Credit", LineClass::Credit),
            ("Refund", LineClass::Refund),
            ("Tax", LineClass::Tax),
            ("Fee", LineClass::Other),
            ("SavingsPlanNegation", LineClass::Other),
            ("", LineClass::Other),
        ] {
            assert_eq!(class(CUR, kind, ""), expect, "{kind}");
        }
        for (kind, correction, expect) in [
            ("Usage", "", LineClass::Usage),
            ("Usage", "NULL", LineClass::Usage),
            ("Usage", "Correction", LineClass::Refund),
            ("Tax", "Correction", LineClass::Refund),
            ("Adjustment", "", LineClass::Refund),
            ("Credit", "", LineClass::Credit),
            ("Tax", "", LineClass::Tax),
            ("Purchase", "", LineClass::Other),
        ] {
            assert_eq!(class(focus, kind, correction), expect, "{kind} {correction}");
        }
    }

    #[test]
    fn what_a_row_does_not_say_comes_from_elsewhere() {
        let interval = (Field::Interval, "2026-04-01T00:00:00Z/2026-04-01T01:00:00Z");
        let map = (Field::ProductMap, r#"{"product_name":"A \"b\"","region":"eu-west-1","sku":"SKU9"}"#);
        let found = made(CUR, &[interval, map]).expect("a line");
        assert_eq!((found.start, found.end), (1_775_001_600, 1_775_005_200));
        assert_eq!((found.region, found.sku, found.currency), ("eu-west-1", "SKU9", "USD"));
        assert_eq!((found.month, found.quantity), (Month::parse("2026-04"), None));
        let named = made(CUR, &[interval, map, (Field::Region, "us-east-1"), (Field::Sku, "X")]).expect("a line");
        assert_eq!((named.region, named.sku), ("us-east-1", "X"));
        let broken = made(CUR, &[interval, (Field::ProductMap, "{region=eu-west-1}")]).expect("a line");
        assert_eq!(broken.region, "");
        let other = made(CUR, &[interval, (Field::Month, "2026-03-01T00:00:00.000Z")]).expect("a line");
        assert_eq!(other.month, Month::parse("2026-03"));
    }

    #[test]
    fn rows_that_are_no_lines_say_why() {
        let start = (Field::Start, "2026-04-01");
        for (values, why) in [
            (&[start, (Field::Quantity, "1,5")][..], "its quantity is no number"),
            (&[start, (Field::Unblended, "$1")], "a cost is no number"),
            (&[(Field::Start, "yesterday")], "a time cannot be read"),
            (&[], "it does not say when the usage began"),
            (&[(Field::Interval, "2026-04-01")], "its time interval cannot be read"),
            (&[start, (Field::Month, "2026-00-01")], "a time cannot be read"),
        ] {
            assert_eq!(made(CUR, values), Err(why));
        }
    }

    #[test]
    fn digits_past_the_twelfth_are_rounded_and_counted() {
        let found = made(
            CUR,
            &[
                (Field::Start, "2026-04-01"),
                (Field::Quantity, "7.095684E-4"),
                (Field::Unblended, "0.0000000000005"),
                (Field::Net, "0.1234567890125"),
            ],
        )
        .expect("a line");
        assert_eq!(found.quantity.map(|q| q.to_string()).as_deref(), Some("0.0007095684"));
        assert_eq!(found.unblended, Some(Usd::ZERO));
        assert_eq!(found.net.map(|q| q.to_string()).as_deref(), Some("0.123456789012"));
        assert_eq!(found.rounded, 2);
    }
}
