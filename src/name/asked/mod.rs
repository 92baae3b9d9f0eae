//! Which names a client asked for before it talked to an address: Resolver records matched to counted bytes, by time.
//!
//! For each request (remote, VPC, client, hour) the names count that the same client asked for and that led to the remote, in
//! the latest hour, the request's included, that has any within the look-back; where the client asked for none, those that
//! anyone in the VPC asked for, likewise. If they agree on a service, that; else they are ambiguous (product contract 4).
//!
//! Pure. Requests come first, so that of the records only what some request can use is kept ([`Fold`]); what is kept is sorted
//! outside, and [`Join`] walks requests and entries together. Neither needs more memory for more records.

mod fold;
mod join;
mod private;
mod requests;
#[cfg(test)]
mod tests;

pub use fold::{Counts, Entries, Fold};
pub use join::{Answers, Join};
pub use private::{PrivateAnswer, PrivateAnswers};
pub use requests::{DEFAULT_LOOK_BACK, Requests, RequestsBuilder, VpcKey};

/// An entry or a request: remote, VPC, client and hour, as numbers that [`Requests`] gave. Client 0 is anyone in the VPC;
/// VPC 0 is not known.
pub type Key = [u32; 4];

/// A name with a private address: VPC, the address in four parts, hour.
pub type PrivateKey = [u32; 6];

/// Who asked for the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AskedBy {
    /// The client of the bytes itself.
    Client,
    /// Others in its VPC.
    Vpc,
}

/// What a name means, and what several names mean together. Neither may depend on the order of names.
pub trait Agree: Sized {
    /// What both mean; `None` where they mean different things.
    fn agree(&self, other: &Self) -> Option<Self>;
}

/// The names that were asked for: the first [`Names::SAMPLES`] in order for people, and what is known of all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Names {
    /// The first ones, sorted.
    pub first: Vec<Box<str>>,
    /// All of them.
    pub count: u32,
    /// The longest domain that all of them are, or are below; empty without one.
    pub domain: Box<str>,
}

impl Names {
    /// How many are kept.
    pub const SAMPLES: usize = 3;

    /// Names come sorted.
    pub(super) fn add(&mut self, name: &str) {
        self.domain = if self.count == 0 { name.into() } else { common_domain(&self.domain, name).into() };
        self.count = self.count.saturating_add(1);
        if self.first.len() < Self::SAMPLES {
            self.first.push(name.into());
        }
    }

    /// The only name, where there was one.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        if self.count == 1 { self.first.first().map(|name| &**name) } else { None }
    }
}

#[cfg(test)]
impl Agree for String {
    fn agree(&self, other: &Self) -> Option<Self> {
        (self == other).then(|| self.clone())
    }
}

/// The longest common end of two names in whole labels.
fn common_domain<'a>(a: &'a str, b: &str) -> &'a str {
    let mut length = 0;
    for (label, _) in a.rsplit('.').zip(b.rsplit('.')).take_while(|(a, b)| a == b) {
        length += label.len() + usize::from(length > 0);
    }
    a.get(a.len() - length..).unwrap_or_default()
}

/// What Resolver logs say about a request. `K` is what names mean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked<K> {
    /// No name was asked for.
    Nothing,
    /// Names that agree.
    Service {
        /// On what.
        key: K,
        /// Who asked.
        by: AskedBy,
        /// For what.
        names: Names,
    },
    /// Names that do not agree.
    Ambiguous {
        /// Who asked.
        by: AskedBy,
        /// For what.
        names: Names,
    },
}
