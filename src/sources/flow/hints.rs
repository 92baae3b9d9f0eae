//! Which layout a log without a header line has. Owns the order of evidence; reads no files.

use super::detect;
use super::error::ReadError;
use super::layout::{Field, Layout};
use super::record::{self, Action, Cell, Status};
use crate::sources::objects::SourceName;

/// A flow log's format as `describe-flow-logs` tells it.
#[derive(Clone, Debug)]
pub struct KnownLayout {
    /// `FlowLogId`: `fl-...`.
    pub flow_log: String,
    /// `LogGroupName`, where it delivers to `CloudWatch` Logs.
    pub log_group: Option<String>,
    /// Its `LogFormat`.
    pub layout: Layout,
}

/// What is known about logs without a header line.
#[derive(Clone, Debug, Default)]
pub struct LayoutHints {
    /// The user's own word (`--log-format`): wins over everything but a header line.
    pub explicit: Option<Layout>,
    /// The flow logs of the bundle's inventory.
    pub by_flow_log: Vec<KnownLayout>,
}

/// The layout that a header-less log is read with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub layout: Layout,
    /// The layout is only a guess, so that most lines have to fit it.
    pub guessed: bool,
    /// Formats of the same log group: two flow logs may write into one stream.
    pub others: Vec<Layout>,
}

impl Choice {
    pub fn certain(layout: Layout) -> Self {
        Self { layout, guessed: false, others: Vec::new() }
    }
}

impl LayoutHints {
    /// Decides by evidence: the user, the flow log's id, its log group, the only format of the bundle that fits the
    /// first record, and last the default format, which then must fit most lines.
    pub(super) fn choose(
        &self,
        source: &SourceName,
        log_group: Option<&str>,
        first: &[u8],
        line: u64,
    ) -> Result<Choice, ReadError> {
        if let Some(layout) = &self.explicit {
            return Ok(Choice::certain(layout.clone()));
        }
        detect::refuse_record(first)?;
        if let SourceName::FlowLog(id) = source
            && let Some(known) = self.by_flow_log.iter().find(|known| known.flow_log == *id)
        {
            return Ok(Choice::certain(known.layout.clone()));
        }
        let group = match (log_group, source) {
            (Some(group), _) => Some(group),
            (None, SourceName::LogGroup(group)) => Some(group.as_str()),
            _ => None,
        };
        let of_group = group.map(|group| self.distinct(|known| known.log_group.as_deref() == Some(group)));
        for candidates in of_group.into_iter().chain([self.distinct(|_| true)]) {
            let fitting: Vec<&Layout> = candidates.iter().copied().filter(|layout| fits(layout, first)).collect();
            match fitting[..] {
                [] => {}
                [layout] => {
                    let others = candidates.into_iter().filter(|&other| other != layout).cloned().collect();
                    return Ok(Choice { layout: layout.clone(), guessed: false, others });
                }
                _ => return Err(ReadError::AmbiguousLayout(fitting.len())),
            }
        }
        let layout = Layout::default_v2();
        if fits_default(&layout, first) {
            return Ok(Choice { layout, guessed: true, others: Vec::new() });
        }
        if !detect::resembles_record(first) {
            return Err(ReadError::NotAFlowLog);
        }
        Err(ReadError::NoLayout { line, fields: first.split(|&b| b == b' ').count() })
    }

    fn distinct(&self, wanted: impl Fn(&KnownLayout) -> bool) -> Vec<&Layout> {
        let mut found: Vec<&Layout> = Vec::new();
        for known in self.by_flow_log.iter().filter(|known| wanted(known)) {
            if !found.contains(&&known.layout) {
                found.push(&known.layout);
            }
        }
        found
    }
}

/// Whether a record can be of a layout: as many fields, each of its field's shape.
pub(super) fn fits(layout: &Layout, record: &[u8]) -> bool {
    let mut columns = layout.columns().iter();
    let shaped = record.split(|&b| b == b' ').all(|text| match columns.next() {
        Some(Some(field)) => has_shape(*field, text),
        Some(None) => true,
        None => false,
    });
    shaped && columns.next().is_none()
}

/// As [`fits`], for the default format on nobody's word: version 2 only, and an account in every record.
pub(super) fn fits_default(layout: &Layout, record: &[u8]) -> bool {
    says_default(record) && fits(layout, record)
}

/// Whether a record says of itself what every one of the default format does: its version and an account.
pub(super) fn says_default(record: &[u8]) -> bool {
    let mut texts = record.split(|&b| b == b' ');
    let (version, account) = (texts.next(), texts.next());
    version == Some(b"2") && account != Some(b"-")
}

fn has_shape(field: Field, text: &[u8]) -> bool {
    use Field as F;
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    if text == b"-" {
        return true;
    }
    match field {
        F::Version => (1..=2).contains(&text.len()) && digits(text),
        F::AccountId => text == b"unknown" || text.len() == 12 && digits(text),
        F::InterfaceId | F::NextHopInterfaceId => text.starts_with(b"eni-"),
        F::SrcAddr | F::DstAddr | F::PktSrcAddr | F::PktDstAddr => matches!(record::addr(text), Cell::Value(_)),
        F::SrcPort
        | F::DstPort
        | F::Protocol
        | F::Packets
        | F::Bytes
        | F::Start
        | F::End
        | F::TcpFlags
        | F::TrafficPath
        | F::EncryptionStatus => is_number(text),
        F::Action => record::action(text) != Action::Other,
        F::LogStatus => record::status(text) != Status::Other,
        F::VpcId | F::NextHopVpcId => text.starts_with(b"vpc-"),
        F::SubnetId | F::NextHopSubnetId => text.starts_with(b"subnet-"),
        F::InstanceId => text.starts_with(b"i-"),
        F::FlowDirection => text == b"ingress" || text == b"egress",
        F::Type => text == b"IPv4" || text == b"IPv6" || text == b"EFA",
        _ => !text.is_empty(),
    }
}

fn is_number(text: &[u8]) -> bool {
    matches!(record::number(text), Cell::Value(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = "2 123456789010 eni-1 10.0.0.1 10.0.0.2 1 2 6 20 4249 1418530010 1418530070 ACCEPT OK";
    const SWAPPED: &str = "2 123456789010 eni-1 10.0.0.1 10.0.0.2 1 2 6 20 4249 1418530010 1418530070 OK ACCEPT";

    fn layout(text: &str) -> Layout {
        Layout::parse(text).expect("valid")
    }

    fn check(hints: &LayoutHints, source: &SourceName, record: &str, expect: Result<(usize, bool), &str>) {
        let choice = hints.choose(source, None, record.as_bytes(), 1);
        let found = choice.map(|c| (c.layout.column(Field::Action).unwrap_or(99), c.guessed));
        assert_eq!(found.map_err(|e| e.to_string()), expect.map_err(str::to_owned), "{record}");
    }

    #[test]
    fn evidence_is_taken_in_order() {
        let names = |a: &str| {
            format!(
                "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end {a}"
            )
        };
        let (plain, swapped) = (layout(&names("action log-status")), layout(&names("log-status action")));
        let known = |id: &str, group: &str, layout: &Layout| KnownLayout {
            flow_log: id.into(),
            log_group: Some(group.into()),
            layout: layout.clone(),
        };
        let by_flow_log = vec![known("fl-1", "g1", &plain), known("fl-2", "g2", &swapped), known("fl-3", "g2", &plain)];
        let bundle = LayoutHints { explicit: None, by_flow_log };
        let prefix = SourceName::Prefix(String::new());
        let none = LayoutHints::default();
        check(&none, &prefix, DEFAULT, Ok((12, true)));
        check(
            &none,
            &prefix,
            SWAPPED,
            Err("it has no header line, and line 1 with 14 fields does not fit the 14 default fields"),
        );
        check(
            &none,
            &prefix,
            "hello world",
            Err("this is not a flow log: no field names and no records were recognised"),
        );
        check(&bundle, &SourceName::FlowLog("fl-2".into()), DEFAULT, Ok((13, false)));
        check(&bundle, &SourceName::LogGroup("g2".into()), SWAPPED, Ok((13, false)));
        check(&bundle, &prefix, SWAPPED, Ok((13, false)));
        let dashes = "2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - -";
        check(&bundle, &prefix, dashes, Err("it has no header line, and 2 log formats of the bundle fit it"));
        check(&LayoutHints { explicit: Some(plain), ..bundle }, &prefix, SWAPPED, Ok((12, false)));
        check(
            &none,
            &prefix,
            "6 123456789012 tgw-0abc tgw-attach-1",
            Err("these are transit gateway flow logs, not VPC flow logs"),
        );
    }
}
