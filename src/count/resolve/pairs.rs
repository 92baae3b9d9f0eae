//! Rows of gateways' own records whose leg was known when they were read: client and remote together. Most rows of most months
//! are of this kind, and each counts by itself, so that several threads count them.

use super::told::Told;
use super::{Basis, CountedPair, CountedRows, Way};
use crate::count::fold::{RowKey, RowSum, Seen};
use crate::count::rollup::RowLists;
use crate::count::vantage::Vantage;
use std::ops::Range;
use std::sync::Arc;

/// Counted pairs.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) rows: CountedRows,
    pub(super) counted: RowSum,
    /// Bytes of legs 1 and 4, by gateway.
    pub(super) legs: Vec<[u64; 2]>,
}

/// The gateway whose own records show client and remote of this key.
pub(super) fn gateway(key: &RowKey, gateway_of: &[Option<u32>]) -> Option<u32> {
    gateway_of[key.interface as usize].filter(|_| key.seen == Seen::Pair)
}

/// With fewer keys another thread costs more than it saves.
const FEW: usize = 4 << 10;

/// Counts them. `gateway_of` has the gateway of each interface.
pub(super) fn of(rows: &Arc<RowLists>, vantage: &Vantage, gateway_of: &[Option<u32>], threads: usize) -> Vec<Pairs> {
    let shares = threads.min(rows.len() / FEW).max(1);
    let share = |number: usize| rows.len() * number / shares..rows.len() * (number + 1) / shares;
    let count = |numbers: Range<usize>| share_of(rows, numbers, vantage, gateway_of);
    std::thread::scope(|scope| {
        let count = &count;
        let others: Vec<_> = (1..shares).map(|number| scope.spawn(move || count(share(number)))).collect();
        let first = count(share(0));
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|why| std::panic::resume_unwind(why)));
        std::iter::once(first).chain(others).collect()
    })
}

fn share_of(rows: &Arc<RowLists>, numbers: Range<usize>, vantage: &Vantage, gateway_of: &[Option<u32>]) -> Pairs {
    let gateways = gateway_of.iter().flatten().max().map_or(0, |most| *most as usize + 1);
    let counted = vantage.counted_rows().with(Arc::clone(rows));
    let mut pairs = Pairs { rows: counted, counted: RowSum::default(), legs: vec![[0; 2]; gateways] };
    for (number, of, entries) in rows.entries_of(numbers) {
        let Some(gateway) = gateway(&of.0, gateway_of) else { continue };
        let Some(told) = Told::of(number, *of, entries, vantage) else { continue };
        let RowKey { from: client, to: remote, to_label: label, port, .. } = told.key;
        let pair = CountedPair { gateway, client, remote, label, basis: Basis::Pair, port };
        let RowSum { records, bytes } = told.sum();
        pairs.counted.add(records, bytes);
        let [up, down] = &mut pairs.legs[gateway as usize];
        *up += told.sums.upload;
        *down += told.sums.download;
        told.push_to(&mut pairs.rows, pair, Way::Up, rows, vantage);
    }
    pairs
}
