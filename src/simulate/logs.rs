//! The account's flow logs: what each covers, its format and fields.

use super::account::{Account, HUB, Owner, Tier};
use super::fields::{self, Field};
use super::options::{Fields, Format, Layout, Options, Scenario, Vantage};
use super::random::Rng;

/// What a flow log is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Interface(usize),
    Subnet(usize),
    Vpc(usize),
}

/// A flow log.
#[derive(Clone, Debug)]
pub(super) struct FlowLog {
    pub(super) id: String,
    pub(super) scope: Scope,
    pub(super) format: Format,
    pub(super) layout: Layout,
    pub(super) fields: Vec<Field>,
    /// Another flow log of the same interfaces knows more: this one's ACCEPT records are duplicates.
    pub(super) second: bool,
}

impl FlowLog {
    /// Whether the objects begin with the names of the fields.
    pub(super) const fn has_header(&self) -> bool {
        matches!(self.format, Format::TextGz | Format::Text)
    }

    fn covers(&self, account: &Account, interface: usize) -> bool {
        let of = &account.interfaces[interface];
        match self.scope {
            Scope::Interface(one) => one == interface,
            Scope::Subnet(subnet) => of.subnet == subnet && of.id != "-",
            Scope::Vpc(vpc) => of.vpc == vpc && of.id != "-",
        }
    }
}

/// Adds the flow logs of the vantage, and to each interface the logs that cover it.
pub(super) fn add(account: &mut Account, options: &Options, rng: &mut Rng) {
    let mut logs = Vec::new();
    let mut add = |scope, format, fields: Vec<Field>, second| {
        let id = rng.id("fl-");
        logs.push(FlowLog { id, scope, format, layout: options.layout, fields, second });
    };
    let chosen = selection(options);
    let gateways: Vec<(usize, usize)> = account.gateways.iter().map(|g| (g.interface, g.vpc)).collect();
    match options.vantage {
        Vantage::Nat | Vantage::V2 | Vantage::Regional | Vantage::TwoLogs => {
            for (interface, vpc) in gateways {
                if options.scenario == Scenario::Sample && vpc == HUB {
                    add(Scope::Vpc(HUB), Format::Parquet, chosen.clone(), false);
                    continue;
                }
                add(Scope::Interface(interface), options.format, chosen.clone(), false);
                if options.vantage == Vantage::TwoLogs {
                    add(Scope::Interface(interface), options.format, fields::DEFAULT.to_vec(), true);
                }
            }
        }
        Vantage::Instance => {
            for (subnet, _) in of_tier(account, Tier::Private).into_iter().filter(|&(_, vpc)| vpc < HUB) {
                add(Scope::Subnet(subnet), options.format, chosen.clone(), false);
            }
        }
        Vantage::Vpc => {
            for vpc in 0..account.vpcs.len() {
                add(Scope::Vpc(vpc), options.format, chosen.clone(), false);
            }
        }
        Vantage::Hub => {
            add(Scope::Vpc(HUB), options.format, chosen.clone(), false);
            for (subnet, _) in of_tier(account, Tier::Transit).into_iter().filter(|&(_, vpc)| vpc > HUB) {
                add(Scope::Subnet(subnet), options.format, chosen.clone(), false);
            }
        }
    }
    account.logs = logs;
    for interface in 0..account.interfaces.len() {
        let logs = (0..account.logs.len()).filter(|&log| account.logs[log].covers(account, interface)).collect();
        account.interfaces[interface].logs = logs;
    }
}

fn of_tier(account: &Account, tier: Tier) -> Vec<(usize, usize)> {
    let with_interfaces =
        |subnet: usize| account.interfaces.iter().any(|i| i.subnet == subnet && !matches!(i.owner, Owner::Endpoint(_)));
    account
        .subnets
        .iter()
        .enumerate()
        .filter(|&(index, s)| s.tier == tier && with_interfaces(index))
        .map(|(index, s)| (index, s.vpc))
        .collect()
}

/// The fields of the main flow logs.
fn selection(options: &Options) -> Vec<Field> {
    if options.format == Format::DefaultGz || (options.vantage == Vantage::V2 && options.fields != Fields::Shuffled) {
        return fields::DEFAULT.to_vec();
    }
    let mut chosen = match options.fields {
        Fields::Default => fields::DEFAULT.to_vec(),
        Fields::Full => fields::FULL.to_vec(),
        Fields::V11 => fields::FULL.iter().chain(fields::V11).copied().collect(),
        Fields::Shuffled => shuffled(options),
    };
    if options.vantage == Vantage::Regional && !chosen.contains(&Field::ResourceId) {
        chosen.push(Field::ResourceId);
    }
    chosen
}

/// Fields without which a log would not hold the truth.
const NEEDED: [Field; 10] = [
    Field::InterfaceId,
    Field::SrcAddr,
    Field::DstAddr,
    Field::Bytes,
    Field::Start,
    Field::Action,
    Field::LogStatus,
    Field::PktSrcAddr,
    Field::PktDstAddr,
    Field::ResourceId,
];

fn shuffled(options: &Options) -> Vec<Field> {
    let mut rng = Rng::new(options.seed, 3);
    let blind = options.vantage == Vantage::V2;
    let telling =
        |f: &Field| matches!(f, Field::PktSrcAddr | Field::PktDstAddr | Field::PktSrcService | Field::PktDstService);
    let mut chosen: Vec<Field> = fields::ALL
        .iter()
        .copied()
        .filter(|f| NEEDED.contains(f) || !rng.one_in(3))
        .filter(|f| !(blind && telling(f)))
        .collect();
    for last in (1..chosen.len()).rev() {
        let other = rng.index(last + 1);
        chosen.swap(last, other);
    }
    chosen
}
