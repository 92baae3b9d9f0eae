//! The user's own rules: by address block, host name, port, or several of them together.

use super::PrefixMap;
use super::asked::Names;
use super::hosts::is_under;
use crate::model::addr::Addr;
use crate::sources::settings::Rule;
use std::cmp::Reverse;

/// Rules, ready to be looked up.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    all: Vec<Rule>,
    /// Rules of a block alone.
    blocks: PrefixMap<usize>,
    /// Rules with a host or a port, in the order of the file.
    narrow: Vec<usize>,
}

impl Rules {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let is_narrow = |rule: &Rule| rule.host.is_some() || rule.port.is_some();
        let blocks: Vec<_> = rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| !is_narrow(rule))
            .filter_map(|(at, rule)| Some((rule.cidr?, at)))
            .collect();
        let narrow = (0..rules.len()).filter(|&at| is_narrow(&rules[at])).collect();
        Self { all: rules.to_vec(), blocks: PrefixMap::new(&blocks), narrow }
    }

    /// The rule of a remote: one with a host or a port before one of a block alone, then the most specific block, the longest
    /// host, one with a port, the earlier one.
    pub(super) fn find(&self, remote: Addr, names: Option<&Names>, port: u16) -> Option<&Rule> {
        let matching = self.narrow.iter().map(|&at| (at, &self.all[at]));
        let matching = matching.filter(|(_, rule)| {
            rule.cidr.is_none_or(|cidr| cidr.contains(remote))
                && rule.port.is_none_or(|wanted| wanted == port)
                && rule.host.as_deref().is_none_or(|host| names.is_some_and(|names| is_under(&names.domain, host)))
        });
        let best = matching.max_by_key(|(at, rule)| {
            let block = rule.cidr.map_or(0, |cidr| 1 + u16::from(cidr.len128()));
            (block, rule.host.as_deref().map_or(0, str::len), rule.port.is_some(), Reverse(*at))
        });
        best.map(|(_, rule)| rule).or_else(|| self.all.get(self.blocks.get(remote)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::addr::Cidr;

    fn rule(name: &str, cidr: Option<&str>, host: Option<&str>, port: Option<u16>) -> Rule {
        let cidr = cidr.map(|text| Cidr::parse(text).expect("a block"));
        Rule { cidr, host: host.map(str::to_owned), port, name: name.to_owned(), region: None }
    }

    fn check(remote: &str, names: &[&str], port: u16, expect: Option<&str>) {
        let rules = Rules::new(&[
            rule("block", Some("203.0.113.0/24"), None, None),
            rule("smaller block", Some("203.0.113.8/29"), None, None),
            rule("host", None, Some("example.com"), None),
            rule("longer host", None, Some("api.example.com"), None),
            rule("port", None, None, Some(5432)),
            rule("block and port", Some("203.0.113.0/24"), None, Some(5432)),
            rule("too late", None, Some("example.com"), None),
        ]);
        let mut all = Names::default();
        for name in names {
            all.add(name);
        }
        let names = all;
        let found = rules.find(Addr::parse(remote.as_bytes()).expect("an address"), Some(&names), port);
        assert_eq!(found.map(|rule| rule.name.as_str()), expect, "{remote} {names:?} {port}");
    }

    #[test]
    fn the_narrowest_rule_names() {
        check("198.51.100.1", &[], 443, None);
        check("203.0.113.1", &[], 443, Some("block"));
        check("203.0.113.9", &[], 443, Some("smaller block"));
        check("198.51.100.1", &["example.com"], 443, Some("host"));
        check("198.51.100.1", &["www.example.com", "example.com"], 443, Some("host"));
        check("198.51.100.1", &["v1.api.example.com"], 443, Some("longer host"));
        check("203.0.113.9", &["www.example.com"], 443, Some("host"));
        check("198.51.100.1", &[], 5432, Some("port"));
        check("203.0.113.9", &[], 5432, Some("block and port"));
    }

    #[test]
    fn names_that_are_not_all_under_a_host_are_not_its() {
        check("198.51.100.1", &["notexample.com"], 443, None);
        check("198.51.100.1", &["example.com", "example.org"], 443, None);
        check("198.51.100.1", &["a.example.com", "b.example.com", "c.example.com", "d.example.com"], 443, Some("host"));
        check("198.51.100.1", &["a.example.com", "b.example.com", "c.example.com", "d.example.org"], 443, None);
    }
}
