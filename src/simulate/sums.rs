//! What a NAT gateway did in a quarter of a day: the finest time at which the bill and the metrics are made.

use super::account::ZONES;
use super::destinations::BEYOND;
use std::iter::Sum;

/// Bytes up and down.
pub(super) type Pair = [u64; 2];

/// Quarters of a day.
pub(super) const QUARTERS: usize = 4;

/// Sums of a gateway over some time. Every field is a plain sum of conversations that began then.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Bytes of legs 1 to 4 (index 0 to 3); leg 3 includes the unsolicited bytes.
    pub(super) legs: [u64; 4],
    pub(super) unsolicited: u64,
    /// Bytes of clients in another zone than the gateway.
    pub(super) cross_zone: Pair,
    /// Bytes sent into the transit gateway, by the attachment that sent them: the hub's, then the spokes'.
    pub(super) transit: [u64; 3],
    /// Bytes of legs 2 and 3 by what lies beyond the gateway, in the order of [`super::destinations::Beyond`].
    pub(super) beyond: [Pair; BEYOND],
    /// Legs of a regional gateway by zone.
    pub(super) zones: [[u64; 4]; ZONES],
}

fn add(into: &mut [u64], other: &[u64]) {
    for (sum, value) in into.iter_mut().zip(other) {
        *sum += value;
    }
}

impl Sums {
    /// What the gateway's bill counts: bytes that arrived at it, from either side.
    pub(super) fn billed(&self) -> u64 {
        self.legs[0] + self.legs[2]
    }

    fn merge(&mut self, other: &Self) {
        add(&mut self.legs, &other.legs);
        self.unsolicited += other.unsolicited;
        add(&mut self.cross_zone, &other.cross_zone);
        add(&mut self.transit, &other.transit);
        add(self.beyond.as_flattened_mut(), other.beyond.as_flattened());
        add(self.zones.as_flattened_mut(), other.zones.as_flattened());
    }
}

impl<'a> Sum<&'a Sums> for Sums {
    fn sum<I: Iterator<Item = &'a Sums>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            sum.merge(one);
            sum
        })
    }
}
