//! One flow log record as the counter sees it. Readers of every format make this and nothing else.

use super::addr::Addr;
use super::symbols::{Sym, Symbols};

/// What the record's `action` and `log-status` say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// `ACCEPT` and `OK`: the only kind whose bytes count.
    Accept,
    /// `REJECT` and `OK`.
    Reject,
    /// `NODATA`: the interface was logged and had no traffic.
    NoData,
    /// `SKIPDATA`: records were lost; one such record may stand for many flows.
    SkipData,
}

/// `flow-direction`, relative to the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Direction {
    /// Not in the log.
    #[default]
    Unknown,
    /// Into the interface.
    Ingress,
    /// Out of the interface.
    Egress,
}

/// What a record says about its interface. Constant for an interface in practice, "best effort" by AWS's word.
/// Source: VPC user guide, flow log records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct InterfaceFacts {
    /// `account-id`; the word `unknown` is kept as written.
    pub account: Sym,
    /// `region`.
    pub region: Sym,
    /// `vpc-id`.
    pub vpc: Sym,
    /// `subnet-id`.
    pub subnet: Sym,
    /// `az-id`.
    pub az: Sym,
    /// `instance-id`.
    pub instance: Sym,
    /// `interface-type` (`nat_gateway`, ...).
    pub kind: Sym,
}

/// The fields that tell whose an interface is, in the order in which [`FlowRecord::owner`] holds them. Versions 7 and 11.
/// Source: VPC user guide, flow log records.
pub const OWNER_FIELDS: [&str; 10] = [
    "ecs-cluster-name",
    "ecs-cluster-arn",
    "ecs-service-name",
    "ecs-task-definition-arn",
    "instance-tag",
    "instance-tag-2",
    "interface-tag",
    "interface-tag-2",
    "asg-tag",
    "asg-tag-2",
];

/// Stands between the values in [`FlowRecord::owner`]; no field holds it.
pub const OWNER_SEPARATOR: u8 = 0x1f;

/// Most bytes of a record, 64 PiB: an interface of 400 Gbit/s carries some thirty TB in the ten minutes of a record. What is beyond it is
/// no number of bytes, so that a few records cannot be more than a sum holds.
pub const MAX_RECORD_BYTES: u64 = 1 << 56;

/// One record. Texts are symbols of the sink's own table; absent is [`Sym::NONE`].
#[derive(Clone, Copy, Debug)]
pub struct FlowRecord {
    /// `interface-id`; absent for a regional NAT gateway.
    pub interface: Sym,
    /// `resource-id`: the `nat-...` of a regional NAT gateway, absent otherwise.
    pub resource: Sym,
    /// Facts about the interface or resource.
    pub facts: InterfaceFacts,
    /// The values of [`OWNER_FIELDS`] as one text, empty where absent, with [`OWNER_SEPARATOR`] between; absent if all are.
    pub owner: Sym,
    /// `start` in Unix seconds (milliseconds in the log are divided down).
    pub start: i64,
    /// `bytes`: IP bytes, headers included. 0 where the verdict carries none.
    pub bytes: u64,
    /// `srcaddr`; [`Addr::NONE`] in NODATA and SKIPDATA.
    pub src: Addr,
    /// `dstaddr`; [`Addr::NONE`] in NODATA and SKIPDATA.
    pub dst: Addr,
    /// `srcport`; absent where the log has no such column, `-`, or no port. 0 where the protocol has none (ICMP).
    pub src_port: Option<u16>,
    /// `dstport`, likewise. At a NAT gateway's interface the packet's own, whatever address stands beside it.
    pub dst_port: Option<u16>,
    /// `pkt-srcaddr`; absent where the log has no such column or `-`.
    pub pkt_src: Option<Addr>,
    /// `pkt-dstaddr`; absent where the log has no such column or `-`.
    pub pkt_dst: Option<Addr>,
    /// `pkt-src-aws-service`.
    pub src_service: Sym,
    /// `pkt-dst-aws-service`.
    pub dst_service: Sym,
    /// `flow-direction`.
    pub direction: Direction,
    /// `next-hop-interface-type`.
    pub next_hop_kind: Sym,
    /// `next-hop-interface-id`.
    pub next_hop: Sym,
    /// ACCEPT, REJECT, NODATA or SKIPDATA.
    pub verdict: Verdict,
}

impl FlowRecord {
    /// A record that says nothing of anything.
    pub const NOTHING: FlowRecord = FlowRecord {
        interface: Sym::NONE,
        resource: Sym::NONE,
        facts: InterfaceFacts {
            account: Sym::NONE,
            region: Sym::NONE,
            vpc: Sym::NONE,
            subnet: Sym::NONE,
            az: Sym::NONE,
            instance: Sym::NONE,
            kind: Sym::NONE,
        },
        owner: Sym::NONE,
        start: 0,
        bytes: 0,
        src: Addr::NONE,
        dst: Addr::NONE,
        src_port: None,
        dst_port: None,
        pkt_src: None,
        pkt_dst: None,
        src_service: Sym::NONE,
        dst_service: Sym::NONE,
        direction: Direction::Unknown,
        next_hop_kind: Sym::NONE,
        next_hop: Sym::NONE,
        verdict: Verdict::NoData,
    };
}

/// Where a reader puts what it reads. A record that cannot be read goes to `malformed` and nothing else is lost.
pub trait FlowSink {
    /// The table in which the reader interns the record's texts.
    fn symbols(&mut self) -> &mut Symbols;
    /// Whether ports matter: those of records of an interface or resource, or with `None` of any at all. A reader for which they
    /// are work may leave out what does not matter.
    fn wants_ports(&self, _of: Option<Sym>) -> bool {
        true
    }
    /// One well-formed record.
    fn record(&mut self, record: &FlowRecord);
    /// One record that cannot be read: its line (text) or row (Parquet), from 1, and why.
    fn malformed(&mut self, line: u64, why: &'static str);
}

/// A sink that several threads fill: each has parts of its own, which are added in the order of what was read.
pub trait Shared: FlowSink + Send + Sized {
    /// An empty part.
    #[must_use]
    fn part(&mut self) -> Self;
    /// Adds what a part got and takes the part back; `lines` stand before its first. `false` where it is not certain that all is as if it had
    /// been read here; then nothing was added.
    fn add(&mut self, part: Self, lines: u64) -> bool;
}
