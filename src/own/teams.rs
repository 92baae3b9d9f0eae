//! Which team a client belongs to: the first of the user's rules that holds. What cannot be told is not decided by a later rule.

use crate::model::addr::Addr;
use crate::model::several::SEVERAL;
use crate::sources::settings::Team;

/// What rules can ask about a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub addr: Option<Addr>,
    pub vpc: Option<&'a str>,
    pub account: Option<&'a str>,
    pub namespace: Option<&'a str>,
}

/// Whether a condition holds; `None` where two owners cannot be told apart and it holds for one of them perhaps.
fn holds(found: Option<&str>, wanted: &str) -> Option<bool> {
    match found {
        Some(SEVERAL) => None,
        found => Some(found == Some(wanted)),
    }
}

/// The team by rule; `None` where no rule holds.
pub(super) fn team<'t>(rules: &'t [Team], client: Asked<'_>, tag: impl Fn(&str) -> Option<String>) -> Option<&'t str> {
    for rule in rules {
        let of_tag = rule.tag.as_ref().map(|test| holds(tag(&test.key).as_deref(), &test.value));
        let conditions = [
            of_tag,
            rule.account.as_deref().map(|wanted| holds(client.account, wanted)),
            rule.vpc.as_deref().map(|wanted| holds(client.vpc, wanted)),
            rule.cidr.map(|block| Some(client.addr.is_some_and(|addr| block.contains(addr)))),
            rule.namespace.as_deref().map(|wanted| holds(client.namespace, wanted)),
        ];
        let conditions: Vec<Option<bool>> = conditions.into_iter().flatten().collect();
        if conditions.contains(&Some(false)) {
            continue;
        }
        return Some(if conditions.contains(&None) { SEVERAL } else { &rule.name });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::settings::parse;

    const RULES: &str = r#"
        [[teams]]
        name = "payments"
        tag = "team=pay"
        account = "111122223333"
        [[teams]]
        name = "search"
        namespace = "search"
        [[teams]]
        name = "edge"
        cidr = "10.0.1.0/24"
        [[teams]]
        name = "data"
        vpc = "vpc-data"
        [[teams]]
        name = "platform"
        account = "111122223333""#;

    fn some(text: &str) -> Option<&str> {
        Some(text).filter(|text| !text.is_empty())
    }

    /// Account, VPC, address, namespace and the tag `team` of a client; empty is not known.
    fn check(situation: &str, [account, vpc, addr, namespace, tag]: [&str; 5], expect: Option<&str>) {
        let rules = parse("natlens.toml", RULES).expect("valid").teams;
        let asked = Asked {
            addr: Addr::parse(addr.as_bytes()),
            vpc: some(vpc),
            account: some(account),
            namespace: some(namespace),
        };
        let found = team(&rules, asked, |key| some(tag).filter(|_| key == "team").map(str::to_owned));
        assert_eq!(found, expect, "{situation}");
    }

    #[test]
    fn the_first_rule_that_holds_decides() {
        let one = "111122223333";
        check("both conditions", [one, "", "", "search", "pay"], Some("payments"));
        check("one of two conditions", ["", "", "", "", "pay"], None);
        check("the next in the file", [one, "", "", "search", "other"], Some("search"));
        check("by address", [one, "vpc-data", "10.0.1.9", "", ""], Some("edge"));
        check("by VPC", [one, "vpc-data", "10.0.2.9", "", ""], Some("data"));
        check("by account", [one, "", "10.0.2.9", "", ""], Some("platform"));
        check("by none", ["", "", "10.0.2.9", "", ""], None);
    }

    #[test]
    fn what_cannot_be_told_stops_the_search() {
        let one = "111122223333";
        check("two tags at one address", [one, "", "", "", SEVERAL], Some(SEVERAL));
        check("two tags, and another condition fails", ["", "", "", "", SEVERAL], None);
        check("two namespaces", [one, "", "10.0.1.9", SEVERAL, ""], Some(SEVERAL));
        check("two namespaces after a rule that holds", [one, "", "", SEVERAL, "pay"], Some("payments"));
    }
}
