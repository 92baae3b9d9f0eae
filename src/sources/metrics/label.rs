//! What a result is of: product contract 1 says that its `Label` names it, else its `Id` with `_` for `-`.

/// One series: what it measures, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Series {
    /// `nat-...` or `vpce-...`.
    pub resource: String,
    /// What is measured.
    pub metric: Metric,
    /// Zone of a regional gateway, subnet of an endpoint; empty for the whole.
    pub part: String,
}

/// The metrics that tell what AWS bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Metric {
    FromSource,
    FromDestination,
    Processed,
}

impl Metric {
    /// AWS's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FromSource => "BytesInFromSource",
            Self::FromDestination => "BytesInFromDestination",
            Self::Processed => "BytesProcessed",
        }
    }
}

const WANTED: [Metric; 3] = [Metric::FromSource, Metric::FromDestination, Metric::Processed];

/// Metrics of the two namespaces that say nothing about billed bytes. Sources: AWS, NAT gateway and PrivateLink metrics.
const OTHERS: [&str; 18] = [
    "BytesOutToSource",
    "BytesOutToDestination",
    "PacketsInFromSource",
    "PacketsInFromDestination",
    "PacketsOutToSource",
    "PacketsOutToDestination",
    "PacketsDropCount",
    "ConnectionAttemptCount",
    "ConnectionEstablishedCount",
    "IdleTimeoutCount",
    "ErrorPortAllocation",
    "ActiveConnectionCount",
    "PeakBytesPerSecond",
    "PeakPacketsPerSecond",
    "ActiveConnections",
    "NewConnections",
    "PacketsDropped",
    "RstPacketsReceived",
];

/// What a label and an id tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Series(Series),
    /// Another metric of a gateway or an endpoint.
    OtherMetric,
    /// Nothing that can be used, and why.
    Unclear(&'static str),
}

/// Each of resource, metric and zone comes from the label, else from the id.
pub(super) fn meaning(label: &str, id: &str) -> Meaning {
    let texts = [label.to_owned(), id.replace('_', "-")];
    let found = texts.each_ref().map(|text| Found::of(text));
    let Some(resource) = found.iter().find_map(|found| found.resource.clone()) else {
        return Meaning::Unclear("names neither a NAT gateway nor an endpoint");
    };
    let metric = found.iter().find_map(|found| found.metric);
    let part = found.iter().find_map(|found| found.part.clone()).unwrap_or_default();
    match metric {
        Some(Ok(metric)) if (metric == Metric::Processed) == resource.starts_with("vpce-") => {
            Meaning::Series(Series { resource, metric, part })
        }
        Some(Ok(_)) => Meaning::Unclear("names a metric of another namespace than its resource"),
        Some(Err(())) => Meaning::OtherMetric,
        None => Meaning::Unclear("names no metric of NAT gateways or PrivateLink endpoints"),
    }
}

/// What one text names; a thing that it names twice over, differently, it does not name.
struct Found {
    resource: Option<String>,
    /// An error for a metric that is known and not wanted.
    metric: Option<Result<Metric, ()>>,
    part: Option<String>,
}

impl Found {
    fn of(text: &str) -> Self {
        let mut rest = text.to_owned();
        let resource = only(take(&mut rest, &["nat-", "vpce-"]));
        let subnet = only(take(&mut rest, &["subnet-"]));
        let wanted: Vec<Metric> = WANTED.into_iter().filter(|metric| take_word(&mut rest, metric.name())).collect();
        let other = OTHERS.iter().filter(|name| take_word(&mut rest, name)).count() > 0;
        let metric = match wanted[..] {
            [metric] if !other => Some(Ok(metric)),
            [] if other => Some(Err(())),
            _ => None,
        };
        let words = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').map(|word| word.trim_matches('-'));
        let zone = words.filter(|word| is_zone(word)).map(str::to_owned).collect();
        Self { resource, metric, part: subnet.or_else(|| only(zone)) }
    }
}

fn only(mut names: Vec<String>) -> Option<String> {
    names.dedup();
    if names.len() == 1 { names.pop() } else { None }
}

/// Takes the ids with these prefixes out of a text.
fn take(text: &mut String, prefixes: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for prefix in prefixes {
        let mut from = 0;
        while let Some(at) = text[from..].find(prefix).map(|at| at + from) {
            let digits = text[at + prefix.len()..].bytes().take_while(u8::is_ascii_hexdigit).count();
            let end = at + prefix.len() + digits;
            let apart = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric())
                && !text[end..].starts_with(|c: char| c.is_ascii_alphanumeric());
            if apart && digits > 0 {
                found.push(text[at..end].to_owned());
                text.replace_range(at..end, " ");
            }
            from = at + 1;
        }
    }
    found
}

/// Takes a word out of a text, in any case: ids often are in lower case.
fn take_word(text: &mut String, word: &str) -> bool {
    let (lower, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let found = lower.match_indices(&word).find(|(at, word)| {
        !lower[..*at].ends_with(|c: char| c.is_ascii_alphanumeric())
            && !lower[at + word.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
    });
    let at = found.map(|(at, _)| at);
    if let Some(at) = at {
        text.replace_range(at..at + word.len(), " ");
    }
    at.is_some()
}

/// `use1-az1`, or `us-east-1a` and its longer like.
fn is_zone(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let groups: Vec<&str> = word.split('-').collect();
    let Some((last, before)) = groups.split_last() else { return false };
    if let Some(number) = last.strip_prefix("az") {
        return digits(number) && before.last().is_some_and(|group| group.ends_with(|c: char| c.is_ascii_digit()));
    }
    let letters = |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_lowercase());
    let numbered = last.strip_suffix(|c: char| c.is_ascii_lowercase()).is_some_and(digits);
    numbered && before.len() >= 2 && letters(&before[0]) && letters(&before[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(label: &str, id: &str, expect: Option<(&str, Metric, &str)>) {
        let expect = expect.map(|(resource, metric, part)| Series {
            resource: resource.to_owned(),
            metric,
            part: part.to_owned(),
        });
        let found = match meaning(label, id) {
            Meaning::Series(series) => Some(series),
            _ => None,
        };
        assert_eq!(found, expect, "{label} / {id}");
    }

    #[test]
    fn labels_name_it_else_ids() {
        use Metric::{FromDestination, FromSource, Processed};
        let nat = "nat-0a1b2c3d4e5f60718";
        check("nat-0a1b2c3d4e5f60718 BytesInFromSource", "q1", Some((nat, FromSource, "")));
        check("BytesInFromDestination (nat-0a1b2c3d4e5f60718)", "q1", Some((nat, FromDestination, "")));
        check("nat-0a1b2c3d4e5f60718/use1-az1/BytesInFromSource", "q1", Some((nat, FromSource, "use1-az1")));
        check("nat-0a1b2c3d4e5f60718 us-east-1a BytesInFromSource", "q1", Some((nat, FromSource, "us-east-1a")));
        check(
            "nat-0a1b2c3d4e5f60718 us-west-2-lax-1a BytesInFromSource",
            "",
            Some((nat, FromSource, "us-west-2-lax-1a")),
        );
        check("BytesInFromSource", "nat_0a1b2c3d4e5f60718", Some((nat, FromSource, "")));
        check("", "nat_0a1b2c3d4e5f60718_bytesinfromsource", Some((nat, FromSource, "")));
        check("", "m_nat_0a1b2c3d4e5f60718_euw1_az2_BytesInFromDestination", Some((nat, FromDestination, "euw1-az2")));
        check("us-east-1 nat-0a1b2c3d BytesInFromSource", "", Some(("nat-0a1b2c3d", FromSource, "")));
        check("BytesProcessed", "vpce_0abc", Some(("vpce-0abc", Processed, "")));
        check("vpce-0abc subnet-0def BytesProcessed", "x", Some(("vpce-0abc", Processed, "subnet-0def")));
    }

    #[test]
    fn what_is_not_clear_is_not_guessed() {
        for (label, id) in [
            ("", ""),
            ("BytesInFromSource", "q1"),
            ("nat-0abc", "q1"),
            ("nat-0abc CPUUtilization", "q1"),
            ("nat-0abc BytesProcessed", "q1"),
            ("vpce-0abc BytesInFromSource", "q1"),
            ("nat-0abc nat-0def BytesInFromSource", "q1"),
            ("nat-0abc BytesInFromSource BytesInFromDestination", "q1"),
            ("cognat-0abc BytesInFromSource", "q1"),
            ("nat- BytesInFromSource", "q1"),
            ("i-0abc NetworkIn", "q1"),
        ] {
            check(label, id, None);
            assert!(matches!(meaning(label, id), Meaning::Unclear(_)), "{label}");
        }
        assert_eq!(meaning("nat-0abc BytesOutToSource", "q"), Meaning::OtherMetric);
        assert_eq!(meaning("ActiveConnections", "vpce_0abc"), Meaning::OtherMetric);
    }

    #[test]
    fn zones_have_their_form() {
        for zone in ["use1-az1", "us-east-1a", "us-gov-east-1b", "us-west-2-lax-1a", "usw2-lax1-az1"] {
            assert!(is_zone(zone), "{zone}");
        }
        for other in ["", "az1", "us-east-1", "a-1b", "sum", "1a", "é-az1"] {
            assert!(!is_zone(other), "{other}");
        }
    }
}
