//! What the settings want from AWS: which parts are read from buckets, which from the live account, where, and as whom.

use crate::aws::Call;
use crate::sources::objects;
use std::collections::{BTreeMap, BTreeSet};

/// A place in S3 that is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The part of the bundle that lies there: `flow-logs`, `billing`, ...; `bundle` for all of it.
    pub part: &'static str,
    /// The bucket.
    pub bucket: String,
    /// What every key begins with; empty for the whole bucket.
    pub prefix: String,
}

impl Address {
    /// Of `s3://BUCKET/PREFIX`; of a glob the folder that is listed for it. `None` for what is no such address.
    #[must_use]
    pub fn parse(part: &'static str, text: &str) -> Option<Self> {
        let address = objects::Address::parse(text).filter(|address| !address.bucket.is_empty())?;
        let prefix = address.listed().to_owned();
        Some(Self { part, bucket: address.bucket, prefix })
    }
}

/// A part that is read from the live account because no bucket holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Live {
    /// What EC2 describes.
    Inventory,
    /// What `CloudWatch` measured.
    Metrics,
    /// What Cost Explorer sums up.
    Bill,
    /// Flow logs in `CloudWatch` Logs.
    Logs,
}

/// An account that is read by a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// The role.
    pub role_arn: String,
    /// Whether its trust policy asks for an external id. The id itself is nobody else's business.
    pub has_external_id: bool,
    /// The Regions to read there.
    pub regions: Vec<String>,
}

/// Everything that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Places in S3.
    pub addresses: Vec<Address>,
    /// Where files are written.
    pub targets: Vec<Address>,
    /// Whether Athena makes the roll-up, into the targets.
    pub athena: bool,
    /// Where the workgroup insists on writing what it says about statements, which is read.
    pub athena_output: Option<Address>,
    /// The account that must own the buckets.
    pub bucket_owner: Option<String>,
    /// Parts from the live account.
    pub live: BTreeSet<Live>,
    /// The Regions to read; none where nobody named one.
    pub regions: Vec<String>,
    /// Roles that read buckets, by bucket.
    pub roles_of_buckets: BTreeMap<String, String>,
    /// Accounts with a role of their own; without any, the account of the credentials is read.
    pub accounts: Vec<Account>,
}

/// Whose permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Of the credentials that natlens runs with.
    Credentials,
    /// Of the roles that it takes on in accounts.
    Roles,
}

impl Wants {
    /// Whether anything but local files is read.
    #[must_use]
    pub fn is_any(&self) -> bool {
        !self.addresses.is_empty() || !self.live.is_empty() || !self.targets.is_empty()
    }

    /// Whether a call is made, and by whom. Buckets are read with the credentials unless a role has them, accounts by
    /// their roles.
    #[must_use]
    pub fn uses(&self, call: Call, whose: Whose) -> bool {
        let reader = if self.accounts.is_empty() { Whose::Credentials } else { Whose::Roles };
        let live = |part| self.live.contains(&part) && whose == reader;
        match (service(call), call.action) {
            (_, "sts:GetCallerIdentity") => self.is_any() && (whose == Whose::Credentials || whose == reader),
            (_, "sts:AssumeRole") => !self.roles().is_empty() && whose == Whose::Credentials,
            ("s3", _) if is_write(call) => self.targets_of(whose).next().is_some(),
            ("s3", _) => !self.looked_at(whose).is_empty(),
            ("ec2", _) => live(Live::Inventory),
            ("cloudwatch", _) => live(Live::Metrics),
            ("ce", _) => live(Live::Bill),
            ("logs", _) => live(Live::Logs),
            ("athena", _) => self.athena && whose == Whose::Credentials,
            _ => false,
        }
    }

    fn is_by(&self, address: &Address, whose: Whose) -> bool {
        self.roles_of_buckets.contains_key(&address.bucket) == (whose == Whose::Roles)
    }

    /// Where files are written, by whom.
    pub fn targets_of(&self, whose: Whose) -> impl Iterator<Item = &Address> {
        self.targets.iter().filter(move |address| self.is_by(address, whose))
    }

    /// What is listed and read, by whom. What is written is looked at before.
    #[must_use]
    pub fn looked_at(&self, whose: Whose) -> Vec<Address> {
        let read = self.addresses.iter().filter(|address| self.is_by(address, whose));
        let output = self.athena_output.iter().filter(|_| self.athena && whose == Whose::Credentials);
        read.chain(self.targets_of(whose)).chain(output).cloned().collect()
    }

    /// Every role that is taken on.
    #[must_use]
    pub fn roles(&self) -> BTreeSet<&str> {
        let of_accounts = self.accounts.iter().filter(|_| !self.live.is_empty()).map(|account| &account.role_arn);
        let buckets = self.addresses.iter().chain(&self.targets).map(|address| &address.bucket);
        let of_buckets = buckets.filter_map(|bucket| self.roles_of_buckets.get(bucket));
        of_accounts.chain(of_buckets).map(String::as_str).collect()
    }

    /// The Regions of the readers.
    #[must_use]
    pub fn regions_of(&self, whose: Whose) -> BTreeSet<&str> {
        let of_roles = self.accounts.iter().map(|account| &account.regions);
        let lists: Vec<&Vec<String>> = match whose {
            Whose::Credentials => vec![&self.regions],
            Whose::Roles => of_roles.map(|own| if own.is_empty() { &self.regions } else { own }).collect(),
        };
        // One that names none may read anywhere.
        if lists.iter().any(|list| list.is_empty()) {
            return BTreeSet::new();
        }
        lists.into_iter().flatten().map(String::as_str).collect()
    }
}

/// `ec2` of `ec2:DescribeVpcs`.
#[must_use]
pub fn service(call: Call) -> &'static str {
    call.action.split(':').next().unwrap_or_default()
}

/// Whether a call changes anything: everything but asking, listing and taking on a role.
#[must_use]
pub fn is_write(call: Call) -> bool {
    let verb = call.action.split(':').nth(1).unwrap_or_default();
    !(["Get", "List", "Describe", "Filter"].iter().any(|reads| verb.starts_with(reads)) || verb == "AssumeRole")
}
