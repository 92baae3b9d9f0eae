//! The pipeline on one screen. The only module that knows every stage; no arithmetic happens here.

mod custom;
pub mod inputs;
pub mod period;
pub mod read;

use crate::advise::custom::compare;
use crate::advise::gateway::{Candidate, decide};
use crate::attribute::{Attributed, attribute};
use crate::count::fold::RowSum;
use crate::count::resolve::resolve;
use crate::count::routes::Routes;
use crate::diag::{Code, Warnings};
use crate::frames::flows::FrameError;
use crate::model::bytes::Bytes;
use crate::model::inventory::Inventory;
use crate::model::period::iso;
use crate::model::records::{RecordBytes, RecordKinds};
use crate::model::usd::{PricePerGb, Usd};
use crate::report::build::{Builder, Dimension, gateway_prices};
use crate::report::{self, DecisionRow, Period, Provenance, Report, Summary, TrafficRow};
use inputs::{InputError, Inputs};
use period::PeriodChoice;
use read::{ReadPlan, read_all};

/// A report, fully specified: nothing past this line reads the environment or guesses.
#[derive(Debug)]
pub struct Plan {
    /// Where everything is.
    pub inputs: Inputs,
    /// Which time.
    pub period: PeriodChoice,
    /// Dimensions of `groups`; none leaves the part out.
    pub group_by: Vec<Dimension>,
    /// Clients to show before `(other)`.
    pub top: usize,
    /// Worker threads, at least 1.
    pub threads: usize,
}

/// A report and whether all of the input went into it.
#[derive(Debug)]
pub struct Outcome {
    /// The answer.
    pub report: Report,
    /// Objects and files that gave nothing.
    pub unreadable: u64,
    /// Records that could not be read.
    pub malformed: u64,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An input that everything rests on.
    #[error(transparent)]
    Input(#[from] InputError),
    /// No object gave a record.
    #[error("no flow log record was read: {0}")]
    NoRecords(String),
    /// A frame operation.
    #[error("frame: {0}")]
    Frame(#[from] FrameError),
}

/// Makes the report. `on_object` hears how many stored bytes of how many are done.
pub fn report(plan: &Plan, on_object: &mut dyn FnMut(u64, u64)) -> Result<Outcome, RunError> {
    let mut warnings = Warnings::default();
    let mut loaded = inputs::load(&plan.inputs, &mut warnings)?;
    let roles = inputs::roles(&loaded.inventory);
    let hints = inputs::layout_hints(&plan.inputs, &loaded.inventory, &mut warnings)?;
    let (reading, total) = {
        let objects = std::mem::take(&mut loaded.objects);
        let total: u64 = objects.iter().map(|object| object.size).sum();
        let read_plan = ReadPlan { roles: &roles, hints: &hints, window: plan.period.window(), threads: plan.threads };
        let mut done = 0;
        let reading = read_all(objects, &read_plan, &mut warnings, &mut |size| {
            done += size;
            on_object(done, total);
        });
        (reading, total)
    };
    on_object(total, total);
    loaded.flow_logs_unreadable = reading.unreadable;
    let mut rollup = reading.rollup;
    let Some(period) = plan.period.settle(&rollup) else {
        let first = warnings.rows().into_iter().map(|row| row.message).next();
        return Err(RunError::NoRecords(first.unwrap_or_else(|| "the folder holds none".to_owned())));
    };
    let counted = resolve(&mut rollup, &roles, &Routes::new(&loaded.inventory), period.window);
    let (records, record_bytes) = (counted.records, counted.bytes);
    warn_of_counts(&counted, &rollup, &loaded.inventory, &mut warnings);
    let attributed = attribute(counted, &rollup, &loaded.inventory, &loaded.namer, roles.peers())?;
    drop(rollup);
    if period.partial {
        let seen = period.observed.map_or_else(
            || "there is no record in the period".to_owned(),
            |(first, last)| format!("records from {} to {}", iso(first), iso(last)),
        );
        warnings.add(Code::PartialPeriod, seen);
    }
    let report = assemble(plan, &loaded, &attributed, period, (records, record_bytes), warnings)?;
    let unreadable = report.inputs.iter().map(|input| input.unreadable).sum();
    Ok(Outcome { report, unreadable, malformed: records.malformed })
}

fn assemble(
    plan: &Plan,
    loaded: &inputs::Loaded,
    attributed: &Attributed,
    period: period::Period,
    (records, record_bytes): (RecordKinds, RecordBytes),
    mut warnings: Warnings,
) -> Result<Report, RunError> {
    let prices = gateway_prices(&attributed.gateways, &loaded.prices);
    for (gateway, price) in attributed.gateways.iter().zip(&prices) {
        if let Err(missing) = price {
            warnings.add(Code::MissingPrice, format!("{}: {missing}", gateway.count.side.id));
        }
    }
    let builder = Builder::new(attributed, &loaded.inventory, &prices);
    let nat_gateways = builder.nat_gateways();
    let traffic = builder.traffic()?;
    let decisions = decide(&candidates(&traffic, &mut warnings), &loaded.inventory);
    let clients = builder.clients(plan.top)?;
    let groups = if plan.group_by.is_empty() { None } else { Some(builder.groups(&plan.group_by)?) };
    let summary = summary(&builder, &nat_gateways, &decisions);
    // What a gateway's GB costs: the list price.
    let rates: Vec<Option<PricePerGb>> = prices.iter().map(|price| price.as_ref().ok().copied()).collect();
    let custom_case =
        custom::case(attributed, &loaded.inventory, &loaded.prices, period.hours(), &rates, &mut warnings);
    let custom_services = compare(&custom_case);
    Ok(Report {
        schema: report::SCHEMA,
        period: Period {
            start: iso(period.window.start),
            end: iso(period.window.end),
            observed_start: period.observed.map(|(first, _)| iso(first)),
            observed_end: period.observed.map(|(_, last)| iso(last + 1)),
            partial: period.partial,
        },
        currency: "USD".to_owned(),
        cost_basis: "list",
        summary,
        nat_gateways,
        traffic,
        clients,
        decisions,
        findings: Vec::new(),
        custom_services,
        groups,
        records,
        record_bytes,
        warnings: warnings.rows(),
        inputs: loaded.input_rows(),
        provenance: Provenance {
            version: env!("CARGO_PKG_VERSION"),
            ip_ranges_sync_token: loaded.sync_token.clone(),
            prices_as_of: loaded.prices.as_of().to_owned(),
        },
    })
}

fn summary(builder: &Builder<'_>, nat_gateways: &[report::NatGatewayRow], decisions: &[DecisionRow]) -> Summary {
    let observed: Vec<Bytes> = nat_gateways.iter().filter_map(|row| row.observed_bytes).collect();
    let acted = || decisions.iter().filter(|d| d.action != "keep-nat" && d.net_usd.is_some());
    let sum = |pick: fn(&DecisionRow) -> Option<Usd>| acted().filter_map(pick).sum::<Usd>();
    let avoidable_usd = sum(|d| d.avoided_usd);
    let endpoint_usd = sum(|d| d.endpoint_hours_usd) + sum(|d| d.endpoint_data_usd);
    Summary {
        nat_gateways: nat_gateways.len() as u64,
        observed_bytes: (!observed.is_empty()).then(|| observed.into_iter().sum()),
        attributed_usd: builder.attributed_usd(),
        avoidable_usd,
        endpoint_usd,
        net_saving_usd: avoidable_usd - endpoint_usd,
        ..Summary::default()
    }
}

/// Traffic that a gateway endpoint could carry; what has no client VPC cannot be decided and is said.
fn candidates(traffic: &[TrafficRow], warnings: &mut Warnings) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for row in traffic.iter().filter(|row| row.endpoint == "gateway") {
        let bytes = row.upload_bytes + row.download_bytes;
        match (&row.vpc_id, &row.service_region) {
            (Some(vpc), Some(region)) => candidates.push(Candidate {
                vpc: vpc.clone(),
                az: row.az_id.clone(),
                service: row.service.clone(),
                region: region.clone(),
                nat_gateway_id: row.nat_gateway_id.clone(),
                bytes,
                usd: row.usd,
            }),
            _ => warnings
                .add(Code::UndecidedTraffic, format!("{}: {} of {bytes} bytes", row.nat_gateway_id, row.service)),
        }
    }
    candidates
}

fn warn_of_counts(
    counted: &crate::count::resolve::Counted,
    rollup: &crate::count::rollup::Rollup,
    inventory: &Inventory,
    warnings: &mut Warnings,
) {
    for gateway in &counted.gateways {
        let id = &gateway.side.id;
        warnings.add_counted(Code::SkipData, gateway.skipdata, format!("{id}: {}", gateway.skipdata));
        if !gateway.known {
            warnings.add(Code::InferredGateway, id.clone());
        }
        if !gateway.covered {
            warnings.add(Code::UnobservedGateway, id.clone());
        }
    }
    let about = |sum: RowSum| format!("{} records of {} bytes", sum.records, sum.bytes);
    let mut counted_warning = |code, sum: RowSum| warnings.add_counted(code, sum.records, about(sum));
    counted_warning(Code::UndecidablePrivateNat, counted.undecidable);
    counted_warning(Code::UnattributableRecords, counted.unattributable);
    counted_warning(Code::UnnamedGateway, counted.unnamed_gateway);
    counted_warning(Code::UndecidedService, counted.crossings.undecided);
    let second = counted.records.duplicate - rollup.loose.duplicate.records;
    warnings.add_counted(Code::DuplicateFlowLog, second, format!("{second} records of a second flow log"));
    if inventory.vpcs().next().is_none() && inventory.nat_gateways().next().is_none() {
        warnings.add(Code::NoInventory, "there is no inventory");
    }
}
