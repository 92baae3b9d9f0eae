//! What a row of a table adds up: bytes of both directions and their cost.

use crate::model::bytes::Bytes;
use crate::model::usd::Usd;

/// Sums; the cost is not known as soon as a part's is not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) upload: Bytes,
    pub(super) download: Bytes,
    pub(super) usd: Option<Usd>,
}

impl Load {
    pub(super) const ZERO: Self = Self { upload: Bytes::ZERO, download: Bytes::ZERO, usd: Some(Usd::ZERO) };

    pub(super) fn add(&mut self, more: Self) {
        self.upload += more.upload;
        self.download += more.download;
        self.usd = self.usd.zip(more.usd).map(|(a, b)| a + b);
    }

    /// Of both directions.
    pub(super) fn bytes(&self) -> Bytes {
        self.upload + self.download
    }
}
