//! What a row's bytes were for: its service, and the destination as closely as it is known. Worked out once for each distinct
//! remote, label, port and answer.

use super::table::Table;
use crate::count::resolve::CountedPair;
use crate::count::rollup::Rollup;
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::service::is_s3;
use crate::model::symbols::Sym;
use crate::name::asked::{Answers, Asked};
use crate::name::{Clues, Evidence, Meaning, Named, Namer, Subject, is_plain};
use hashbrown::HashMap;

/// Where bytes went: a host, else a service that is known without one, else an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// Host name, service or address.
    pub name: String,
    /// Region of the service.
    pub region: Option<String>,
    /// S3 bucket; `None` where it is not known, or where it is not S3.
    pub bucket: Option<String>,
    /// What the bucket holds, where it is one of AWS's own: `ECR image layers`.
    pub holds: Option<&'static str>,
    /// Whether it is a third party that offers its service over `PrivateLink` itself.
    pub is_partner: bool,
}

/// What is known of a row's remote; keys into the tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remote {
    pub(super) service: u32,
    pub(super) destination: u32,
    /// Names of several services were asked for.
    pub(super) is_ambiguous: bool,
}

/// Remotes by what they are known by.
pub(super) struct Remotes<'a> {
    namer: &'a Namer,
    rollup: &'a Rollup,
    answers: Option<&'a Answers<Meaning>>,
    known: HashMap<(AddrId, Sym, u16, u32), Remote>,
    services: Table<Named>,
    destinations: Table<Destination>,
}

impl<'a> Remotes<'a> {
    pub(super) fn new(namer: &'a Namer, rollup: &'a Rollup, answers: Option<&'a Answers<Meaning>>) -> Self {
        let (services, destinations) = (Table::default(), Table::default());
        Self { namer, rollup, answers, known: HashMap::new(), services, destinations }
    }

    /// The number of the answer to the row with this number.
    pub(super) fn answer(&self, row: usize) -> u32 {
        self.answers.map_or(0, |answers| answers.number(row))
    }

    /// Of a pair's rows with this answer.
    pub(super) fn of(&mut self, pair: &CountedPair, answer: u32) -> Remote {
        let key = (pair.remote, pair.label, pair.port, answer);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let asked = self.answers.map_or(&Asked::Nothing, |answers| answers.asked(answer));
        let remote = self.rollup.addrs.addr(pair.remote);
        let clues = Clues { label: self.rollup.symbols.text(pair.label), asked, port: pair.port };
        let named = self.namer.name(remote, clues);
        let destination = self.destination(remote, &named, asked);
        let is_ambiguous = matches!(asked, Asked::Ambiguous { .. })
            && named.evidence != Evidence::Rule
            // Named by address: no name was looked for.
            && !matches!(&*named.service, "s3" | "dynamodb");
        let known =
            Remote { service: self.services.key(named), destination: self.destinations.key(destination), is_ambiguous };
        self.known.insert(key, known);
        known
    }

    /// The host that was asked for; several hosts of one service are known by what they share.
    fn destination(&self, remote: Addr, named: &Named, asked: &Asked<Meaning>) -> Destination {
        let asked_for = match asked {
            Asked::Service { key, names, .. } if key.subject != Subject::Nothing => names.only(),
            _ => None,
        };
        let is_s3 = is_s3(&named.service);
        let host = asked_for.filter(|host| is_plain(host));
        let s3 = host.filter(|_| is_s3).map(|host| self.namer.host(host)).unwrap_or_default();
        let domain = named.service.strip_prefix("domain:");
        let is_partner = domain.is_some_and(|domain| self.namer.host(domain).partner().is_some());
        let unnamed = named.evidence == Evidence::None || named.service.starts_with("range:");
        let name = match host {
            Some(host) if named.evidence != Evidence::Rule => host.to_owned(),
            _ if unnamed => remote.to_string(),
            _ => named.service.clone(),
        };
        Destination { name, region: named.region.clone(), bucket: s3.bucket, holds: s3.holds, is_partner }
    }

    /// Takes the services and destinations of another: the numbers here of each of its numbers.
    pub(super) fn take(&mut self, other: Self) -> (Vec<u32>, Vec<u32>) {
        (self.services.take(other.services), self.destinations.take(other.destinations))
    }

    pub(super) fn into_tables(self) -> (Vec<Named>, Vec<Destination>) {
        (self.services.into_rows(), self.destinations.into_rows())
    }
}
