//! The fields of a flow log record and what each says about a simulated row. Source: VPC user guide, flow log records.

use super::account::Account;
use super::rows::{Row, Status};
use crate::model::addr::Addr;

macro_rules! fields {
    ($($variant:ident $name:literal $version:literal $shape:ident,)*) => {
        /// A field of a flow log record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Field { $(#[doc = $name] $variant,)* }

        /// Every field that the simulator writes, by version.
        pub(super) const ALL: &[Field] = &[$(Field::$variant,)*];

        impl Field {
            /// Its name in a text header; Parquet has `_` for `-`.
            pub(super) const fn name(self) -> &'static str { match self { $(Self::$variant => $name,)* } }
            /// The record version that brought it.
            pub(super) const fn version(self) -> u32 { match self { $(Self::$variant => $version,)* } }
            /// Its Parquet type.
            pub(super) const fn shape(self) -> Shape { match self { $(Self::$variant => Shape::$shape,)* } }
        }
    };
}

/// The Parquet type of a field. Source: VPC user guide; INT32 for `protocol` as real files have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Int32,
    Int64,
}

fields! {
    Version "version" 2 Int32,
    AccountId "account-id" 2 Text,
    InterfaceId "interface-id" 2 Text,
    SrcAddr "srcaddr" 2 Text,
    DstAddr "dstaddr" 2 Text,
    SrcPort "srcport" 2 Int32,
    DstPort "dstport" 2 Int32,
    Protocol "protocol" 2 Int32,
    Packets "packets" 2 Int64,
    Bytes "bytes" 2 Int64,
    Start "start" 2 Int64,
    End "end" 2 Int64,
    Action "action" 2 Text,
    LogStatus "log-status" 2 Text,
    VpcId "vpc-id" 3 Text,
    SubnetId "subnet-id" 3 Text,
    InstanceId "instance-id" 3 Text,
    TcpFlags "tcp-flags" 3 Int32,
    Type "type" 3 Text,
    PktSrcAddr "pkt-srcaddr" 3 Text,
    PktDstAddr "pkt-dstaddr" 3 Text,
    Region "region" 4 Text,
    AzId "az-id" 4 Text,
    SublocationType "sublocation-type" 4 Text,
    SublocationId "sublocation-id" 4 Text,
    PktSrcService "pkt-src-aws-service" 5 Text,
    PktDstService "pkt-dst-aws-service" 5 Text,
    FlowDirection "flow-direction" 5 Text,
    TrafficPath "traffic-path" 5 Int32,
    EcsClusterName "ecs-cluster-name" 7 Text,
    EcsServiceName "ecs-service-name" 7 Text,
    RejectReason "reject-reason" 8 Text,
    ResourceId "resource-id" 9 Text,
    EncryptionStatus "encryption-status" 10 Int32,
    InterfaceType "interface-type" 11 Text,
    NextHopInterfaceId "next-hop-interface-id" 11 Text,
    NextHopSubnetId "next-hop-subnet-id" 11 Text,
    NextHopAzId "next-hop-az-id" 11 Text,
    NextHopVpcId "next-hop-vpc-id" 11 Text,
    NextHopInterfaceType "next-hop-interface-type" 11 Text,
}

/// The 14 fields of the default format, in its order.
pub(super) const DEFAULT: &[Field] = ALL.split_at(14).0;

/// The 29 fields of versions 2 to 5.
pub(super) const FULL: &[Field] = ALL.split_at(29).0;

/// What version 11 logs have on top.
pub(super) const V11: &[Field] = &[
    Field::ResourceId,
    Field::InterfaceType,
    Field::NextHopInterfaceId,
    Field::NextHopSubnetId,
    Field::NextHopAzId,
    Field::NextHopVpcId,
    Field::NextHopInterfaceType,
];

/// `version` of a log with these fields.
pub(super) fn version(fields: &[Field]) -> u32 {
    fields.iter().map(|f| f.version()).max().unwrap_or(2)
}

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// `-`, or null in a Parquet number.
    None,
    Text(&'a str),
    Addr(Addr),
    Number(u64),
}

/// Text that repeats per zone, made once.
#[derive(Clone, Debug)]
pub(super) struct Context<'a> {
    pub(super) account: &'a Account,
    pub(super) zones: Vec<String>,
}

impl<'a> Context<'a> {
    pub(super) fn new(account: &'a Account) -> Self {
        Self { account, zones: (0..super::account::ZONES).map(|z| account.zone_id(z)).collect() }
    }

    fn zone(&self, interface: usize) -> &str {
        &self.zones[self.account.subnets[self.account.interfaces[interface].subnet].zone]
    }

    /// What the row says in a field of a log of the given version.
    pub(super) fn value(&self, field: Field, row: &Row, version: u32) -> Value<'_> {
        let of = &self.account.interfaces[row.interface];
        match field {
            Field::Version => Value::Number(version.into()),
            Field::AccountId => Value::Text(&self.account.id),
            Field::InterfaceId => Value::Text(&of.id),
            Field::VpcId => Value::Text(&self.account.vpcs[of.vpc].id),
            Field::SubnetId => Value::Text(&of.subnet_id),
            Field::InstanceId => Value::Text(&of.instance),
            Field::Region => Value::Text(self.account.place.region),
            Field::AzId => Value::Text(self.zone(row.interface)),
            Field::ResourceId => Value::Text(&of.resource),
            Field::InterfaceType => Value::Text(of.kind()),
            Field::Start => number(row.start),
            Field::End => number(row.end),
            Field::LogStatus => Value::Text(row.status.log_status()),
            Field::SublocationType
            | Field::SublocationId
            | Field::EcsClusterName
            | Field::EcsServiceName
            | Field::RejectReason
            | Field::EncryptionStatus => Value::None,
            _ if matches!(row.status, Status::NoData | Status::SkipData) => Value::None,
            _ => self.flow_value(field, row),
        }
    }

    fn flow_value(&self, field: Field, row: &Row) -> Value<'_> {
        let account = self.account;
        match field {
            Field::SrcAddr => Value::Addr(row.src),
            Field::DstAddr => Value::Addr(row.dst),
            Field::PktSrcAddr => Value::Addr(row.pkt_src),
            Field::PktDstAddr => Value::Addr(row.pkt_dst),
            Field::SrcPort => Value::Number(row.src_port.into()),
            Field::DstPort => Value::Number(row.dst_port.into()),
            Field::Protocol => Value::Number(6),
            Field::Packets => Value::Number(row.packets),
            Field::Bytes => Value::Number(row.bytes),
            Field::TcpFlags => Value::Number(row.tcp_flags.into()),
            Field::Action => Value::Text(if row.status == Status::Reject { "REJECT" } else { "ACCEPT" }),
            Field::Type => Value::Text(if row.pkt_src.v4().is_some() { "IPv4" } else { "IPv6" }),
            Field::PktSrcService => Value::Text(row.src_service),
            Field::PktDstService => Value::Text(row.dst_service),
            Field::FlowDirection => Value::Text(if row.egress { "egress" } else { "ingress" }),
            Field::TrafficPath => row.traffic_path.map_or(Value::None, |p| Value::Number(p.into())),
            _ => row.next_hop.map_or(Value::None, |hop| {
                let next = &account.interfaces[hop];
                match field {
                    Field::NextHopInterfaceId => Value::Text(&next.id),
                    Field::NextHopSubnetId => Value::Text(&next.subnet_id),
                    Field::NextHopAzId => Value::Text(self.zone(hop)),
                    Field::NextHopVpcId => Value::Text(&account.vpcs[next.vpc].id),
                    Field::NextHopInterfaceType => Value::Text(next.kind()),
                    _ => Value::None,
                }
            }),
        }
    }
}

fn number<'a>(value: i64) -> Value<'a> {
    u64::try_from(value).map_or(Value::None, Value::Number)
}
