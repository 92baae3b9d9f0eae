//! The names behind the remote addresses: what clients ask for, which service that is, which addresses answer and when.
//!
//! The simulator's own knowledge of host names; no table of the crate is used, so that a mistake in one shows in the other.

use super::account::Account;
use super::destinations::Destination;
use super::random::{Rng, mix};
use crate::model::addr::Addr;
use crate::model::period::Window;
use std::collections::BTreeMap;

/// The service of a host of AWS that no table of services knows: a report calls it as it calls its address.
pub(super) const UNKNOWN_AWS: &str = "?";

/// A name that clients ask for.
#[derive(Clone, Debug)]
pub(super) struct Host {
    /// As it is asked for, without the last dot.
    pub(super) name: String,
    /// The service as a report calls it: a suffix, or `domain:` and the registrable domain; or [`UNKNOWN_AWS`].
    pub(super) service: String,
    /// The S3 bucket in the name.
    pub(super) bucket: Option<String>,
    /// What its CNAME records lead to before the addresses come, in order.
    pub(super) chain: Vec<String>,
    /// Whether it has IPv6 addresses too, which no NAT gateway sees.
    pub(super) v6: bool,
    /// The destinations that answer, and when.
    serves: Vec<(usize, Window)>,
}

/// A public name that leads to private addresses inside one VPC: its interface endpoint.
#[derive(Clone, Debug)]
pub(super) struct Inside {
    pub(super) vpc: usize,
    pub(super) name: String,
    pub(super) addrs: Vec<Addr>,
}

/// All names.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    pub(super) all: Vec<Host>,
    pub(super) inside: Vec<Inside>,
    /// By destination: the hosts that it serves, and when; the first is what it is there for.
    of: Vec<Vec<(usize, Window)>>,
    numbers: BTreeMap<String, usize>,
    seed: u64,
}

/// When another name is served too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    /// From the middle of the month on, in place of what was served before.
    Later,
}

/// Names that share an address with a service's own: the service, which of its addresses, the name and the service that the
/// name is. The first lines agree with the owner, the others do not.
const SHARED: [(&str, usize, &str, &str, When); 9] = [
    ("ecr.dkr", 0, "210987654321.dkr.ecr.{r}.amazonaws.com", "ecr.dkr", When::Always),
    ("ecr.dkr", 2, "210987654321.dkr.ecr.{r}.amazonaws.com", "ecr.dkr", When::Always),
    ("sqs", 0, "{r}.queue.amazonaws.com", "sqs", When::Always),
    ("monitoring", 0, "monitoring.{r}.api.aws", "monitoring", When::Always),
    ("sqs", 1, "logs.{r}.amazonaws.com", "logs", When::Always),
    ("sqs", 2, "logs.{r}.amazonaws.com", "logs", When::Later),
    ("logs", 3, "monitoring.{r}.amazonaws.com", "monitoring", When::Always),
    ("kms", 2, "cell-7.datapath.{r}.amazonaws.com", UNKNOWN_AWS, When::Always),
    ("domain:docker.com", 1, "auth.docker.io", "domain:docker.io", When::Always),
];

/// Whose CNAME chain is shown: a name, and where it leads.
const CHAINS: [(&str, &[&str]); 5] = [
    ("files.pythonhosted.org", &["dualstack.python.map.fastly.net"]),
    ("metric-api.newrelic.com", &["metric-api.newrelic.com.cdn.cloudflare.net"]),
    ("api.segment.io", &["api-segment.us-west-2.elb.amazonaws.com"]),
    ("registry.terraform.io", &["d1xfeg5rr3gqf7.cloudfront.net"]),
    ("public.ecr.aws", &["prod.us-east-1.public.ecr.aws", "d3sj2oz2dhsxw6.cloudfront.net"]),
];

/// Registrable domains whose hosts have IPv6 addresses too.
const DUAL: [&str; 4] = ["domain:pythonhosted.org", "domain:googleapis.com", "domain:npmjs.org", "ecr-public"];

impl Hosts {
    /// The names of an account's destinations over the month.
    pub(super) fn new(account: &Account, month: Window, seed: u64) -> Self {
        let all = &account.destinations.all;
        let mut hosts = Self { of: vec![Vec::new(); all.len()], seed, ..Self::default() };
        let mut ranks: BTreeMap<&str, usize> = BTreeMap::new();
        for (number, remote) in all.iter().enumerate() {
            let rank = ranks.entry(remote.name.as_str()).or_default();
            hosts.name_one(account, number, remote, *rank, month);
            *rank += 1;
        }
        for index in 0..account.endpoints.len() {
            hosts.inside.push(inside(account, index));
        }
        hosts
    }

    /// The names of one address, which is the `rank`-th of its service.
    fn name_one(&mut self, account: &Account, number: usize, remote: &Destination, rank: usize, month: Window) {
        let home = account.place.region;
        let ever = Window { start: i64::MIN, end: i64::MAX };
        let middle = month.start + (month.end - month.start) / 2 + 19_200;
        let shared = || SHARED.iter().filter(|entry| (entry.0, entry.1) == (remote.name.as_str(), rank));
        if remote.host.is_empty() {
            if let Some((name, service)) = by_place(remote, rank, home) {
                self.serve(number, &name, service, ever);
            }
        } else {
            let until = if shared().any(|entry| entry.4 == When::Later) { middle } else { i64::MAX };
            self.serve(number, &remote.host, &remote.name, Window { end: until, ..ever });
        }
        for (_, _, name, service, when) in shared() {
            let start = if *when == When::Later { middle } else { i64::MIN };
            self.serve(number, &name.replace("{r}", home), service, Window { start, ..ever });
        }
        if remote.label == "CLOUDFRONT" && rank == 0 {
            self.serve(number, "registry.terraform.io", "domain:terraform.io", ever);
        }
        if remote.label == "S3" && remote.endpoint {
            match rank % 12 {
                // Front ends of S3 answer for every bucket of the Region.
                1 | 6 => self.serve(number, &format!("shop-media.s3.{home}.amazonaws.com"), "s3", ever),
                7 => self.serve(number, &format!("data-lake.s3.{home}.amazonaws.com"), "s3", ever),
                3 => self.serve(number, &format!("s3.{home}.amazonaws.com"), "s3", ever),
                _ => {}
            }
        }
    }

    fn serve(&mut self, destination: usize, name: &str, service: &str, window: Window) {
        let next = self.all.len();
        let number = *self.numbers.entry(name.to_owned()).or_insert(next);
        if number == next {
            let bucket = name.split_once(".s3.").filter(|_| service == "s3").map(|(bucket, _)| bucket.to_owned());
            let chain = CHAINS.iter().find(|entry| entry.0 == name).map_or(&[][..], |entry| entry.1);
            let mut chain: Vec<String> = chain.iter().map(|&target| target.to_owned()).collect();
            if bucket.is_some() {
                chain.push("s3-r-w.".to_owned() + name.split_once(".s3.").map_or("", |(_, rest)| rest));
            }
            self.all.push(Host {
                name: name.to_owned(),
                service: service.to_owned(),
                bucket,
                chain,
                v6: DUAL.contains(&service),
                serves: Vec::new(),
            });
        }
        if self.of[destination].iter().all(|(host, _)| *host != number) {
            self.all[number].serves.push((destination, window));
            self.of[destination].push((number, window));
        }
    }

    /// The name behind a client's conversation with an address: mostly the same one. `None` where nobody asks for any.
    pub(super) fn pick(&self, destination: usize, client: usize, second: i64, rng: &mut Rng) -> Option<usize> {
        let open: Vec<usize> = self.open(destination, second).collect();
        let habit = self.seed ^ key(client, destination);
        let usual = if mix(habit) % 4 == 3 { mix(habit ^ 1) } else { 0 };
        let choice = if rng.one_in(12) { rng.next() } else { usual };
        let count = u64::try_from(open.len()).ok().filter(|&count| count > 0)?;
        usize::try_from(choice % count).ok().and_then(|at| open.get(at)).copied()
    }

    /// Another name of the same address, where it has one.
    pub(super) fn other(&self, destination: usize, host: usize, second: i64) -> Option<usize> {
        self.open(destination, second).find(|&other| other != host)
    }

    fn open(&self, destination: usize, second: i64) -> impl Iterator<Item = usize> {
        self.of[destination].iter().filter(move |(_, window)| window.contains(second)).map(|(host, _)| *host)
    }

    /// Destinations with which a host answers at this time: all, or the first `count` from one of them on.
    pub(super) fn answers(&self, host: usize, second: i64, from: usize, count: usize) -> Vec<usize> {
        let open = self.all[host].serves.iter().filter(|(_, window)| window.contains(second)).map(|(d, _)| *d);
        let mut open: Vec<usize> = open.collect();
        if let Some(first) = open.iter().position(|&destination| destination == from) {
            open.rotate_left(first);
        }
        open.truncate(count);
        open
    }

    /// Whether a client resolves the host somewhere else than at the VPC's Resolver.
    pub(super) fn is_missing(&self, host: usize, client: usize, percent: u32) -> bool {
        mix(self.seed ^ mix(0xd0b) ^ key(client, host)) % 100 < u64::from(percent)
    }
}

/// A number of two.
fn key(a: usize, b: usize) -> u64 {
    mix(u64::try_from(a).unwrap_or(0) << 32 | u64::try_from(b).unwrap_or(0))
}

/// What is asked for behind addresses of EC2 and `CloudFront`: third parties, public images, somebody's instance, or nothing.
fn by_place(remote: &Destination, rank: usize, home: &str) -> Option<(String, &'static str)> {
    let domain = if home == "us-east-1" { "compute-1".to_owned() } else { format!("{home}.compute") };
    let found = match (remote.label, rank % 4) {
        ("EC2", 0) => ("api.segment.io".to_owned(), "domain:segment.io"),
        ("EC2", 1) => {
            let own = remote.addr.to_string().replace('.', "-");
            (format!("ec2-{own}.{domain}.amazonaws.com"), UNKNOWN_AWS)
        }
        ("EC2", 2) => ("api.stripe.com".to_owned(), "domain:stripe.com"),
        ("CLOUDFRONT", 0) => ("public.ecr.aws".to_owned(), "ecr-public"),
        ("CLOUDFRONT", 1) => ("d2glxqk2uabbnd.cloudfront.net".to_owned(), "domain:cloudfront.net"),
        ("CLOUDFRONT", 2) => ("registry.terraform.io".to_owned(), "domain:terraform.io"),
        _ => return None,
    };
    Some(found)
}

/// The private answer of an interface endpoint.
fn inside(account: &Account, index: usize) -> Inside {
    let endpoint = &account.endpoints[index];
    let own = account.interfaces.iter().filter(|i| i.owner == super::account::Owner::Endpoint(index));
    let host = endpoint.service.trim_end_matches("-streams");
    Inside {
        vpc: endpoint.vpc,
        name: format!("{host}.{}.amazonaws.com", account.place.region),
        addrs: own.map(|interface| interface.primary).collect(),
    }
}
