//! Where bytes went: destinations and buckets, the largest of them, and the rest as one row. A month may have a million addresses:
//! names are put in order once, and after that a number stands for each.

use super::load::Load;
use super::notes::agreed;
use super::{Builder, Share};
use crate::attribute::Destination;
use crate::count::resolve::Basis;
use crate::frames::flows::{FrameError, Key};
use crate::report::DestinationRow;
use std::cmp::Reverse;

/// What a row says of a third party that has endpoint services of its own.
const PARTNER: &str = "offers PrivateLink";

/// A name and a Region, as rows show them.
type Name<'a> = (&'a str, Option<&'a str>);

fn row(load: Load, (name, region): Name<'_>, note: Option<&'static str>) -> DestinationRow {
    let Load { upload: upload_bytes, download: download_bytes, usd } = load;
    let (name, region) = (name.to_owned(), region.map(str::to_owned));
    DestinationRow { name, region, upload_bytes, download_bytes, usd, note }
}

/// The names of destinations in order, each once, and the place of each destination's among them.
struct Names<'a> {
    names: Vec<Name<'a>>,
    of: Vec<Option<u32>>,
}

impl<'a> Names<'a> {
    fn new(destinations: &'a [Destination], name: fn(&Destination) -> Option<Name<'_>>) -> Self {
        let mut all: Vec<(Name<'a>, usize)> =
            destinations.iter().enumerate().filter_map(|(at, of)| Some((name(of)?, at))).collect();
        all.sort_unstable();
        let (mut names, mut of) = (Vec::new(), vec![None; destinations.len()]);
        for (name, at) in all {
            if names.last() != Some(&name) {
                names.push(name);
            }
            of[at] = u32::try_from(names.len() - 1).ok();
        }
        Self { names, of }
    }
}

impl Builder<'_> {
    /// The `top` destinations by bytes, then one `(other)` row.
    pub fn destinations(&self, top: usize) -> Result<Vec<DestinationRow>, FrameError> {
        #[expect(clippy::unnecessary_wraps, reason = "not every destination is in a bucket")]
        fn name(of: &Destination) -> Option<Name<'_>> {
            Some((&of.name, of.region.as_deref()))
        }
        self.destination_rows(top, name, |of| of.holds.or_else(|| of.is_partner.then_some(PARTNER)))
    }

    /// The `top` S3 buckets by bytes, then one `(other)` row. S3 traffic whose bucket nothing tells is in none.
    pub fn buckets(&self, top: usize) -> Result<Vec<DestinationRow>, FrameError> {
        fn bucket(of: &Destination) -> Option<Name<'_>> {
            Some((of.bucket.as_deref()?, of.region.as_deref()))
        }
        self.destination_rows(top, bucket, |of| of.holds)
    }

    fn destination_rows(
        &self,
        top: usize,
        name: fn(&Destination) -> Option<Name<'_>>,
        note: impl Fn(&Destination) -> Option<&'static str>,
    ) -> Result<Vec<DestinationRow>, FrameError> {
        let Names { names, of } = Names::new(&self.attributed.destinations, name);
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let sums = self.sums(&[Key::Gateway, Key::Destination], Basis::Remote)?;
        // All of a gateway's rows are split together, so that the parts are those of its whole cost.
        let shares = self.split_by(sums.iter().map(|sum| (of.get(sum.keys[1] as usize).copied().flatten(), sum)));
        let mut loads: Vec<Option<Load>> = vec![None; names.len()];
        for Share { key, upload, download, usd, .. } in shares {
            let Some(at) = key else { continue };
            loads[at as usize].get_or_insert(Load::ZERO).add(Load { upload, download, usd });
        }
        let mut largest: Vec<(usize, Load)> =
            loads.into_iter().enumerate().filter_map(|(at, load)| Some((at, load?))).collect();
        let by_bytes = |(at, load): &(usize, Load)| (Reverse(load.bytes()), *at);
        if top < largest.len() {
            largest.select_nth_unstable_by_key(top, by_bytes);
        }
        let rest = largest.split_off(largest.len().min(top));
        largest.sort_unstable_by_key(by_bytes);
        let mut place = vec![None; names.len()];
        for (number, (at, _)) in largest.iter().enumerate() {
            place[*at] = Some(number);
        }
        let shown = |(of, at): (&Destination, &Option<u32>)| Some((place[(*at)? as usize]?, note(of)));
        let notes = agreed(self.attributed.destinations.iter().zip(&of).filter_map(shown));
        let shown = |(number, (at, load)): (usize, &(usize, Load))| row(*load, names[*at], notes.get(&number).copied());
        let mut rows: Vec<DestinationRow> = largest.iter().enumerate().map(shown).collect();
        if !rest.is_empty() {
            let mut other = Load::ZERO;
            for (_, load) in rest {
                other.add(load);
            }
            rows.push(row(other, ("(other)", None), None));
        }
        Ok(rows)
    }
}
