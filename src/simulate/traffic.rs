//! What happens on the network: an endless stream of events, one at a time, from the seed alone.

use super::account::Account;
use super::clock::SLOT_SECONDS;
use super::destinations::{Use, address_in};
use super::options::{Options, Vantage};
use super::places::SCANNERS;
use super::random::Rng;
use super::rows::{self, Kind, Row, Status, logged, stray};
use crate::model::addr::Addr;
use crate::model::period::Window;

/// A conversation of a client through a NAT gateway, within one aggregation interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conversation {
    pub(super) client: usize,
    pub(super) gateway: usize,
    pub(super) destination: usize,
    pub(super) client_port: u16,
    pub(super) nat_port: u16,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) up_packets: u64,
    pub(super) up_bytes: u64,
    pub(super) down_packets: u64,
    pub(super) down_bytes: u64,
    pub(super) nat64: bool,
    /// Whether the gateway uses its secondary address.
    pub(super) secondary: bool,
}

/// Something that makes records.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// Through a NAT gateway.
    Nat(Conversation),
    /// Through an existing gateway endpoint.
    Gatewayed(Conversation),
    /// Between two clients of a VPC.
    Local { from: usize, to: usize, conversation: Conversation },
    /// One record on its own.
    Stray { interface: usize, kind: Kind, row: Row },
}

/// The source of events.
#[derive(Debug)]
pub(super) struct Traffic<'a> {
    account: &'a Account,
    rng: Rng,
    month: Window,
    vantage: Vantage,
    mean_bytes: u64,
    malformed: bool,
    logged: Vec<usize>,
}

/// Bytes of a conversation where no total is asked for.
const DEFAULT_MEAN: u64 = 200_000;
/// The longest packet on the way down, and the bytes of an empty acknowledgement.
const FULL_PACKET: u64 = 1_400;
const ACK: u64 = 52;

impl<'a> Traffic<'a> {
    pub(super) fn new(account: &'a Account, options: &Options, month: Window) -> Self {
        let per_conversation = if options.vantage == Vantage::Instance { 2 } else { 4 };
        let conversations = (options.records / per_conversation).max(1);
        let mean_bytes = options.gib.map_or(DEFAULT_MEAN, |gib| gib.saturating_mul(1 << 30) / conversations);
        Self {
            account,
            rng: Rng::new(options.seed, 4),
            month,
            vantage: options.vantage,
            mean_bytes: mean_bytes.clamp(1_000, 1 << 50),
            malformed: account.logs.iter().all(super::logs::FlowLog::has_header),
            logged: logged(account),
        }
    }

    /// The next event of a five-minute slot: it ends in the slot and may begin up to a minute before it.
    pub(super) fn next(&mut self, slot_start: i64) -> Event {
        let end = slot_start + signed(self.rng.between(1, SLOT_SECONDS.unsigned_abs()));
        let start = end - signed(self.rng.below(60));
        if self.month.contains(start)
            && let Some(event) = self.noise(start, end)
        {
            return event;
        }
        self.talk(start, end)
    }

    /// Now and then something else than a conversation; inside the month only, so that each kind has one meaning.
    fn noise(&mut self, start: i64, end: i64) -> Option<Event> {
        let clients = self.account.clients.len();
        match self.rng.below(1_000) {
            0..20 if rows::sees_nat(self.vantage) => Some(self.unsolicited(start, end)),
            20..45 => Some(self.rejected(start, end)),
            45..52 => Some(self.lone(Status::NoData, Kind::NoData, start, end)),
            52..54 => Some(self.lone(Status::SkipData, Kind::SkipData, start, end)),
            54..56 if self.malformed => {
                let bytes = self.rng.between(60, 4_000);
                let (from, interface) = (self.scanner(), self.logged[self.rng.index(self.logged.len())]);
                let row =
                    stray(Status::Malformed, from, self.account.interfaces[interface].primary, bytes, (start, end));
                Some(Event::Stray { interface, kind: Kind::Malformed, row })
            }
            56..90 if rows::sees_clients(self.vantage) => {
                let from = self.rng.index(clients);
                let vpc = self.account.clients[from].vpc;
                let to = (1..clients).map(|k| (from + k) % clients).find(|&k| self.account.clients[k].vpc == vpc)?;
                Some(Event::Local { from, to, conversation: self.conversation(from, 0, Use::Api, (start, end)) })
            }
            _ => None,
        }
    }

    fn scanner(&mut self) -> Addr {
        address_in(SCANNERS[self.rng.index(SCANNERS.len())], &mut self.rng)
    }

    /// A packet from the internet that nobody asked for: accepted at the gateway's interface, then dropped by it.
    fn unsolicited(&mut self, start: i64, end: i64) -> Event {
        let (from, bytes) = (self.scanner(), 40 * self.rng.between(1, 30));
        let open: Vec<usize> = (0..self.account.gateways.len())
            .filter(|&g| {
                let gateway = &self.account.gateways[g];
                let logs = &self.account.interfaces[gateway.interface].logs;
                !gateway.public.is_empty() && !logs.is_empty() && Some(g) != self.account.idle
            })
            .collect();
        let gateway = &self.account.gateways[open[self.rng.index(open.len())]];
        let address = &self.account.interfaces[gateway.interface];
        let to = if gateway.regional { gateway.public[0] } else { address.primary };
        let mut row = stray(Status::Accept, from, to, bytes, (start, end));
        if gateway.regional {
            row.dst_service = "EC2";
        }
        Event::Stray { interface: gateway.interface, kind: Kind::Leg3, row }
    }

    fn rejected(&mut self, start: i64, end: i64) -> Event {
        let (from, bytes) = (self.scanner(), 40 * self.rng.between(1, 5));
        let interface = self.logged[self.rng.index(self.logged.len())];
        let to = self.account.interfaces[interface].primary;
        let row = stray(Status::Reject, from, to, bytes, (start, end));
        Event::Stray { interface, kind: Kind::Reject, row }
    }

    /// NODATA of the idle gateway where there is one, SKIPDATA of anybody.
    fn lone(&mut self, status: Status, kind: Kind, start: i64, end: i64) -> Event {
        let idle = self.account.idle.map(|g| self.account.gateways[g].interface);
        let any = self.logged[self.rng.index(self.logged.len())];
        let interface = match idle {
            Some(idle) if kind == Kind::NoData && self.logged.contains(&idle) => idle,
            _ => any,
        };
        Event::Stray { interface, kind, row: stray(status, Addr::NONE, Addr::NONE, 0, (start, end)) }
    }

    fn talk(&mut self, start: i64, end: i64) -> Event {
        loop {
            let client = self.account.client_weights.pick(&mut self.rng);
            let office = self.account.private_nat.filter(|_| self.rng.one_in(12));
            let destination = match office {
                Some(_) => self.account.destinations.private(&mut self.rng),
                None => self.account.destinations.public(&mut self.rng),
            };
            let of = &self.account.clients[client];
            let remote = &self.account.destinations.all[destination];
            let mut conversation = self.conversation(client, destination, remote.usage, (start, end));
            if let Some(private) = office {
                if self.account.gateways[private].vpc != of.vpc {
                    continue;
                }
                conversation.gateway = private;
                conversation.nat64 = false;
            }
            let caught = of.s3_endpoint && remote.endpoint && remote.service == "s3";
            // The endpoint's prefix list holds IPv4 addresses: NAT64 traffic goes through the gateway all the same.
            if !caught || conversation.nat64 {
                return Event::Nat(conversation);
            }
            if rows::sees_clients(self.vantage) {
                return Event::Gatewayed(conversation);
            }
        }
    }

    fn conversation(&mut self, client: usize, destination: usize, usage: Use, span: (i64, i64)) -> Conversation {
        let rng = &mut self.rng;
        let of = &self.account.clients[client];
        // Heavy tail: each step up is twice the bytes and half as frequent.
        let step = u64::from(rng.next().trailing_zeros().min(9));
        let scale = match usage {
            Use::Download => self.mean_bytes / 3,
            Use::Upload => self.mean_bytes / 12,
            Use::Api => self.mean_bytes / 10,
        };
        let size = (scale >> 1) + rng.below(scale.max(2));
        let big = (size << step).max(400) / 2;
        let small = big / rng.between(8, 40) + rng.between(200, 900);
        let (up, down) = if usage == Use::Upload { (big, small) } else { (small, big) };
        let up_packets = up / FULL_PACKET + down / (2 * FULL_PACKET) + 3;
        let down_packets = down / FULL_PACKET + up / (2 * FULL_PACKET) + 3;
        Conversation {
            client,
            gateway: of.gateway,
            destination,
            client_port: rng.port(32_768, 60_999),
            nat_port: rng.port(1_024, 65_535),
            start: span.0,
            end: span.1,
            up_packets,
            up_bytes: up + up_packets * ACK,
            down_packets,
            down_bytes: down + down_packets * ACK,
            nat64: self.account.interfaces[of.interface].v6.is_some() && rng.one_in(2),
            secondary: rng.one_in(2),
        }
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(0)
}
