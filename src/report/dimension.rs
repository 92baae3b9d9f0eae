//! What the rows of `groups` are sums by, as it is typed and printed.

use std::fmt;
use std::str::FromStr;

/// A dimension of `--group-by`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// NAT gateway.
    Nat,
    /// VPC of the client.
    Vpc,
    /// AZ id of the client.
    Az,
    /// Account of the client's interface, else of its VPC, else of the gateway.
    Account,
    /// Region of the gateway.
    Region,
    /// Service.
    Service,
    /// Client address.
    Client,
    /// Day, UTC.
    Day,
    /// Instance that the client is, or runs on.
    Instance,
    /// What makes such clients: a function, an ECS service, a Kubernetes workload, a load balancer, an Auto Scaling group, …
    ServiceOwner,
    /// Kubernetes namespace of the client.
    Namespace,
    /// The first of the user's team rules that holds for the client, else its tag `team`.
    Team,
    /// A tag of the client; `tag:team` is [`Dimension::Team`] under another name.
    Tag(String),
}

/// The tag by which teams are told where no rule holds.
pub const TEAM: &str = "team";

/// How a tag is asked for; the key follows, as it is written in AWS.
const TAG: &str = "tag:";

impl Dimension {
    /// Those that have a name of their own, in the order of help texts.
    pub const NAMED: [(&'static str, Dimension); 12] = [
        ("nat", Dimension::Nat),
        ("vpc", Dimension::Vpc),
        ("az", Dimension::Az),
        ("account", Dimension::Account),
        ("region", Dimension::Region),
        ("service", Dimension::Service),
        ("client", Dimension::Client),
        ("day", Dimension::Day),
        ("instance", Dimension::Instance),
        ("service-owner", Dimension::ServiceOwner),
        ("namespace", Dimension::Namespace),
        ("team", Dimension::Team),
    ];

    /// Name in `groups[].by`.
    #[must_use]
    pub fn name(&self) -> String {
        self.to_string()
    }

    /// The key, if it is a tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Tag(key) => Some(key),
            _ => None,
        }
    }

    /// Whether it is a fact about the client's owner, who may change from hour to hour.
    #[must_use]
    pub const fn is_of_owner(&self) -> bool {
        match self {
            Self::Account | Self::Instance | Self::ServiceOwner | Self::Namespace | Self::Team | Self::Tag(_) => true,
            Self::Nat | Self::Vpc | Self::Az | Self::Region | Self::Service | Self::Client | Self::Day => false,
        }
    }

    /// Whether the rows are shares of teams: [`Dimension::Team`] or any tag.
    #[must_use]
    pub fn is_share(name: &str) -> bool {
        name == TEAM || name.starts_with(TAG)
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(key) => write!(f, "{TAG}{key}"),
            named => f.write_str(Self::NAMED.iter().find(|(_, known)| known == named).map_or("", |(name, _)| name)),
        }
    }
}

/// A text that is no dimension.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no dimension (expected one of nat, vpc, az, account, region, service, client, day, instance, service-owner, namespace, team, or tag:KEY)"
)]
pub struct UnknownDimension(pub String);

impl FromStr for Dimension {
    type Err = UnknownDimension;

    fn from_str(text: &str) -> Result<Self, UnknownDimension> {
        let known = Self::NAMED.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        // A tag's key is written as it is in AWS, where case counts.
        let tag = || text.strip_prefix(TAG).filter(|key| !key.is_empty()).map(|key| Self::Tag(key.to_owned()));
        known.map(|(_, known)| known).or_else(tag).ok_or_else(|| UnknownDimension(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for (name, dimension) in Dimension::NAMED {
            assert_eq!(name.parse(), Ok(dimension.clone()));
            assert_eq!(dimension.name(), name);
            let message = UnknownDimension(String::new()).to_string();
            assert!(message.contains(name), "the message lists {name}");
        }
        assert_eq!("tag:Cost Center".parse(), Ok(Dimension::Tag("Cost Center".to_owned())));
        assert_eq!(Dimension::Tag("a:b".to_owned()).name(), "tag:a:b");
        assert_eq!("NAT".parse(), Ok(Dimension::Nat));
        for bad in ["", "tag:", "tag", "teams"] {
            assert_eq!(bad.parse::<Dimension>(), Err(UnknownDimension(bad.to_owned())));
        }
    }
}
