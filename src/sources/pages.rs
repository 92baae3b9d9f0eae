//! Answers of AWS come in pages, and each but the last names the next one. What of an answer is here is told from that alone:
//! whose a page is, a page does not say.

use std::collections::{BTreeMap, BTreeSet};

/// What a page's things belong to, as far as they say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// Things in a VPC.
    Vpc(String),
    /// Things in a Region.
    Region(String),
}

/// What is known of a VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    /// Its Region.
    pub region: Option<String>,
    /// Its owner's account.
    pub account: Option<String>,
}

/// A page of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Page {
    /// The file that it is in.
    pub file: String,
    /// What it is about; empty where nothing says.
    pub about: BTreeSet<About>,
}

/// The pages of every call, by folder: an answer is kept in one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages(BTreeMap<(String, String), Seen>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Pages that name a next one.
    open: BTreeSet<Page>,
    /// Pages that name none.
    last: BTreeSet<Page>,
}

/// Which pages an object of pages holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// One that names a next page.
    pub open: bool,
    /// One that names none.
    pub last: bool,
}

impl Ends {
    /// Adds a page.
    pub const fn see(&mut self, goes_on: bool) {
        self.open |= goes_on;
        self.last |= !goes_on;
    }
}

/// Whether a token names a next page: at the end it is missing, null or empty.
#[must_use]
pub fn goes_on(token: Option<&str>) -> bool {
    token.is_some_and(|token| !token.is_empty())
}

impl Pages {
    /// Adds a page of a call's answer (`RouteTables`, `get-metric-data`).
    pub fn add(&mut self, call: &str, page: Page, goes_on: bool) {
        let folder = page.file.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder).to_owned();
        let seen = self.0.entry((folder, call.to_owned())).or_default();
        if goes_on {
            seen.open.insert(page)
        } else {
            seen.last.insert(page)
        };
    }

    /// Adds an object with pages of a call that tell nothing of what they are about.
    pub fn add_object(&mut self, call: &str, file: &str, ends: Ends) {
        for goes_on in [ends.open.then_some(true), ends.last.then_some(false)].into_iter().flatten() {
            self.add(call, Page { file: file.to_owned(), about: BTreeSet::new() }, goes_on);
        }
    }

    /// Whether there is a page of this call.
    #[must_use]
    pub fn has(&self, call: &str) -> bool {
        self.0.keys().any(|(_, known)| known == call)
    }

    /// Adds the pages of other files.
    pub fn merge(&mut self, other: Self) {
        for (key, seen) in other.0 {
            let into = self.0.entry(key).or_default();
            into.open.extend(seen.open);
            into.last.extend(seen.last);
        }
    }

    /// Files with a page that goes on while no last page can be its answer's, with the call: sorted, each once. A last page can
    /// be if it is of the same call, in the same folder, and of no other Region; in another file, of no other account either.
    pub fn unfinished(&self, home: impl Fn(&str) -> Home) -> Vec<(String, String)> {
        let mut found = BTreeSet::new();
        for ((_, call), seen) in self.0.iter().filter(|(_, seen)| !seen.open.is_empty()) {
            let last: Vec<(&Page, Places)> = seen.last.iter().map(|page| (page, Places::of(page, &home))).collect();
            for page in &seen.open {
                let places = Places::of(page, &home);
                let ends = |(last, of_last): &(&Page, Places)| {
                    may_be_same(&places.regions, &of_last.regions)
                        && (page.file == last.file || may_be_same(&places.accounts, &of_last.accounts))
                };
                if !last.iter().any(ends) {
                    found.insert((page.file.clone(), call.clone()));
                }
            }
        }
        found.into_iter().collect()
    }
}

/// Where a page's things are.
struct Places {
    regions: BTreeSet<String>,
    accounts: BTreeSet<String>,
}

impl Places {
    fn of(page: &Page, home: &impl Fn(&str) -> Home) -> Self {
        let mut places = Self { regions: BTreeSet::new(), accounts: BTreeSet::new() };
        for about in &page.about {
            match about {
                About::Region(region) => drop(places.regions.insert(region.clone())),
                About::Vpc(vpc) => {
                    let Home { region, account } = home(vpc);
                    places.regions.extend(region);
                    places.accounts.extend(account);
                }
            }
        }
        places
    }
}

/// What is not told may be the same.
fn may_be_same(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    one.is_empty() || other.is_empty() || !one.is_disjoint(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages as file, VPC and whether they go on; the files in which something is missing.
    fn check(situation: &str, pages: &[(&str, &str, bool)], expect: &[&str]) {
        let mut all = Pages::default();
        for (file, vpc, goes_on) in pages {
            let about = Some(*vpc).filter(|vpc| !vpc.is_empty()).map(|vpc| About::Vpc(vpc.to_owned()));
            let (mut one, file) = (Pages::default(), (*file).to_owned());
            one.add("Subnets", Page { file, about: about.into_iter().collect() }, *goes_on);
            all.merge(one);
        }
        // `vpc-REGION-ACCOUNT`
        let part = |vpc: &str, at: usize| vpc.split('-').nth(at).map(str::to_owned);
        let found = all.unfinished(|vpc| Home { region: part(vpc, 1), account: part(vpc, 2) });
        let found: Vec<&str> = found.iter().map(|(file, _)| file.as_str()).collect();
        assert_eq!(found, expect, "{situation}");
    }

    #[test]
    fn a_page_that_goes_on_needs_a_last_one() {
        check("whole", &[("a", "vpc-east-1", false)], &[]);
        check("cut", &[("x/a", "vpc-east-1", true)], &["x/a"]);
        check("two of three", &[("x/a", "", true), ("x/b", "", true)], &["x/a", "x/b"]);
        check("its last page beside it", &[("x/a", "vpc-east-1", true), ("x/b", "vpc-east-1", false)], &[]);
        check("an empty one", &[("x/a", "vpc-east-1", true), ("x/b", "", false)], &[]);
        check("in another folder", &[("x/a", "vpc-east-1", true), ("y/b", "vpc-east-1", false)], &["x/a"]);
        check("of another Region", &[("a", "vpc-east-1", true), ("b", "vpc-west-1", false)], &["a"]);
        check("of another account", &[("a", "vpc-east-1", true), ("b", "vpc-east-2", false)], &["a"]);
        check("a shared VPC in the same file", &[("a", "vpc-east-1", true), ("a", "vpc-east-2", false)], &[]);
        check("of nobody known", &[("a", "vpc", true), ("b", "vpc-east-2", false)], &[]);
    }

    #[test]
    fn a_token_at_the_end_is_none() {
        assert_eq!([None, Some(""), Some("x")].map(goes_on), [false, false, true]);
    }
}
