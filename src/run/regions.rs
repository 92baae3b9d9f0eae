//! Traffic of services with endpoints for which none is claimed, because a Region is not known or a prefix list leaves it out.

use crate::diag::{Code, Warnings};
use crate::model::bytes::Bytes;
use crate::name::Namer;
use crate::report::TrafficRow;
use crate::report::build::Behind;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Why an endpoint is left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// The Region of the service or of the clients is not known.
    Region,
    /// The prefix list of the clients' Region is known, and does not hold the address.
    OutsideList,
}

/// Says what no endpoint is claimed for; gives the rows whose Region is the reason.
pub(super) fn open(
    traffic: &[TrafficRow],
    behind: &[Behind],
    namer: &Namer,
    warnings: &mut Warnings,
) -> BTreeSet<usize> {
    let mut of_region = BTreeSet::new();
    let mut sums: [Sums<'_>; 2] = Default::default();
    for (at, (row, behind)) in traffic.iter().zip(behind).enumerate().filter(|(_, (row, _))| row.endpoint == "none") {
        let mut bytes = row.upload_bytes + row.download_bytes;
        let why = why(row, behind, namer).filter(|_| bytes > Bytes::ZERO);
        let of_kind = match why {
            None => continue,
            Some(Open::OutsideList) => &mut sums[1],
            Some(Open::Region) => {
                bytes = behind.covered;
                of_region.insert(at);
                // Without any inventory that is what is missing.
                if behind.region.is_none() && warnings.count(Code::NoInventory) > 0 {
                    continue;
                }
                &mut sums[0]
            }
        };
        let place = row.vpc_id.as_deref().unwrap_or(&row.nat_gateway_id);
        *of_kind.entry(&row.service).or_default().entry(place).or_default() += bytes;
    }
    for (code, sums) in [Code::UnknownRegion, Code::OutsidePrefixList].into_iter().zip(sums) {
        let mut largest: Vec<_> = sums
            .into_iter()
            .map(|(service, places)| (places.values().copied().sum::<Bytes>(), service, places))
            .collect();
        largest.sort_by_key(|(bytes, service, _)| (Reverse(*bytes), *service));
        for (bytes, service, places) in largest {
            let (count, places) = (places.len() as u64, largest_of(places));
            warnings.add_counted(code, count, format!("{service} of {bytes} bytes ({places})"));
        }
    }
    of_region
}

/// Bytes by service and by the clients' VPC, or the gateway where that is not known.
type Sums<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Bytes>>;

/// Places that are named.
const NAMED: usize = 3;

fn largest_of(places: BTreeMap<&str, Bytes>) -> String {
    let mut places: Vec<(&str, Bytes)> = places.into_iter().collect();
    places.sort_by_key(|(place, bytes)| (Reverse(*bytes), *place));
    let more = places.len().saturating_sub(NAMED);
    let named: Vec<&str> = places.iter().take(NAMED).map(|(place, _)| *place).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    named.join(", ") + &more
}

fn why(row: &TrafficRow, behind: &Behind, namer: &Namer) -> Option<Open> {
    // By its name alone a service is where no prefix list is looked at. What is in a list is left out where NAT64 leads to it.
    let by_address = matches!(row.evidence, "rule" | "prefix-list" | "flow-log" | "ip-ranges");
    let (here, there) = (behind.region.as_deref(), row.service_region.as_deref());
    match (here, there) {
        (Some(here), Some(there)) => {
            let outside = here == there && by_address && behind.covered == Bytes::ZERO;
            outside.then_some(Open::OutsideList)
        }
        // Wherever it is: what the list does not hold, no endpoint here takes over.
        (Some(here), None) if by_address && namer.knows_list_of(&row.service, here) => Some(Open::OutsideList),
        _ => behind.may_be.then_some(Open::Region),
    }
}
