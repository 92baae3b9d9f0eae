//! What to simulate: the options, their command line form and their defaults.

use super::SimulateError;
use super::bill::BillOptions;
use super::dns::DnsOptions;
use crate::model::period::Month;
use clap::ValueEnum;

/// The file format of the flow logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text with a header line, gzip; the format of S3 delivery.
    TextGz,
    /// Text with a header line, not compressed.
    Text,
    /// Text of the 14 default fields without a header line, gzip.
    DefaultGz,
    /// Parquet with the GZIP codec, as AWS writes it.
    Parquet,
    /// Parquet with the Snappy codec.
    ParquetSnappy,
    /// A log group's export task to S3: a timestamp before each record, no header, a stream per interface.
    CloudwatchExport,
    /// Firehose: `{"message": "..."}` objects one after the other, without line ends.
    Firehose,
    /// Firehose with a line end after each object.
    FirehoseLines,
    /// Messages of a log group's subscription filter.
    Subscription,
}

/// The keys under which S3 delivery writes objects. Source: VPC user guide, flow log files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// `YYYY/MM/DD/`.
    Plain,
    /// `YYYY/MM/DD/HH/`.
    Hourly,
    /// `year=YYYY/month=MM/day=DD/`.
    Hive,
    /// `year=YYYY/month=MM/day=DD/hour=HH/`.
    HiveHourly,
}

/// Which fields the flow logs have, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fields {
    /// The 14 fields of version 2.
    Default,
    /// The 29 fields of versions 2 to 5.
    Full,
    /// `full` plus resource-id, interface-type and the next-hop fields.
    V11,
    /// A seeded selection in a seeded order that still says what is needed.
    Shuffled,
}

/// Where the flow logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Vantage {
    /// The interfaces of the NAT gateways.
    Nat,
    /// The private subnets: only the clients' interfaces.
    Instance,
    /// Whole VPCs: NAT gateways, clients and transit gateway interfaces.
    Vpc,
    /// Regional NAT gateways, which have no interface.
    Regional,
    /// The interfaces of the NAT gateways, without `pkt-*` fields.
    V2,
    /// A hub VPC with its transit gateway interfaces; all clients are in spoke VPCs.
    Hub,
    /// Every NAT gateway interface under two flow logs, one with and one without `pkt-*` fields.
    TwoLogs,
}

/// A named set of options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Everything as given.
    Account,
    /// The small account of the repository's `sample-data/`; its size, format and vantage are fixed.
    Sample,
}

/// The Region of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Home {
    /// N. Virginia.
    #[value(name = "us-east-1")]
    UsEast1,
    /// Ireland.
    #[value(name = "eu-west-1")]
    EuWest1,
    /// Oregon.
    #[value(name = "us-west-2")]
    UsWest2,
}

/// What to simulate. The same options give the same files, byte for byte.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct Options {
    /// Everything random follows from it.
    pub seed: u64,
    /// The month of the traffic; a day before and a day after it are written too, as out-of-window records.
    pub month: Month,
    /// How many flow log records to write, about: the last conversation is written whole.
    pub records: u64,
    /// Objects per flow log (per stream in a log group's export), at least 1 and at most one per five minutes.
    pub objects: u32,
    /// File format.
    pub format: Format,
    /// Object keys; only S3 delivery has a choice.
    pub layout: Layout,
    /// Fields; ignored where format or vantage leave no choice.
    pub fields: Fields,
    /// Where the flow logs look.
    pub vantage: Vantage,
    /// Named set of options.
    pub scenario: Scenario,
    /// Home Region.
    pub region: Home,
    /// Number of client interfaces, 1 to 3,000.
    pub clients: u32,
    /// About how many GiB go through the NAT gateways; `None`: about 200 KB per conversation.
    pub gib: Option<u64>,
    /// Whether a third of the clients also use IPv6 through NAT64.
    pub nat64: bool,
    /// Whether there is a private NAT gateway towards an office network.
    pub private_nat: bool,
    /// gzip level, 1 to 9.
    pub gzip_level: u32,
    /// Whether to write only flow logs, inventory and truth: no query logs, bill or metrics.
    pub logs_only: bool,
    /// Whether to write a natlens.toml whose rules name the addresses of services that have no ranges of their own.
    pub rules: bool,
    /// Whether the clients of one VPC are nodes of a Kubernetes cluster.
    pub pods: bool,
    /// What the bill looks like.
    pub bill: BillOptions,
    /// What the Resolver's query logs look like.
    pub dns: DnsOptions,
}

impl Options {
    /// The account with all defaults.
    #[must_use]
    pub fn new(seed: u64, month: Month) -> Self {
        Self {
            seed,
            month,
            records: 100_000,
            objects: 33,
            format: Format::TextGz,
            layout: Layout::Plain,
            fields: Fields::Full,
            vantage: Vantage::Nat,
            scenario: Scenario::Account,
            region: Home::UsEast1,
            clients: 240,
            gib: None,
            nat64: false,
            private_nat: false,
            gzip_level: 1,
            logs_only: false,
            rules: false,
            pods: false,
            bill: BillOptions::new(),
            dns: DnsOptions::new(),
        }
    }

    /// The account of `sample-data/`: a month in us-east-1, an object per flow log and day, 24 TiB.
    #[must_use]
    pub fn sample(seed: u64, month: Month) -> Self {
        Self {
            records: 44_000,
            objects: super::clock::days(month),
            scenario: Scenario::Sample,
            clients: 36,
            gib: Some(24 * 1_024),
            gzip_level: 9,
            bill: BillOptions { discount: Some(6), ..BillOptions::default() },
            dns: DnsOptions { dns_missing: 4, dns_unlogged_vpc: true, ..DnsOptions::default() },
            ..Self::new(seed, month)
        }
    }

    /// Refuses what cannot be written, before the first file.
    pub(super) fn check(&self) -> Result<(), SimulateError> {
        self.bill.check()?;
        self.dns.check()?;
        let refuse = |why| Err(SimulateError::Options(why));
        if !(1..=3_000).contains(&self.clients) {
            return refuse("--clients must be from 1 to 3000");
        }
        if self.objects == 0 || self.records == 0 {
            return refuse("--objects and --records must be at least 1");
        }
        if !(1..=9).contains(&self.gzip_level) {
            return refuse("--gzip-level must be from 1 to 9");
        }
        let blind = self.vantage == Vantage::V2 || !self.has_packet_fields();
        if blind && (self.nat64 || self.private_nat) {
            return refuse(
                "--nat64 and --private-nat need a log with pkt-* fields: without them it does not say who talked",
            );
        }
        if self.vantage == Vantage::Regional && !self.has_packet_fields() {
            return refuse("--vantage regional needs the field resource-id, which the default fields lack");
        }
        if self.vantage == Vantage::Regional && self.private_nat {
            return refuse("--private-nat: a regional NAT gateway is never private");
        }
        if self.vantage == Vantage::TwoLogs && !self.has_packet_fields() {
            return refuse("--vantage two-logs needs one log with pkt-* fields; leave out --fields default");
        }
        Ok(())
    }

    fn has_packet_fields(&self) -> bool {
        self.fields != Fields::Default && self.format != Format::DefaultGz
    }
}

/// `natlens simulate`: writes a synthetic account with a known truth.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct SimulateArgs {
    /// Folder to write to; must be empty or absent
    #[arg(long, value_name = "DIR")]
    pub to: std::path::PathBuf,
    /// Seed of everything random: the same options give the same files
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Month of the traffic
    #[arg(long, value_name = "YYYY-MM", default_value = "2026-10", value_parser = month)]
    pub month: Month,
    /// Flow log records to write, about
    #[arg(long, default_value_t = 100_000)]
    pub records: u64,
    /// Objects per flow log
    #[arg(long, default_value_t = 33)]
    pub objects: u32,
    /// File format of the flow logs
    #[arg(long = "log-file-format", value_enum, default_value_t = Format::TextGz)]
    pub format: Format,
    /// Object keys of S3 delivery
    #[arg(long, value_enum, default_value_t = Layout::Plain)]
    pub layout: Layout,
    /// Fields of the flow logs
    #[arg(long, value_enum, default_value_t = Fields::Full)]
    pub fields: Fields,
    /// Where the flow logs look
    #[arg(long, value_enum, default_value_t = Vantage::Nat)]
    pub vantage: Vantage,
    /// A named set of options; `sample` fixes all but seed and month
    #[arg(long, value_enum, default_value_t = Scenario::Account)]
    pub scenario: Scenario,
    /// Home Region
    #[arg(long, value_enum, default_value_t = Home::UsEast1)]
    pub region: Home,
    /// Client interfaces
    #[arg(long, default_value_t = 240)]
    pub clients: u32,
    /// About how many GiB go through the NAT gateways [default: about 200 KB per conversation]
    #[arg(long)]
    pub gib: Option<u64>,
    /// Let a third of the clients use IPv6 through NAT64 too
    #[arg(long)]
    pub nat64: bool,
    /// Add a private NAT gateway
    #[arg(long)]
    pub private_nat: bool,
    /// gzip level, 1 to 9
    #[arg(long, default_value_t = 1)]
    pub gzip_level: u32,
    /// Leave out query logs, bill and metrics
    #[arg(long)]
    pub logs_only: bool,
    /// Write a natlens.toml that names services without address ranges of their own
    #[arg(long)]
    pub rules: bool,
    /// Make the clients of one VPC nodes of a Kubernetes cluster: pods talk with their node's address
    #[arg(long)]
    pub pods: bool,
    /// The bill
    #[command(flatten)]
    pub bill: BillOptions,
    /// The Resolver's query logs
    #[command(flatten)]
    pub dns: DnsOptions,
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).ok_or_else(|| format!("{text:?} is not a month of the form YYYY-MM"))
}

impl From<&SimulateArgs> for Options {
    fn from(args: &SimulateArgs) -> Self {
        if args.scenario == Scenario::Sample {
            return Self::sample(args.seed, args.month);
        }
        Self {
            seed: args.seed,
            month: args.month,
            records: args.records,
            objects: args.objects,
            format: args.format,
            layout: args.layout,
            fields: args.fields,
            vantage: args.vantage,
            scenario: args.scenario,
            region: args.region,
            clients: args.clients,
            gib: args.gib,
            nat64: args.nat64,
            private_nat: args.private_nat,
            gzip_level: args.gzip_level,
            logs_only: args.logs_only,
            rules: args.rules,
            pods: args.pods,
            bill: args.bill.clone(),
            dns: args.dns,
        }
    }
}
