//! Which column of a record is which field. Knows every field name of versions 2 to 11; never sees a record.

use std::fmt;

macro_rules! fields {
    ($($variant:ident $name:literal,)*) => {
        /// A field of VPC flow log records, versions 2 to 11. Source: VPC user guide, flow log records.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Field {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Field {
            /// All fields, by version.
            pub const ALL: &[Field] = &[$(Field::$variant,)*];

            /// The name in header lines and log formats; Parquet writes `_` for `-`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Field::$variant => $name,)* }
            }
        }
    };
}

fields! {
    Version "version", AccountId "account-id", InterfaceId "interface-id", SrcAddr "srcaddr", DstAddr "dstaddr",
    SrcPort "srcport", DstPort "dstport", Protocol "protocol", Packets "packets", Bytes "bytes", Start "start",
    End "end", Action "action", LogStatus "log-status",
    VpcId "vpc-id", SubnetId "subnet-id", InstanceId "instance-id", TcpFlags "tcp-flags", Type "type",
    PktSrcAddr "pkt-srcaddr", PktDstAddr "pkt-dstaddr",
    Region "region", AzId "az-id", SublocationType "sublocation-type", SublocationId "sublocation-id",
    PktSrcService "pkt-src-aws-service", PktDstService "pkt-dst-aws-service",
    FlowDirection "flow-direction", TrafficPath "traffic-path",
    EcsClusterArn "ecs-cluster-arn", EcsClusterName "ecs-cluster-name",
    EcsContainerInstanceArn "ecs-container-instance-arn", EcsContainerInstanceId "ecs-container-instance-id",
    EcsContainerId "ecs-container-id", EcsSecondContainerId "ecs-second-container-id",
    EcsServiceName "ecs-service-name", EcsTaskDefinitionArn "ecs-task-definition-arn",
    EcsTaskArn "ecs-task-arn", EcsTaskId "ecs-task-id",
    RejectReason "reject-reason", ResourceId "resource-id", EncryptionStatus "encryption-status",
    InstanceTag "instance-tag", InstanceTag2 "instance-tag-2", InterfaceTag "interface-tag",
    InterfaceTag2 "interface-tag-2", AsgTag "asg-tag", AsgTag2 "asg-tag-2", InterfaceType "interface-type",
    NextHopInterfaceId "next-hop-interface-id", NextHopSubnetId "next-hop-subnet-id",
    NextHopAzId "next-hop-az-id", NextHopVpcId "next-hop-vpc-id", NextHopInterfaceType "next-hop-interface-type",
}

impl Field {
    /// The field of a column name, hyphens or underscores alike. `None` for a field of the future.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Field> {
        let alike = |a: u8, b: u8| a.eq_ignore_ascii_case(&b) || a == b'-' && b == b'_';
        Field::ALL.iter().copied().find(|field| {
            field.name().len() == name.len() && field.name().bytes().zip(name.bytes()).all(|(a, b)| alike(a, b))
        })
    }
}

/// A set of [`Field`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FieldSet(u64);

impl FieldSet {
    /// No field.
    #[must_use]
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Whether the field is in the set.
    #[must_use]
    pub const fn contains(self, field: Field) -> bool {
        self.0 >> field as u8 & 1 == 1
    }

    /// Adds one field.
    pub const fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u8;
    }

    /// Whether any field is in both sets.
    #[inline]
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Everything in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The fields, by version.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |&field| self.contains(field))
    }
}

/// Why names make no layout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Fields that counting cannot do without.
    #[error("the log lacks {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// `tgw-*` names.
    #[error("these are the fields of transit gateway flow logs")]
    TransitGateway,
    /// More columns than any flow log has.
    #[error("more than {MAX_COLUMNS} fields")]
    TooManyFields,
    /// Not one known name.
    #[error("no known field name")]
    NoFields,
}

/// The most columns that a layout may have; AWS has 54 fields.
pub const MAX_COLUMNS: usize = 128;
const ABSENT: u8 = u8::MAX;

/// The order of a log's fields. Always holds srcaddr, dstaddr, bytes, start, and interface-id or resource-id.
#[derive(Clone, PartialEq, Eq)]
pub struct Layout {
    columns: Vec<Option<Field>>,
    at: [u8; 64],
    fields: FieldSet,
}

impl Layout {
    /// Reads a log format: `${version} ${account-id} ...`, or the bare names, separated by spaces or commas.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let names = text.split(|c: char| c.is_whitespace() || c == ',').filter(|name| !name.is_empty());
        Self::of_names(names.map(|name| name.strip_prefix("${").and_then(|n| n.strip_suffix('}')).unwrap_or(name)))
    }

    /// A layout from column names in order. Unknown names keep their place; of equal names the first counts.
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, LayoutError> {
        let (mut columns, mut at, mut fields) = (Vec::new(), [ABSENT; 64], FieldSet::default());
        for name in names {
            if is_transit_gateway_name(name) {
                return Err(LayoutError::TransitGateway);
            }
            let field = Field::of_name(name);
            let column = u8::try_from(columns.len()).ok().filter(|&c| usize::from(c) < MAX_COLUMNS);
            let column = column.ok_or(LayoutError::TooManyFields)?;
            if let Some(field) = field.filter(|&field| !fields.contains(field)) {
                at[field as usize] = column;
                fields.insert(field);
            }
            columns.push(field);
        }
        check_required(fields)?;
        Ok(Self { columns, at, fields })
    }

    /// The 14 fields of a flow log without a format of its own. Source: VPC user guide, default format (version 2).
    ///
    /// # Panics
    /// Never: the format is a constant that holds every required field.
    #[must_use]
    pub fn default_v2() -> Self {
        let names = Field::ALL.iter().take(14).map(|field| field.name());
        Self::of_names(names).expect("the default format has every required field")
    }

    /// Number of columns, unknown ones included.
    #[inline]
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The fields that it holds.
    #[inline]
    #[must_use]
    pub fn fields(&self) -> FieldSet {
        self.fields
    }

    /// The field of each column; `None` for a name that is not known.
    #[must_use]
    pub fn columns(&self) -> &[Option<Field>] {
        &self.columns
    }

    /// The column of a field.
    #[inline]
    #[must_use]
    pub fn column(&self, field: Field) -> Option<usize> {
        let column = self.at[field as usize];
        (column != ABSENT).then_some(usize::from(column))
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.columns.iter().map(|c| c.map_or("?", Field::name))).finish()
    }
}

fn check_required(fields: FieldSet) -> Result<(), LayoutError> {
    if fields == FieldSet::default() {
        return Err(LayoutError::NoFields);
    }
    let required = [Field::SrcAddr, Field::DstAddr, Field::Bytes, Field::Start];
    let mut missing: Vec<&'static str> =
        required.into_iter().filter(|&field| !fields.contains(field)).map(Field::name).collect();
    if !fields.contains(Field::InterfaceId) && !fields.contains(Field::ResourceId) {
        missing.push("interface-id or resource-id");
    }
    if missing.is_empty() { Ok(()) } else { Err(LayoutError::Missing(missing)) }
}

/// Whether a column belongs to transit gateway flow logs only.
pub(super) fn is_transit_gateway_name(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("tgw-") || start.eq_ignore_ascii_case("tgw_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<&[(Field, usize)], LayoutError>) {
        match (Layout::parse(text), expect) {
            (Ok(layout), Ok(columns)) => {
                for &(field, column) in columns {
                    assert_eq!(layout.column(field), Some(column), "{text}: {}", field.name());
                }
            }
            (found, expect) => assert_eq!(found.map(|_| ()), expect.map(|_| ()), "{text}"),
        }
    }

    #[test]
    fn names_become_columns() {
        let minimal = "bytes srcaddr dstaddr start interface-id";
        check(minimal, Ok(&[(Field::Bytes, 0), (Field::InterfaceId, 4)]));
        check("${bytes} ${srcaddr} ${dstaddr} ${start} ${resource-id}", Ok(&[(Field::ResourceId, 4)]));
        check("bytes,srcaddr,dstaddr,start,interface_id", Ok(&[(Field::InterfaceId, 4)]));
        check("future-field bytes srcaddr dstaddr start interface-id", Ok(&[(Field::Bytes, 1)]));
        check("bytes bytes srcaddr dstaddr start interface-id", Ok(&[(Field::Bytes, 0), (Field::SrcAddr, 2)]));
        check("", Err(LayoutError::NoFields));
        check("srcaddr dstaddr start", Err(LayoutError::Missing(vec!["bytes", "interface-id or resource-id"])));
        check("version tgw-id srcaddr", Err(LayoutError::TransitGateway));
        check(&"x ".repeat(200), Err(LayoutError::TooManyFields));
    }

    #[test]
    fn every_field_has_its_own_bit_and_name() {
        assert!(Field::ALL.len() <= 64);
        for &field in Field::ALL {
            assert_eq!(Field::of_name(field.name()), Some(field));
            assert_eq!(Field::of_name(&field.name().replace('-', "_")), Some(field));
        }
        assert_eq!(Layout::default_v2().columns().last(), Some(&Some(Field::LogStatus)));
    }
}
