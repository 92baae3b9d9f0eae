//! Third parties that offer their services over AWS `PrivateLink` themselves: `data/privatelink-partners.txt`, whose head
//! explains its columns. An endpoint to them is a contract with them, so it is said that there is one, never priced.

use std::sync::LazyLock;

const BUILT_IN: &str = include_str!("../../../data/privatelink-partners.txt");

static PARTNERS: LazyLock<Vec<Partner>> = LazyLock::new(|| parse(BUILT_IN));

/// A third party with endpoint services of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partner {
    /// The registrable domain of the hosts that clients call.
    pub domain: &'static str,
    /// Who offers it.
    pub offered_by: &'static str,
    /// The page that says so.
    pub source: &'static str,
}

/// The third party whose registrable domain this is.
#[must_use]
pub fn find(domain: &str) -> Option<&'static Partner> {
    let partners = &*PARTNERS;
    partners.binary_search_by(|partner| partner.domain.cmp(domain)).ok().map(|at| &partners[at])
}

/// All of them, by domain.
pub fn all() -> impl Iterator<Item = &'static Partner> {
    PARTNERS.iter()
}

/// Lines that are not understood are left out; a test holds that the built-in text has none.
fn parse(text: &'static str) -> Vec<Partner> {
    let mut partners: Vec<Partner> = text.lines().filter(|line| !line.starts_with('#')).filter_map(partner).collect();
    partners.sort_by_key(|partner| partner.domain);
    partners
}

fn partner(line: &'static str) -> Option<Partner> {
    let (domain, rest) = line.split_once(' ')?;
    let (source, offered_by) = rest.split_once(' ')?;
    Some(Partner { domain, offered_by, source })
}

#[cfg(test)]
mod tests {
    use super::super::HostTable;
    use super::*;

    #[test]
    fn every_line_is_understood_and_every_domain_stands_once_and_is_registrable() {
        let lines = BUILT_IN.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(all().count(), lines);
        assert!(lines > 20, "the table was not found");
        let table = HostTable::new();
        let mut previous = "";
        for partner in all() {
            assert!(partner.domain > previous, "{} stands twice", partner.domain);
            previous = partner.domain;
            assert_eq!(table.name(partner.domain).domain.as_deref(), Some(partner.domain));
            assert_eq!(table.name(&format!("a.b.{}", partner.domain)).partner(), Some(partner));
            assert!(partner.source.starts_with("https://") && !partner.offered_by.is_empty(), "{partner:?}");
        }
    }

    #[test]
    fn others_are_not_partners() {
        for domain in ["example.com", "amazonaws.com", "datadoghq.com.example.com", "com", "", "DATADOGHQ.COM"] {
            assert_eq!(find(domain), None, "{domain}");
        }
        assert_eq!(find("datadoghq.com").map(|partner| partner.offered_by), Some("Datadog"));
    }
}
