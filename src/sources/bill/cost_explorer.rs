//! Cost Explorer's `get-cost-and-usage` (and `-with-resources`) as the AWS CLI prints it: sums by period and group.
//!
//! Source: AWS, Cost Explorer API reference, `GetCostAndUsage`.

use super::error::BillReadError;
use super::time;
use super::{AnswerPart, BillFound};
use crate::model::bill::{BillFormat, BillLine, BillSink, LineClass};
use crate::model::period::{DAY_SECONDS, HOUR_SECONDS, Month};
use crate::model::usd::{Rounded, Usd};
use crate::sources::pages;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Documents are read whole; Cost Explorer's own pages stay below a megabyte.
pub(super) const MAX_BYTES: u64 = 256 << 20;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Top {
    One(Box<Document>),
    Many(Vec<Document>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    results_by_time: Vec<Period>,
    #[serde(default)]
    group_definitions: Vec<GroupBy>,
    #[serde(default)]
    next_page_token: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupBy {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    key: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Period {
    #[serde(rename = "TimePeriod")]
    time: TimePeriod,
    #[serde(default)]
    total: BTreeMap<String, Metric>,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    estimated: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimePeriod {
    start: String,
    end: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    metrics: BTreeMap<String, Metric>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    #[serde(default)]
    amount: String,
    #[serde(default)]
    unit: String,
}

/// Reads every document of a file.
pub(super) fn read<S: BillSink>(text: &[u8], sink: &mut S) -> Result<BillFound, BillReadError> {
    let mut documents = Vec::new();
    for top in serde_json::Deserializer::from_slice(text).into_iter::<Top>() {
        match top.map_err(|error| json_error(&error, text))? {
            Top::One(document) => documents.push(*document),
            Top::Many(many) => documents.extend(many),
        }
    }
    let Some(first) = documents.first() else {
        return Err(BillReadError::NotABill("it is JSON without Cost Explorer results".to_owned()));
    };
    let grouping = first.grouping();
    sink.format(BillFormat::CostExplorer);
    let mut found = BillFound { grouping: Some(grouping.clone()), ..BillFound::of(BillFormat::CostExplorer) };
    let mut reader = Reader { number: 0, found: &mut found, sink };
    for document in &documents {
        if document.grouping() != grouping {
            let why = "it holds Cost Explorer documents of several groupings, which are the same dollars again: one file each";
            return Err(BillReadError::NotABill(why.to_owned()));
        }
        reader.document(document)?;
    }
    let periods = documents.iter().flat_map(|document| &document.results_by_time);
    let span = |period: &Period| Some((time::seconds(&period.time.start)?, time::seconds(&period.time.end)?));
    // A page is followed by the next one in its file.
    let goes_on = documents.last().is_some_and(Document::goes_on);
    found.answer = Some(AnswerPart { periods: periods.filter_map(span).collect(), goes_on });
    Ok(found)
}

/// Results that end too early are broken; a text of another shape is something else.
fn json_error(error: &serde_json::Error, text: &[u8]) -> BillReadError {
    let names: [&[u8]; 2] = [b"\"ResultsByTime\"", b"\"GroupDefinitions\""];
    let of_cost_explorer = names.iter().any(|name| memchr::memmem::find(text, name).is_some());
    match error.classify() {
        serde_json::error::Category::Data => {
            BillReadError::NotABill("it is JSON, but not of Cost Explorer's get-cost-and-usage".to_owned())
        }
        _ if of_cost_explorer => BillReadError::broken("a JSON document", error),
        _ => BillReadError::NotABill(format!("it looks like JSON, but is none: {error}")),
    }
}

impl Document {
    fn goes_on(&self) -> bool {
        pages::goes_on(self.next_page_token.as_ref().and_then(serde_json::Value::as_str))
    }

    /// `daily by USAGE_TYPE, LINKED_ACCOUNT`: sums of different groupings are the same dollars again.
    fn grouping(&self) -> String {
        let length = self.results_by_time.first().and_then(|period| {
            let period = &period.time;
            Some(time::seconds(&period.end)? - time::seconds(&period.start)?)
        });
        let length = match length {
            Some(seconds) if seconds <= HOUR_SECONDS => "hourly",
            Some(seconds) if seconds <= DAY_SECONDS => "daily",
            _ => "monthly",
        };
        let mut keys: Vec<&str> = self.group_definitions.iter().map(|group| group.key.as_str()).collect();
        keys.sort_unstable();
        if keys.is_empty() { format!("{length} in all") } else { format!("{length} by {}", keys.join(", ")) }
    }
}

struct Reader<'a, S> {
    number: u64,
    found: &'a mut BillFound,
    sink: &'a mut S,
}

impl<S: BillSink> Reader<'_, S> {
    fn document(&mut self, document: &Document) -> Result<(), BillReadError> {
        for period in &document.results_by_time {
            self.found.estimated |= period.estimated;
            if !period.total.is_empty() && period.groups.is_empty() {
                self.sums(document, period, &[], &period.total)?;
            }
            for group in &period.groups {
                self.sums(document, period, &group.keys, &group.metrics)?;
            }
        }
        Ok(())
    }

    /// One sum of the answer, which is one line here. Its number is its place among the sums.
    fn sums(
        &mut self,
        document: &Document,
        period: &Period,
        keys: &[String],
        metrics: &BTreeMap<String, Metric>,
    ) -> Result<(), BillReadError> {
        self.number += 1;
        let of_period = &period.time;
        let cell = format!("{}/{} {}", of_period.start, of_period.end, keys.join(" "));
        if !self.found.cells.insert(cell.trim_end().to_owned()) {
            return Err(BillReadError::Twice(format!("the sum of {}", cell.trim_end())));
        }
        match line(document, of_period, keys, metrics) {
            Ok(line) => self.sink.line(&line),
            Err(why) => self.sink.malformed(self.number, why, None),
        }
        Ok(())
    }
}

fn line<'a>(
    document: &Document,
    period: &TimePeriod,
    keys: &'a [String],
    metrics: &'a BTreeMap<String, Metric>,
) -> Result<BillLine<'a>, &'static str> {
    let definitions = &document.group_definitions;
    if keys.len() != definitions.len() {
        return Err("it has not as many keys as the answer has groupings");
    }
    let key = |name: &str| {
        let at = definitions.iter().position(|group| group.r#type == "DIMENSION" && group.key == name);
        at.map_or("", |at| keys[at].as_str())
    };
    let mut rounded = 0;
    let mut amount = |name: &str| -> Result<Option<Usd>, &'static str> {
        match metrics.get(name) {
            Some(metric) if !metric.amount.is_empty() => {
                let (amount, digits) = Usd::parse(&metric.amount).map_err(|_| "an amount is no number")?;
                rounded += u8::from(digits == Rounded::Yes);
                Ok(Some(amount))
            }
            _ => Ok(None),
        }
    };
    let (quantity, unblended, net) = (amount("UsageQuantity")?, amount("UnblendedCost")?, amount("NetUnblendedCost")?);
    let unit = |name: &str| metrics.get(name).map_or("", |metric| metric.unit.as_str());
    let currency = ["UnblendedCost", "NetUnblendedCost"].map(unit).into_iter().find(|unit| !unit.is_empty());
    let seconds = |text: &str| time::seconds(text).ok_or("its time period cannot be read");
    let start = seconds(&period.start)?;
    Ok(BillLine {
        account: key("LINKED_ACCOUNT"),
        // `NoRegion` and `global` are words, not Regions.
        region: Some(key("REGION")).filter(|region| region.contains('-')).unwrap_or_default(),
        product: key("SERVICE"),
        operation: key("OPERATION"),
        usage_type: key("USAGE_TYPE"),
        sku: "",
        resource: key("RESOURCE_ID"),
        description: "",
        unit: Some(unit("UsageQuantity")).filter(|&unit| unit != "N/A").unwrap_or_default(),
        class: class(key("RECORD_TYPE")),
        month: Month::of(start),
        has_invoice: None,
        start,
        end: seconds(&period.end)?,
        quantity,
        unblended,
        net,
        list: None,
        currency: currency.unwrap_or("USD"),
        rounded,
    })
}

/// Values of the dimension `RECORD_TYPE`; without it the sums are of all types together and pass for usage.
fn class(record_type: &str) -> LineClass {
    match record_type {
        "" | "Usage" | "DiscountedUsage" | "SavingsPlanCoveredUsage" => LineClass::Usage,
        "Credit" => LineClass::Credit,
        "Refund" => LineClass::Refund,
        "Tax" => LineClass::Tax,
        text if text.contains("Discount") => LineClass::Discount,
        _ => LineClass::Other,
    }
}
