//! The small tables that the roll-up joins, as Parquet files: interfaces, addresses, ranges, routes, and objects that are an exception.

use super::guide::{Guide, Span};
use super::table::{Kind, TableError, Value, write};
use super::text;
use crate::count::roles::Role;
use crate::model::addr::Addr;

/// An object whose path does not say what natlens knows, or that must not be counted a second time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exception {
    /// Its path below the location of the flow logs.
    pub object: String,
    /// Its flow log.
    pub flow_log: String,
    /// The account that its path names, if any.
    pub account: Option<String>,
    /// The Region that its path names, if any.
    pub region: Option<String>,
    /// Whether nothing of it counts: its content is another object's, or no flow log.
    pub is_duplicate: bool,
}

impl Exception {
    /// Whether the text makes something else of an object that is no exception.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        let [flow_log, account, region] = text::said_by_path(&self.object);
        let or = |said: &Option<String>| said.clone().unwrap_or_else(|| "-".to_owned());
        self.is_duplicate || [&flow_log, &account, &region] != [&self.flow_log, &or(&self.account), &or(&self.region)]
    }
}

/// A small table.
#[derive(Clone, Debug)]
pub struct ReferenceTable {
    /// Its name in the text.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [(&'static str, Kind)],
    /// It, as a Parquet file.
    pub file: Vec<u8>,
}

const TEXT: Kind = Kind::Text;
const NUMBER: Kind = Kind::Number;

type Columns = &'static [(&'static str, Kind)];
const RANGE: [(&str, Kind); 3] = [("bucket", NUMBER), ("range_start", NUMBER), ("range_end", NUMBER)];

/// A small table before it is a file.
type Table = (&'static str, Columns, Vec<Vec<Value>>);

/// All small tables. The same inventory gives the same bytes.
pub fn reference_tables(guide: &Guide<'_>, exceptions: &[Exception]) -> Result<Vec<ReferenceTable>, TableError> {
    let objects = exceptions.iter().map(|exception| {
        let or = |said: &Option<String>| Value::from(said.as_deref().unwrap_or("-"));
        vec![
            exception.object.as_str().into(),
            exception.flow_log.as_str().into(),
            or(&exception.account),
            or(&exception.region),
            i64::from(exception.is_duplicate).into(),
        ]
    });
    let objects: Table = (
        "natlens_objects",
        &[("object", TEXT), ("flow_log", TEXT), ("account", TEXT), ("region", TEXT), ("is_duplicate", NUMBER)],
        objects.collect(),
    );
    of_inventory(guide)
        .into_iter()
        .chain([objects])
        .map(|(name, columns, rows)| Ok(ReferenceTable { name, columns, file: write(columns, rows.as_slice())? }))
        .collect()
}

/// The small tables that say what the inventory says.
fn of_inventory(guide: &Guide<'_>) -> [Table; 8] {
    let interfaces = guide.known.iter().map(|(name, known)| {
        let (role, gateway, regional) = match known.role {
            Role::Nat(index) => {
                let side = guide.roles.nat(index);
                ("nat", side.id.as_str(), i64::from(side.regional))
            }
            Role::Carrier => ("carrier", "-", 0),
            Role::Quiet => ("quiet", "-", 0),
            Role::Client => ("client", "-", 0),
            Role::Unknown => ("unknown", "-", 0),
        };
        let route_key = known.route_key.as_deref().unwrap_or("-");
        vec![name.as_str().into(), role.into(), gateway.into(), regional.into(), route_key.into()]
    });
    let hops = guide.known.iter().filter_map(|(name, known)| match known.role {
        Role::Nat(index) => Some(vec![name.as_str().into(), guide.roles.nat(index).id.as_str().into()]),
        _ => None,
    });
    let own = guide
        .roles
        .nats()
        .iter()
        .flat_map(|side| side.own.iter().map(|addr| vec![side.id.as_str().into(), addr.spelled_out().into()]));
    let mut own: Vec<Vec<Value>> = own.collect();
    own.sort();
    own.dedup();
    let routes = guide.routes.iter().flat_map(|(key, spans)| {
        spans.iter().map(|((first, last), gateway)| {
            vec![key.as_str().into(), i64::from(*first).into(), i64::from(*last).into(), gateway.as_str().into()]
        })
    });
    let local = guide.local.iter().flat_map(|span| buckets(*span));
    let holders = guide.holders.iter().flat_map(|(span, number)| {
        buckets(*span).map(|mut row| {
            row.push((*number).into());
            row
        })
    });
    let holders6 = guide.holders6.iter().flat_map(|(span, number)| buckets6(*span, *number));
    [
        (
            "natlens_interfaces",
            &[("name", TEXT), ("role", TEXT), ("gateway", TEXT), ("is_regional", NUMBER), ("route_key", TEXT)],
            interfaces.collect(),
        ),
        ("natlens_next_hops", &[("name", TEXT), ("gateway", TEXT)], hops.collect()),
        ("natlens_gateway_addresses", &[("gateway", TEXT), ("address", TEXT)], own),
        (
            "natlens_nat_routes",
            &[("route_key", TEXT), ("range_start", NUMBER), ("range_end", NUMBER), ("gateway", TEXT)],
            routes.collect(),
        ),
        ("natlens_local_ranges", &RANGE, local.collect()),
        ("natlens_vpc_ranges", &[RANGE[0], RANGE[1], RANGE[2], ("holders", NUMBER)], holders.collect()),
        (
            "natlens_vpc_ipv6_ranges",
            &[("bucket", TEXT), ("range_start", TEXT), ("range_end", TEXT), ("holders", NUMBER)],
            holders6.collect(),
        ),
        ("natlens_peers", &[("address", TEXT)], guide.peers().into_iter().map(|addr| vec![addr.into()]).collect()),
    ]
}

/// A span as one row for each /16: its first two numbers are the bucket that the text joins by.
fn buckets((first, last): Span) -> impl Iterator<Item = Vec<Value>> {
    (first >> 16..=last >> 16).map(move |bucket| {
        let (low, high) = (first.max(bucket << 16), last.min(bucket << 16 | 0xffff));
        vec![i64::from(bucket).into(), i64::from(low).into(), i64::from(high).into()]
    })
}

/// A span of IPv6 as one row for each first group.
fn buckets6((first, last): (u128, u128), holders: i64) -> impl Iterator<Item = Vec<Value>> {
    (first >> 112..=last >> 112).map(move |bucket| {
        let (low, high) = (first.max(bucket << 112), last.min(bucket << 112 | u128::MAX >> 16));
        let [low, high] = [low, high].map(|bits| Addr::from_v6(bits).spelled_out());
        vec![format!("{bucket:04x}").into(), low.into(), high.into(), holders.into()]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_cut_where_its_bucket_ends() {
        let rows: Vec<Vec<Value>> = buckets((0x0a00_0005, 0x0a02_0000)).collect();
        let row = |bucket: i64, first: i64, last: i64| -> Vec<Value> { vec![bucket.into(), first.into(), last.into()] };
        let expect = [
            row(0xa00, 0x0a00_0005, 0x0a00_ffff),
            row(0xa01, 0x0a01_0000, 0x0a01_ffff),
            row(0xa02, 0x0a02_0000, 0x0a02_0000),
        ];
        assert_eq!(rows, expect);
        assert_eq!(buckets((u32::MAX, u32::MAX)).count(), 1);
    }

    #[test]
    fn a_span_of_ipv6_is_cut_where_its_first_group_ends() {
        let bits = |text: &str| Addr::parse(text.as_bytes()).expect("an address").bits();
        let rows: Vec<Vec<Value>> = buckets6((bits("2600:1f18::"), bits("2601::5")), 7).collect();
        let row = |bucket: &str, first: &str, last: &str| -> Vec<Value> {
            vec![bucket.into(), first.into(), last.into(), 7.into()]
        };
        let expect = [
            row("2600", "2600:1f18:0000:0000:0000:0000:0000:0000", "2600:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            row("2601", "2601:0000:0000:0000:0000:0000:0000:0000", "2601:0000:0000:0000:0000:0000:0000:0005"),
        ];
        assert_eq!(rows, expect);
        assert_eq!(buckets6((u128::MAX, u128::MAX), 7).count(), 1);
    }

    #[test]
    fn objects_that_speak_for_themselves_are_no_exception() {
        let name = "123456789012_vpcflowlogs_eu-west-1_fl-0abc_20261001T0005Z_1a2b3c4d.log.gz";
        let plain = Exception {
            object: format!("AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/10/01/{name}"),
            flow_log: "fl-0abc".to_owned(),
            account: Some("123456789012".to_owned()),
            region: Some("eu-west-1".to_owned()),
            is_duplicate: false,
        };
        assert!(!plain.is_needed());
        assert!(Exception { is_duplicate: true, ..plain.clone() }.is_needed());
        assert!(Exception { flow_log: "fl-1".to_owned(), ..plain.clone() }.is_needed());
        assert!(Exception { object: "x.log".to_owned(), ..plain }.is_needed());
    }
}
