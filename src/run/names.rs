//! Resolver logs on their way to names: what clients asked for, and what stays without a name.

use super::Plan;
use super::dns::{DEFAULT_MEMORY, DnsAnswers, DnsError, DnsPlan, read_dns};
use crate::attribute::Attributed;
use crate::diag::{Code, Warnings};
use crate::model::bytes::Bytes;
use crate::model::memory::Memory;
use crate::name::asked::{Answers, PrivateAnswer, Requests};
use crate::name::{Meaning, Namer};
use crate::report::{InputRow, TrafficRow, is_unnamed_aws};
use std::collections::{BTreeMap, BTreeSet};

/// What Resolver logs say of the counted rows.
#[derive(Debug)]
pub(super) struct DnsNames {
    /// By row.
    pub(super) answers: Answers<Meaning>,
    /// Public services' names that led to private addresses: an endpoint is there, and works.
    private: Vec<PrivateAnswer>,
    /// VPCs whose queries are known.
    pub(super) logged: BTreeSet<String>,
}

impl DnsNames {
    /// VPC and service of every name that leads to an endpoint.
    pub(super) fn services(&self, namer: &Namer) -> BTreeSet<(String, String)> {
        let service = |answer: &PrivateAnswer| Some((answer.vpc.clone(), namer.host(&answer.name).service?.to_owned()));
        self.private.iter().filter_map(service).collect()
    }
}

/// What Resolver queries may take in memory: past it they go to temporary files, so that a quarter of the limit is enough.
pub(super) fn memory(plan: &Plan) -> usize {
    let quarter = |limit: Memory| usize::try_from(limit.bytes() / 4).unwrap_or(usize::MAX);
    if plan.inputs.dns.is_empty() {
        return 0;
    }
    plan.memory_limit.map_or(DEFAULT_MEMORY, |limit| quarter(limit).min(DEFAULT_MEMORY))
}

/// Reads the Resolver logs, if there are any.
pub(super) fn read(
    plan: &Plan,
    requests: Option<&Requests>,
    namer: &Namer,
    rows: &mut Vec<InputRow>,
    warnings: &mut Warnings,
) -> Result<Option<DnsNames>, DnsError> {
    let Some(requests) = requests else { return Ok(None) };
    let is_public = |name: &str| namer.host(name).service.is_some();
    let dns = DnsPlan { requests, is_public: &is_public, memory: memory(plan), threads: plan.threads };
    let log = read_dns(&plan.dns(), &dns, rows, warnings, &mut |_| {})?;
    let DnsAnswers { answers, logged, private, private_left_out } = log.answer(|name| namer.meaning(name))?;
    warnings.add_counted(Code::PrivateAnswersLeftOut, private_left_out, format!("{private_left_out} private answers"));
    Ok(Some(DnsNames { answers, private, logged }))
}

/// Says what has several names, and what stays without one and would get one.
pub(super) fn warn(names: Option<&DnsNames>, attributed: &Attributed, traffic: &[TrafficRow], warnings: &mut Warnings) {
    let ambiguous = attributed.ambiguous;
    let what = format!("{} rows of {} bytes", ambiguous.records, ambiguous.bytes);
    warnings.add_counted(Code::AmbiguousNames, ambiguous.records, what);
    let mut unnamed: BTreeMap<&str, Bytes> = BTreeMap::new();
    let none = BTreeSet::new();
    let known = names.map_or(&none, |names| &names.logged);
    for row in traffic.iter().filter(|row| is_unnamed_aws(row, known)) {
        let vpc = row.vpc_id.as_deref().unwrap_or("clients in an unknown VPC");
        *unnamed.entry(vpc).or_default() += row.upload_bytes + row.download_bytes;
    }
    let mut largest: Vec<_> = unnamed.into_iter().collect();
    largest.sort_by_key(|(vpc, bytes)| (std::cmp::Reverse(*bytes), *vpc));
    for (vpc, bytes) in largest {
        let logged = names.is_some_and(|names| names.logged.contains(vpc));
        let code = if logged { Code::UnnamedDespiteDns } else { Code::UnnamedTraffic };
        warnings.add(code, format!("{vpc}: {bytes} bytes"));
    }
}
