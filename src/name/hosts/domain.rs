//! The registrable domain of a host name: who is behind it, as far as a name tells.

use psl::{List, Psl, Type};

/// Entries of the private section of the public suffix list that are registries themselves: whoever is behind a name below
/// them has the domain below them, not the registry.
const REGISTRIES: &[&str] = &[
    "ae.org", "br.com", "cn.com", "co.com", "com.de", "com.se", "de.com", "eu.com", "eu.org", "gb.net", "hu.net",
    "in.net", "jp.net", "jpn.com", "mex.com", "ru.com", "sa.com", "se.net", "uk.com", "uk.net", "us.com", "us.org",
    "za.bz", "za.com",
];

/// The registrable domain: one label more than the public suffix. `None` for an address in place of a name, and for a name
/// that is a public suffix itself.
///
/// Only the suffixes of registries count, not those of hosting services (the list's private section): of
/// `d111.cloudfront.net`, `github.io` and `x.blob.core.windows.net` the owner is wanted, who is one row in a report, not
/// each of his customers. A top-level domain that the list does not know counts as a suffix (`db.corp.internal` is
/// `corp.internal`), as the list's own rules say.
///
/// The name is in lower case, without a dot at its end and without empty labels; international names are taken as they are
/// written, in letters or in punycode.
pub(super) fn registrable(host: &str) -> Option<&str> {
    let last = host.rsplit('.').next()?;
    if last.bytes().all(|b| b.is_ascii_digit()) || host.contains(':') {
        return None;
    }
    let mut below = host;
    let suffix = loop {
        let found = List.suffix(below.as_bytes())?;
        let suffix = below.get(below.len().checked_sub(found.as_bytes().len())?..)?;
        if found.typ() != Some(Type::Private) || REGISTRIES.contains(&suffix) {
            break suffix;
        }
        // The rule of a registry that holds above this one.
        below = suffix.split_once('.')?.1;
    };
    let left = host.get(..host.len() - suffix.len())?.strip_suffix('.')?;
    let start = left.rfind('.').map_or(0, |dot| dot + 1);
    host.get(start..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&str, Option<&str>)]) {
        for (host, expect) in cases {
            assert_eq!(registrable(host), *expect, "{host}");
        }
    }

    #[test]
    fn a_domain_is_one_label_more_than_its_suffix() {
        check(&[
            ("api.datadoghq.com", Some("datadoghq.com")),
            ("datadoghq.com", Some("datadoghq.com")),
            ("www.example.co.uk", Some("example.co.uk")),
            ("a.b.example.com.au", Some("example.com.au")),
            ("example.amazonaws.com.cn", Some("amazonaws.com.cn")),
            // A rule with a wildcard, and an exception from it.
            ("a.b.c.ck", Some("b.c.ck")),
            ("a.www.ck", Some("www.ck")),
            ("db.corp.internal", Some("corp.internal")),
        ]);
    }

    #[test]
    fn customers_of_a_hosting_service_are_its_own() {
        check(&[
            ("d111111abcdef8.cloudfront.net", Some("cloudfront.net")),
            ("cloudfront.net", Some("cloudfront.net")),
            ("someone.github.io", Some("github.io")),
            ("account.blob.core.windows.net", Some("windows.net")),
            ("app.herokuapp.com", Some("herokuapp.com")),
            ("bucket.storage.googleapis.com", Some("googleapis.com")),
            ("x.eu-west-1.elb.amazonaws.com", Some("amazonaws.com")),
            ("ec2-198-51-100-7.compute-1.amazonaws.com", Some("amazonaws.com")),
        ]);
    }

    #[test]
    fn registries_in_the_private_section_are_registries() {
        for registry in REGISTRIES {
            let suffix = List.suffix(registry.as_bytes()).expect("in the list");
            assert_eq!(suffix.as_bytes(), registry.as_bytes());
            assert_eq!(suffix.typ(), Some(Type::Private), "{registry}");
        }
        check(&[("www.example.uk.com", Some("example.uk.com")), ("a.example.eu.org", Some("example.eu.org"))]);
    }

    #[test]
    fn international_names_stay_as_they_are_written() {
        check(&[
            ("www.xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("www.bücher.de", Some("bücher.de")),
            ("www.食狮.公司.cn", Some("食狮.公司.cn")),
            ("www.xn--85x722f.xn--55qx5d.cn", Some("xn--85x722f.xn--55qx5d.cn")),
        ]);
    }

    #[test]
    fn what_has_no_owner_has_none() {
        check(&[
            ("com", None),
            ("co.uk", None),
            ("localhost", None),
            ("192.0.2.1", None),
            ("2001:db8::1", None),
            ("1", None),
            ("uk.com", None),
        ]);
    }
}
