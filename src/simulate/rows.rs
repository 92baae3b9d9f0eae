//! From an event on the network to the records that each interface on its way would write.

use super::account::{Account, Owner};
use super::options::Vantage;
use super::traffic::{Conversation, Event};
use crate::model::addr::Addr;

/// What a record's action and log status are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Accept,
    Reject,
    NoData,
    SkipData,
    /// Bytes that are no number, or a line that is too short.
    Malformed,
}

impl Status {
    pub(super) const fn log_status(self) -> &'static str {
        match self {
            Self::NoData => "NODATA",
            Self::SkipData => "SKIPDATA",
            Self::Accept | Self::Reject | Self::Malformed => "OK",
        }
    }
}

/// One record, before it has a format.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) interface: usize,
    pub(super) status: Status,
    pub(super) src: Addr,
    pub(super) dst: Addr,
    pub(super) pkt_src: Addr,
    pub(super) pkt_dst: Addr,
    pub(super) src_port: u16,
    pub(super) dst_port: u16,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) tcp_flags: u8,
    pub(super) src_service: &'static str,
    pub(super) dst_service: &'static str,
    pub(super) egress: bool,
    pub(super) traffic_path: Option<u8>,
    pub(super) next_hop: Option<usize>,
}

/// What a record is to whoever counts bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Client to gateway.
    Leg1,
    /// Gateway to remote.
    Leg2,
    /// Remote to gateway, answers and unsolicited packets alike.
    Leg3,
    /// Gateway to client.
    Leg4,
    /// NAT traffic at the client's own interface.
    Instance,
    /// NAT traffic of a spoke, at a transit gateway interface or the client's own.
    Transit,
    /// Traffic that no NAT gateway saw.
    NotNat,
    Reject,
    NoData,
    SkipData,
    Malformed,
    OutOfWindow,
    Duplicate,
}

/// Number of kinds.
pub(super) const KINDS: usize = 13;

/// Names of the kinds in truth.json, in the order of [`Kind`].
pub(super) const KIND_NAMES: [&str; KINDS] = [
    "leg1",
    "leg2",
    "leg3",
    "leg4",
    "instance",
    "transit",
    "not_nat",
    "rejected",
    "nodata",
    "skipdata",
    "malformed",
    "out_of_window",
    "duplicate",
];

const HTTPS: u16 = 443;
const SYN_FIN: u8 = 3;
const SYN_ACK_FIN: u8 = 19;

/// Whether the interfaces of NAT gateways (or regional gateways) are logged.
pub(super) const fn sees_nat(vantage: Vantage) -> bool {
    !matches!(vantage, Vantage::Instance)
}

/// Whether the interfaces of clients are logged.
pub(super) const fn sees_clients(vantage: Vantage) -> bool {
    matches!(vantage, Vantage::Instance | Vantage::Vpc)
}

const NONE: Row = Row {
    interface: 0,
    status: Status::Accept,
    src: Addr::NONE,
    dst: Addr::NONE,
    pkt_src: Addr::NONE,
    pkt_dst: Addr::NONE,
    src_port: 0,
    dst_port: 0,
    packets: 0,
    bytes: 0,
    start: 0,
    end: 0,
    tcp_flags: 0,
    src_service: "-",
    dst_service: "-",
    egress: false,
    traffic_path: None,
    next_hop: None,
};

/// Hands every record of an event to `to`, whether its interface is logged or not.
pub(super) fn expand(event: &Event, account: &Account, to: &mut dyn FnMut(Kind, &Row)) {
    match event {
        Event::Nat(conversation) => {
            nat_rows(conversation, account, to);
            client_rows(conversation, account, to);
        }
        Event::Gatewayed(conversation) => {
            let ends = Ends::new(conversation, account);
            let client = account.clients[conversation.client].interface;
            to(Kind::NotNat, &Row { traffic_path: Some(7), ..ends.up(conversation, client) });
            to(Kind::NotNat, &ends.down(conversation, client));
        }
        Event::Local { from, to: peer, conversation } => local_rows(*from, *peer, conversation, account, to),
        Event::Stray { interface, kind, row } => to(*kind, &Row { interface: *interface, ..*row }),
    }
}

/// An event that is one record: scans, rejects, NODATA, SKIPDATA, malformed lines.
pub(super) fn stray(status: Status, from: Addr, to: Addr, bytes: u64, span: (i64, i64)) -> Row {
    let (src_port, dst_port) = (51_413, 22);
    let packets = 1 + bytes / 60;
    let (start, end) = span;
    Row {
        status,
        src: from,
        dst: to,
        pkt_src: from,
        pkt_dst: to,
        src_port,
        dst_port,
        packets,
        bytes,
        start,
        end,
        ..NONE
    }
}

/// The two ends of a conversation as the client sees them.
struct Ends {
    client: Addr,
    remote: Addr,
    /// Label of the remote's address as the client side shows it.
    service: &'static str,
}

impl Ends {
    fn new(c: &Conversation, account: &Account) -> Self {
        let client = &account.clients[c.client];
        let destination = &account.destinations.all[c.destination];
        match (c.nat64, account.interfaces[client.interface].v6, destination.addr.v4()) {
            // RFC 6052: the IPv4 address is the low 32 bits. How AWS labels these addresses is not documented.
            (true, Some(v6), Some(v4)) => {
                Self { client: v6, remote: Addr::from_v6(0x0064_ff9b << 96 | u128::from(v4)), service: "-" }
            }
            _ => Self { client: client.addr, remote: destination.addr, service: destination.label },
        }
    }

    /// Client to remote, without any substitution.
    fn up(&self, c: &Conversation, interface: usize) -> Row {
        Row {
            interface,
            src: self.client,
            dst: self.remote,
            pkt_src: self.client,
            pkt_dst: self.remote,
            src_port: c.client_port,
            dst_port: HTTPS,
            packets: c.up_packets,
            bytes: c.up_bytes,
            start: c.start,
            end: c.end,
            tcp_flags: SYN_FIN,
            dst_service: self.service,
            egress: true,
            ..NONE
        }
    }

    /// Remote to client, without any substitution.
    fn down(&self, c: &Conversation, interface: usize) -> Row {
        Row {
            interface,
            src: self.remote,
            dst: self.client,
            pkt_src: self.remote,
            pkt_dst: self.client,
            src_port: HTTPS,
            dst_port: c.client_port,
            packets: c.down_packets,
            bytes: c.down_bytes,
            start: c.start,
            end: c.end,
            tcp_flags: SYN_ACK_FIN,
            src_service: self.service,
            ..NONE
        }
    }
}

/// The four records at the gateway. Source: VPC user guide, flow log record examples, "Traffic through a NAT gateway".
fn nat_rows(c: &Conversation, account: &Account, to: &mut dyn FnMut(Kind, &Row)) {
    let gateway = &account.gateways[c.gateway];
    let client = &account.clients[c.client];
    let interface = &account.interfaces[gateway.interface];
    let ends = Ends::new(c, account);
    let inside = client.transit.map_or(client.interface, |[_, hub]| hub);
    let back = client.transit.map_or(client.interface, |[_, hub]| hub + 1);
    let mut leg1 = Row { egress: false, next_hop: Some(inside), ..ends.up(c, gateway.interface) };
    let mut leg4 = Row { egress: true, next_hop: Some(back), ..ends.down(c, gateway.interface) };
    leg4.traffic_path = client.transit.is_none().then_some(1);
    let remote = &account.destinations.all[c.destination];
    // The outside is always IPv4: 20 bytes less per packet than the IPv6 of a NAT64 client.
    let header = if c.nat64 { 20 } else { 0 };
    let (shown, real, label);
    if gateway.regional {
        real = gateway.public[client.zone % gateway.public.len()];
        shown = real;
        label = "EC2";
    } else {
        shown = interface.primary;
        real = interface.secondary.filter(|_| c.secondary).unwrap_or(shown);
        label = "-";
        let own = if c.nat64 { interface.v6.unwrap_or(shown) } else { shown };
        leg1.dst = own;
        leg4.src = own;
    }
    let leg2 = Row {
        src: shown,
        pkt_src: real,
        dst: remote.addr,
        pkt_dst: remote.addr,
        src_port: c.nat_port,
        bytes: c.up_bytes - header * c.up_packets,
        src_service: label,
        dst_service: remote.label,
        egress: true,
        traffic_path: Some(if gateway.public.is_empty() { 3 } else { 8 }),
        next_hop: None,
        ..leg1
    };
    let leg3 = Row {
        src: remote.addr,
        pkt_src: remote.addr,
        dst: shown,
        pkt_dst: real,
        dst_port: c.nat_port,
        bytes: c.down_bytes - header * c.down_packets,
        src_service: remote.label,
        dst_service: label,
        egress: false,
        traffic_path: None,
        next_hop: None,
        ..leg4
    };
    to(Kind::Leg1, &leg1);
    to(Kind::Leg2, &leg2);
    to(Kind::Leg3, &leg3);
    to(Kind::Leg4, &leg4);
}

/// The records at the client's interface, and at the transit gateway's interfaces in both VPCs.
fn client_rows(c: &Conversation, account: &Account, to: &mut dyn FnMut(Kind, &Row)) {
    let client = &account.clients[c.client];
    let ends = Ends::new(c, account);
    let (up, down) = (ends.up(c, client.interface), ends.down(c, client.interface));
    let Some([own, hub]) = client.transit else {
        let next_hop = Some(account.gateways[c.gateway].interface);
        to(Kind::Instance, &Row { traffic_path: Some(1), next_hop, ..up });
        to(Kind::Instance, &Row { next_hop, ..down });
        return;
    };
    to(Kind::Transit, &Row { next_hop: Some(own), ..up });
    to(Kind::Transit, &Row { next_hop: Some(own + 1), ..down });
    let address = |interface: usize| account.interfaces[interface].primary;
    // Forward and return take the interfaces of different zones; each shows its own address for the side it owns.
    to(Kind::Transit, &Row { interface: own, dst: address(own), egress: false, ..up });
    to(Kind::Transit, &Row { interface: own + 1, src: address(own + 1), egress: true, ..down });
    to(Kind::Transit, &Row { interface: hub, src: address(hub), egress: true, ..up });
    to(Kind::Transit, &Row { interface: hub + 1, dst: address(hub + 1), egress: false, ..down });
}

/// Two instances of one VPC: a record at either end, in both directions.
fn local_rows(from: usize, peer: usize, c: &Conversation, account: &Account, to: &mut dyn FnMut(Kind, &Row)) {
    let (a, b) = (&account.clients[from], &account.clients[peer]);
    let ends = Ends { client: a.addr, remote: b.addr, service: "-" };
    let (up, down) = (ends.up(c, a.interface), ends.down(c, a.interface));
    to(Kind::NotNat, &Row { traffic_path: Some(1), next_hop: Some(b.interface), ..up });
    to(Kind::NotNat, &Row { next_hop: Some(b.interface), ..down });
    let back = Some(a.interface);
    to(Kind::NotNat, &Row { interface: b.interface, egress: false, next_hop: back, ..up });
    to(Kind::NotNat, &Row { interface: b.interface, egress: true, traffic_path: Some(1), next_hop: back, ..down });
}

/// The interfaces whose records somebody keeps, gateways first.
pub(super) fn logged(account: &Account) -> Vec<usize> {
    let mut all: Vec<usize> = (0..account.interfaces.len())
        .filter(|&i| {
            !account.interfaces[i].logs.is_empty() && !matches!(account.interfaces[i].owner, Owner::Endpoint(_))
        })
        .collect();
    all.sort_by_key(|&i| !matches!(account.interfaces[i].owner, Owner::Nat(_) | Owner::RegionalNat(_)));
    all
}
