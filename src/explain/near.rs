//! What may have been meant by a subject that is none.

use super::{Trail, clients, services, vpcs};
use crate::report::Report;

/// Names shown at most.
const SHOWN: usize = 5;

/// Names that hold the subject, are held by it, or differ from it in a letter or two; a gateway's Name tag stands for its id.
pub(super) fn near(subject: &str, report: &Report, trail: &Trail) -> Vec<String> {
    let ids = report.nat_gateways.iter().map(|g| (g.nat_gateway_id.as_str(), g.nat_gateway_id.as_str()));
    let names = report.nat_gateways.iter().filter_map(|g| Some((g.name.as_deref()?, g.nat_gateway_id.as_str())));
    let others = vpcs(report).into_iter().chain(services(report)).chain(clients(report, trail));
    let all = ids.chain(names).chain(others.map(|name| (name, name)));
    let mut found: Vec<(usize, &str)> =
        all.filter_map(|(name, id)| Some((distance(&lower(subject), &lower(name))?, id))).collect();
    found.sort_unstable();
    let mut near: Vec<String> = Vec::new();
    for (_, id) in found {
        if near.len() < SHOWN && !near.iter().any(|seen| seen == id) {
            near.push(id.to_owned());
        }
    }
    near
}

fn lower(text: &str) -> Vec<char> {
    text.to_lowercase().chars().collect()
}

/// How far a name is from what was typed; `None` where it is no help.
fn distance(typed: &[char], name: &[char]) -> Option<usize> {
    if typed.is_empty() {
        return None;
    }
    let holds = |long: &[char], short: &[char]| short.len() > 2 && long.windows(short.len()).any(|part| part == short);
    if holds(name, typed) || holds(typed, name) {
        return Some(name.len().abs_diff(typed.len()).min(2));
    }
    let limit = if typed.len() > 5 { 2 } else { 1 };
    (name.len().abs_diff(typed.len()) <= limit).then(|| edits(typed, name)).filter(|&n| n <= limit)
}

/// Letters to change, add or drop between two texts.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, name: &str, expect: Option<usize>) {
        assert_eq!(distance(&lower(typed), &lower(name)), expect, "{typed} and {name}");
    }

    #[test]
    fn slips_are_near_and_strangers_are_not() {
        check("dynamo", "dynamodb", Some(2));
        check("S3", "s3", Some(0));
        check("dynamobd", "dynamodb", Some(2));
        check("nat-0a1", "nat-0a11111111111111a", Some(2));
        check("sqs", "sns", Some(1));
        check("sqs", "kms", None);
        check("ec", "ecr.dkr", None);
        check("", "s3", None);
        check("10.0.0.12", "10.0.0.13", Some(1));
    }
}
