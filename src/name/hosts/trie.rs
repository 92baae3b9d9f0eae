//! Patterns of host names, found by labels from the right. Where several fit, the one that says more labels exactly wins:
//! at each label a literal is tried before a Region, a Region before a part of a label, and `*` last.

use crate::model::region;
use hashbrown::HashMap;
use std::cmp::Reverse;

/// Patterns of host names with a value each.
///
/// A label of a pattern is a literal; `{r}`, a Region; `s3-{r}`, a Region after a literal; `?`, any one label; `a*b`, one label
/// that begins and ends so with something between; or, as the first label only, `*`: one or more labels.
#[derive(Clone, Debug)]
pub(super) struct Trie<T> {
    nodes: Vec<Node>,
    values: Vec<T>,
}

/// What was found, as parts of the host name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'t, 'h, T> {
    pub(super) value: &'t T,
    /// What stands where the pattern says `{r}`.
    pub(super) region: Option<&'h str>,
    /// What stands where the pattern begins with `*`; empty where it does not.
    pub(super) rest: &'h str,
}

#[derive(Clone, Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, usize>,
    region: Option<usize>,
    /// What stands before a Region in the same label, and the node; the longest first, because `fips-us-east-1` has the form
    /// of a Region name too.
    before_region: Vec<(Box<str>, usize)>,
    /// What a label begins and ends with, and the node.
    parts: Vec<(Box<str>, Box<str>, usize)>,
    one: Option<usize>,
    /// Value of the pattern that ends here.
    end: Option<usize>,
    /// Value of the pattern that goes on with `*`.
    rest: Option<usize>,
}

impl<T> Trie<T> {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()], values: Vec::new() }
    }

    /// Adds a pattern in lower case. The first of two equal patterns stays.
    pub(super) fn insert(&mut self, pattern: &str, value: T) {
        let (pattern, open) = match pattern.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (pattern, false),
        };
        let at = self.node(pattern);
        let slot = if open { &mut self.nodes[at].rest } else { &mut self.nodes[at].end };
        if slot.is_none() {
            *slot = Some(self.values.len());
            self.values.push(value);
        }
    }

    /// Names that end in `own` have from now on the patterns, present and future, of names that end in `common`.
    pub(super) fn alias(&mut self, common: &str, own: &str) {
        let target = self.node(common);
        let (label, above) = own.split_once('.').unwrap_or((own, ""));
        let parent = if above.is_empty() { 0 } else { self.node(above) };
        self.nodes[parent].literals.insert(label.into(), target);
    }

    /// The most specific pattern that the host name fits. The name is in lower case and has no empty label.
    pub(super) fn find<'h>(&self, host: &'h str) -> Option<Found<'_, 'h, T>> {
        let (value, region, rest) = self.walk(0, host, None)?;
        Some(Found { value: self.values.get(value)?, region, rest })
    }

    /// Goes no deeper than the longest pattern, however many labels the name has.
    fn walk<'h>(&self, at: usize, host: &'h str, region: Option<&'h str>) -> Option<(usize, Option<&'h str>, &'h str)> {
        let node = &self.nodes[at];
        if host.is_empty() {
            return node.end.map(|value| (value, region, ""));
        }
        let (left, label) = host.rsplit_once('.').unwrap_or(("", host));
        if let Some(found) = node.literals.get(label).and_then(|next| self.walk(*next, left, region)) {
            return Some(found);
        }
        let in_region = node.region.filter(|_| region::is_region_name(label));
        if let Some(found) = in_region.and_then(|next| self.walk(next, left, Some(label))) {
            return Some(found);
        }
        for (before, next) in &node.before_region {
            let named = label.strip_prefix(&**before).filter(|rest| region::is_region_name(rest));
            if let Some(found) = named.and_then(|named| self.walk(*next, left, Some(named))) {
                return Some(found);
            }
        }
        for (before, after, next) in &node.parts {
            let inner = label.strip_prefix(&**before).and_then(|rest| rest.strip_suffix(&**after));
            if let Some(found) = inner.filter(|i| !i.is_empty()).and_then(|_| self.walk(*next, left, region)) {
                return Some(found);
            }
        }
        let one = node.one.and_then(|next| self.walk(next, left, region));
        one.or_else(|| node.rest.map(|value| (value, region, host)))
    }

    /// The node of a pattern without `*.` before it; made if there is none.
    fn node(&mut self, pattern: &str) -> usize {
        let mut at = 0;
        for label in pattern.rsplit('.') {
            let fresh = self.nodes.len();
            let node = &mut self.nodes[at];
            at = if label == "{r}" {
                *node.region.get_or_insert(fresh)
            } else if label == "?" {
                *node.one.get_or_insert(fresh)
            } else if let Some(before) = label.strip_suffix("{r}") {
                let known = node.before_region.iter().find(|(b, _)| **b == *before).map(|(_, next)| *next);
                known.unwrap_or_else(|| {
                    node.before_region.push((before.into(), fresh));
                    node.before_region.sort_by_key(|(before, _)| Reverse(before.len()));
                    fresh
                })
            } else if let Some((before, after)) = label.split_once('*') {
                let known = node.parts.iter().find(|(b, a, _)| **b == *before && **a == *after).map(|(.., next)| *next);
                known.unwrap_or_else(|| {
                    node.parts.push((before.into(), after.into(), fresh));
                    node.parts.sort_by_key(|(before, after, _)| Reverse(before.len() + after.len()));
                    fresh
                })
            } else {
                *node.literals.entry(label.into()).or_insert(fresh)
            };
            if at == fresh {
                self.nodes.push(Node::default());
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host name; pattern, Region (`-` for none) and what `*` stands for.
    type Case<'a> = (&'a str, Option<(&'a str, &'a str, &'a str)>);

    fn check(patterns: &[&'static str], cases: &[Case<'_>]) {
        let mut trie = Trie::new();
        for pattern in patterns {
            trie.insert(pattern, *pattern);
        }
        trie.alias("test", "test.cn");
        for (host, expect) in cases {
            let found = trie.find(host).map(|f| (*f.value, f.region.unwrap_or("-"), f.rest));
            assert_eq!(found, *expect, "{host}");
        }
    }

    #[test]
    fn each_kind_of_label_is_found() {
        check(
            &["a.{r}.test", "*.s3.{r}.test", "*.s3-{r}.test", "c-*.{r}.test", "*-ats.i.test", "?.i.test", "*.x.test"],
            &[
                ("a.us-east-1.test", Some(("a.{r}.test", "us-east-1", ""))),
                ("a.us-east-1a.test", None),
                ("b.a.us-east-1.test", None),
                ("us-east-1.test", None),
                ("my.own.s3.us-east-1.test", Some(("*.s3.{r}.test", "us-east-1", "my.own"))),
                ("s3.us-east-1.test", None),
                ("b.s3-us-west-2.test", Some(("*.s3-{r}.test", "us-west-2", "b"))),
                ("b.s3-elsewhere.test", None),
                ("c-1.us-east-1.test", Some(("c-*.{r}.test", "us-east-1", ""))),
                ("c-.us-east-1.test", None),
                ("p-ats.i.test", Some(("*-ats.i.test", "-", ""))),
                ("-ats.i.test", Some(("?.i.test", "-", ""))),
                ("p.i.test", Some(("?.i.test", "-", ""))),
                ("q.p.i.test", None),
                ("a.us-east-1.test.cn", Some(("a.{r}.test", "us-east-1", ""))),
                ("a.us-east-1.cn", None),
                ("test", None),
                ("x.test", None),
                ("é.x.test", Some(("*.x.test", "-", "é"))),
            ],
        );
    }

    #[test]
    fn the_most_specific_pattern_wins_whatever_was_added_first() {
        let cases = [
            ("b.s3.test", Some(("*.s3.test", "-", "b"))),
            ("s3.us-east-1.test", Some(("s3.{r}.test", "us-east-1", ""))),
            ("s3.dualstack.us-east-1.test", Some(("s3.dualstack.{r}.test", "us-east-1", ""))),
            ("b.s3.dualstack.us-east-1.test", Some(("*.{r}.test", "us-east-1", "b.s3.dualstack"))),
            ("us-east-1.s3.test", Some(("*.s3.test", "-", "us-east-1"))),
            // A literal that leads nowhere does not hide what else fits.
            ("x.dualstack.us-east-1.test", Some(("*.{r}.test", "us-east-1", "x.dualstack"))),
            ("else.test", Some(("*.test", "-", "else"))),
            // The longer part of a label says more.
            ("s3-fips-us-east-1.test", Some(("s3-fips-{r}.test", "us-east-1", ""))),
            ("s3-us-east-1.test", Some(("s3-{r}.test", "us-east-1", ""))),
            ("ab-c.test", Some(("ab*.test", "-", ""))),
            ("ac.test", Some(("a*.test", "-", ""))),
        ];
        let mut patterns = [
            "*.test",
            "*.s3.test",
            "*.{r}.test",
            "s3.{r}.test",
            "s3.dualstack.{r}.test",
            "s3-{r}.test",
            "s3-fips-{r}.test",
            "a*.test",
            "ab*.test",
        ];
        check(&patterns, &cases);
        patterns.reverse();
        check(&patterns, &cases);
    }

    #[test]
    fn the_first_of_two_equal_patterns_stays() {
        let mut trie = Trie::new();
        trie.insert("a.test", 1);
        trie.insert("a.test", 2);
        assert_eq!(trie.find("a.test").map(|found| *found.value), Some(1));
    }
}
