//! How a bill is delivered: folders, parts, versions and the manifests that say which files count.
//! Source: AWS, user guides of Cost and Usage Reports (report versions) and Data Exports (export delivery).

use super::amount::half_even;
use super::cur::{self, Names, Sheet};
use super::explorer;
use super::focus;
use super::line::{Class, Line};
use super::options::BillFormat;
use super::table::{Style, Table};
use super::zip_file;
use crate::model::period::{DAY_SECONDS, Window, iso};
use crate::simulate::SimulateError;
use crate::simulate::inventory::write_json;
use crate::simulate::objects::{create, create_gz, finish_gz};
use crate::simulate::options::Options;
use crate::simulate::random::mix;
use crate::simulate::truth::days;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// The name of the export or report, and the folder that it is delivered to.
const NAME: &str = "natlens";

/// One delivery of the month.
#[derive(Debug)]
struct Version<'a> {
    lines: &'a [Line],
    /// When it was made.
    time: i64,
    /// Id of the execution, or of the assembly. Its order says nothing about time.
    id: String,
    newest: bool,
}

fn uuid(seed: u64) -> String {
    let hex = format!("{:016x}{:016x}", mix(seed), mix(mix(seed)));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// What an older version knew: the days before it was made, the bytes of which were still rising.
fn older(lines: &[Line], until: i64) -> Vec<Line> {
    let known = lines.iter().filter(|line| line.end <= until && line.class == Class::Usage);
    let less = |line: &Line| {
        let mut line = line.clone();
        let risen = [Some(&mut line.amount), Some(&mut line.costs.unblended), line.costs.net.as_mut()];
        for value in risen.into_iter().flatten() {
            *value = half_even(*value * 31, 32);
        }
        line.costs.list = line.costs.list.map(|list| half_even(list * 31, 32));
        line
    };
    known.map(less).collect()
}

/// Writes `billing/`. `lines` are the rows of the newest version.
pub(super) fn write(sheet: &Sheet<'_>, lines: &[Line], options: &Options, folder: &Path) -> Result<(), SimulateError> {
    if options.bill.bill_format == BillFormat::CostExplorer {
        return write_pages(sheet, lines, options, folder);
    }
    let (month, count) = (sheet.month, options.bill.bill_versions);
    // The newest comes first by id: whoever sorts names takes an older one.
    let mut ids: Vec<String> = (1..=count).map(|number| uuid(options.seed ^ u64::from(number) << 8)).collect();
    ids.sort();
    for number in 1..=count {
        let newest = number == count;
        let day = i64::try_from(days(month)).unwrap_or(31) * i64::from(number) / i64::from(count);
        let until = month.start + day * DAY_SECONDS;
        let known = if newest { Vec::new() } else { older(lines, until) };
        let id = ids.pop().unwrap_or_default();
        // The last one comes when the month is closed, a few days after it.
        let time = until + if newest { 5 * DAY_SECONDS } else { 0 } + 7 * 3_600 + 12 * 60;
        let version = Version { lines: if newest { lines } else { &known }, time, id, newest };
        Delivery { sheet, options, folder }.version(&version)?;
    }
    Ok(())
}

/// A month's deliveries.
struct Delivery<'a> {
    sheet: &'a Sheet<'a>,
    options: &'a Options,
    folder: &'a Path,
}

impl Delivery<'_> {
    fn version(&self, version: &Version<'_>) -> Result<(), SimulateError> {
        match self.options.bill.bill_format {
            BillFormat::CurLegacy | BillFormat::CurLegacyZip | BillFormat::CurLegacyParquet => self.report(version),
            _ => self.export(version),
        }
    }

    fn table(&self, lines: &[Line]) -> Table {
        match self.options.bill.bill_format {
            BillFormat::CurLegacy | BillFormat::CurLegacyZip => cur::table(self.sheet, lines, Names::Legacy),
            BillFormat::CurLegacyParquet => cur::table(self.sheet, lines, Names::LegacySnake),
            BillFormat::Focus10 => focus::table(self.sheet, lines, focus::Version::V10),
            BillFormat::Focus12 | BillFormat::Focus12Parquet => focus::table(self.sheet, lines, focus::Version::V12),
            _ => cur::table(self.sheet, lines, Names::Cur2),
        }
    }

    /// Writes the parts; `key` names each by its number, from 1. Gives the keys and a table for the columns.
    fn parts(&self, lines: &[Line], key: impl Fn(usize) -> String) -> Result<(Vec<String>, Table), SimulateError> {
        let parts = usize::try_from(self.options.bill.bill_parts).unwrap_or(1);
        let mut keys = Vec::new();
        for part in 0..parts {
            let (from, to) = (lines.len() * part / parts, lines.len() * (part + 1) / parts);
            let key = key(part + 1);
            self.file(&self.table(&lines[from..to]), &self.folder.join(&key))?;
            keys.push(key);
        }
        Ok((keys, self.table(&[])))
    }

    fn file(&self, table: &Table, path: &Path) -> Result<(), SimulateError> {
        let io = |source| SimulateError::Io { path: path.to_owned(), source };
        let level = self.options.gzip_level;
        let style = match self.options.bill.bill_format {
            BillFormat::Cur2Parquet | BillFormat::CurLegacyParquet | BillFormat::Focus12Parquet => {
                return table.write_parquet(path);
            }
            BillFormat::CurLegacyZip => {
                let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or(NAME);
                let bytes = zip_file::archive(name, table.csv(Style::Legacy).as_bytes(), level).map_err(io)?;
                let mut file = create(path)?;
                return file.write_all(&bytes).and_then(|()| file.flush()).map_err(io);
            }
            BillFormat::CurLegacy => Style::Legacy,
            BillFormat::Focus10 | BillFormat::Focus12 => Style::Plain,
            _ => Style::Java,
        };
        let mut gz = create_gz(path, level)?;
        gz.write_all(table.csv(style).as_bytes()).map_err(io)?;
        finish_gz(path, gz)
    }

    /// Data Exports: CUR 2.0 and FOCUS. With one version the export overwrites, with more it creates new files.
    fn export(&self, version: &Version<'_>) -> Result<(), SimulateError> {
        let period = format!("BILLING_PERIOD={}", self.options.month);
        let run = format!("{}.118Z-{}", iso(version.time).trim_end_matches('Z'), version.id);
        let keeps = self.options.bill.bill_versions > 1;
        let below = if keeps { format!("/{run}") } else { String::new() };
        let extension = match self.options.bill.bill_format {
            BillFormat::Cur2Parquet | BillFormat::Focus12Parquet => "snappy.parquet",
            _ => "csv.gz",
        };
        let key = |part: usize| format!("{NAME}/data/{period}{below}/{NAME}-{part:05}.{extension}");
        let (keys, table) = self.parts(version.lines, key)?;
        let account = &self.sheet.account.id;
        let columns: Vec<Value> =
            table.columns.iter().map(|column| json!({"name": column.name, "type": "string"})).collect();
        let manifest = json!({
            "exportArn": format!("arn:aws:bcm-data-exports:us-east-1:{account}:export/{NAME}"),
            "executionId": version.id,
            "columns": columns,
            "dataFiles": keys.iter().map(|key| format!("s3://billing-{account}/{key}")).collect::<Vec<_>>(),
        });
        let metadata = self.folder.join(format!("{NAME}/metadata/{period}"));
        if keeps {
            write_json(&metadata.join(run).join(format!("{NAME}-Manifest.json")), &manifest)?;
        }
        if version.newest { write_json(&metadata.join(format!("{NAME}-Manifest.json")), &manifest) } else { Ok(()) }
    }

    /// Cost and Usage Reports: every version has a folder, Athena's layout one place that is overwritten.
    fn report(&self, version: &Version<'_>) -> Result<(), SimulateError> {
        let digits = |second: i64| iso(second)[..10].replace('-', "");
        let month = self.sheet.month;
        let period = format!("{NAME}/{NAME}/{}-{}", digits(month.start), digits(month.end));
        let id = &version.id;
        let (compression, content) = match self.options.bill.bill_format {
            BillFormat::CurLegacyZip => ("ZIP", "text/csv"),
            BillFormat::CurLegacyParquet => ("Parquet", "application/x-parquet"),
            _ => ("GZIP", "text/csv"),
        };
        let (year, number) = (self.options.month.year(), self.options.month.month());
        let key = |part: usize| match compression {
            "Parquet" => format!("{NAME}/{NAME}/{NAME}/year={year}/month={number}/{NAME}-{part:05}.snappy.parquet"),
            "ZIP" => format!("{period}/{id}/{NAME}-{part}.csv.zip"),
            _ => format!("{period}/{id}/{NAME}-{part}.csv.gz"),
        };
        let (keys, table) = self.parts(version.lines, key)?;
        let columns: Vec<Value> = table.columns.iter().map(|column| described(&column.name)).collect();
        let time = |second: i64| format!("{}.000Z", iso(second).replace(['-', ':'], "").trim_end_matches('Z'));
        let manifest = json!({
            "assemblyId": id,
            "account": self.sheet.payer,
            "columns": columns,
            "charset": "UTF-8",
            "compression": compression,
            "contentType": content,
            "reportId": uuid(self.options.seed).replace('-', ""),
            "reportName": NAME,
            "billingPeriod": {"start": time(month.start), "end": time(month.end)},
            "bucket": format!("billing-{}", self.sheet.account.id),
            "reportKeys": keys,
            "additionalArtifactKeys": [],
        });
        let period = self.folder.join(period);
        write_json(&period.join(id).join(format!("{NAME}-Manifest.json")), &manifest)?;
        if version.newest { write_json(&period.join(format!("{NAME}-Manifest.json")), &manifest) } else { Ok(()) }
    }
}

/// A column as a report's manifest names it.
fn described(name: &str) -> Value {
    let (category, name) = name.split_once('/').unwrap_or(("", name));
    json!({"category": category, "name": name})
}

/// Cost Explorer: the pages of one answer.
fn write_pages(sheet: &Sheet<'_>, lines: &[Line], options: &Options, folder: &Path) -> Result<(), SimulateError> {
    let (pages, month) = (i64::from(options.bill.bill_parts), sheet.month);
    let count = i64::try_from(days(month)).unwrap_or(31);
    let at = |page: i64| month.start + count * page / pages * DAY_SECONDS;
    for page in 0..pages {
        let window = Window { start: at(page), end: at(page + 1) };
        let next = (page + 1 < pages).then(|| uuid(options.seed ^ page.unsigned_abs()));
        let path = folder.join(format!("cost-explorer/get-cost-and-usage.{}.json", page + 1));
        write_json(&path, &explorer::page(sheet.account, lines, window, next))?;
    }
    Ok(())
}
