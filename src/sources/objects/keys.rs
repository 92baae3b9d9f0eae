//! What the key of an object says of its flow log.

use super::SourceName;
use crate::model::account::is_account;
use crate::model::export_task::is_task_id;
use std::sync::Arc;

/// What the key of an object tells of what its flow log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The flow log that it belongs to, as far as the key tells.
    pub flow_log: SourceName,
    /// The account that the key names.
    pub account: Option<String>,
    /// The Region that the key names.
    pub region: Option<String>,
}

impl Named {
    /// What this key tells: `last` itself where that is the same, as it mostly is of the key before. An account has few flow logs, and
    /// objects by the hundred thousand.
    pub(super) fn by(key: &str, last: Option<&Arc<Self>>) -> Arc<Self> {
        let name = AwsName::parse(key);
        match last.filter(|last| last.is(&name, key)) {
            Some(last) => Arc::clone(last),
            None => Arc::new(Self {
                flow_log: match name.flow_log {
                    Some(id) => SourceName::FlowLog(id.to_owned()),
                    None => SourceName::Prefix(prefix(key).to_owned()),
                },
                account: name.account.map(str::to_owned),
                region: name.region.map(str::to_owned),
            }),
        }
    }

    fn is(&self, name: &AwsName<'_>, key: &str) -> bool {
        let is_same = match (&self.flow_log, name.flow_log) {
            (SourceName::FlowLog(id), Some(named)) => id == named,
            (SourceName::Prefix(above), None) => above == prefix(key),
            _ => false,
        };
        is_same && self.account.as_deref() == name.account && self.region.as_deref() == name.region
    }
}

/// What AWS writes into the keys of flow logs. Source: VPC user guide, flow log files in Amazon S3.
#[derive(Debug, Default)]
struct AwsName<'a> {
    account: Option<&'a str>,
    region: Option<&'a str>,
    flow_log: Option<&'a str>,
}

impl<'a> AwsName<'a> {
    /// `<account>_vpcflowlogs_<region>_<fl-id>_<time>_<hash>`, else the folders below `AWSLogs/`.
    fn parse(key: &'a str) -> Self {
        let (folders, file) = key.rsplit_once('/').unwrap_or(("", key));
        let mut parts = file.split('_');
        if let (Some(account), Some("vpcflowlogs"), Some(region), Some(id)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
            && is_account(account)
        {
            let flow_log = if id.starts_with("fl-") { Some(id) } else { flow_log_id(key) };
            return Self { account: Some(account), region: Some(region), flow_log };
        }
        let mut found = Self { flow_log: flow_log_id(key), ..Self::default() };
        let below = folders.split('/').skip_while(|&part| part != "AWSLogs").skip(1);
        for (depth, part) in below.enumerate() {
            let value = part.split_once('=').map_or(part, |(_, value)| value);
            match depth {
                0 if is_account(value) => found.account = Some(value),
                2 => found.region = Some(value),
                _ => {}
            }
        }
        found
    }
}

/// The last `fl-` id in a key: `fl-` and 8 or 17 hex digits, nothing of a word on either side.
fn flow_log_id(key: &str) -> Option<&str> {
    key.rmatch_indices("fl-").find_map(|(at, _)| {
        let apart = !key[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let digits = key[at + 3..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let whole = !key[at + 3 + digits..].starts_with(|c: char| c.is_ascii_alphanumeric());
        (apart && whole && matches!(digits, 8 | 17)).then(|| &key[at..at + 3 + digits])
    })
}

/// What the keys of one delivery share: the part above `AWSLogs/`, else the folders without time, task and stream.
fn prefix(key: &str) -> &str {
    let folders: Vec<&str> = key.rsplit_once('/').map_or(Vec::new(), |(folders, _)| folders.split('/').collect());
    let kept = match folders.iter().position(|&part| part == "AWSLogs") {
        Some(at) => at,
        None => folders.iter().rposition(|part| !is_partition(part)).map_or(0, |last| last + 1),
    };
    let len = folders[..kept].iter().map(|part| part.len() + 1).sum::<usize>();
    &key[..len.saturating_sub(1)]
}

/// The export task that wrote an object of this key, if one did: two tasks below one prefix may hold two log groups.
#[must_use]
pub fn export_task(key: &str) -> Option<&str> {
    let mut folders = key.rsplit_once('/')?.0.split('/');
    folders.rfind(|part| is_task_id(part) || *part == "AWSLogs").filter(|part| is_task_id(part))
}

/// Whether a folder's name says when, in which task or for which interface, but not which log.
fn is_partition(part: &str) -> bool {
    let shape: String = part
        .chars()
        .map(|c| match c {
            '0'..='9' => '9',
            'a'..='f' | 'A'..='F' => 'f',
            other => other,
        })
        .collect();
    let digits = !shape.is_empty() && shape.bytes().all(|byte| byte == b'9');
    let date = shape == "9999-99-99" || shape == "9999-99";
    let stream =
        part.starts_with("eni-") && ["-all", "-accept", "-reject"].iter().any(|traffic| part.ends_with(traffic));
    digits || date || is_task_id(part) || stream || part.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_their_export_task() {
        let task = "0a1b2c3d-1111-2222-3333-444455556666";
        for key in ["{}/eni-0abc-all/000000.gz", "a/b/{}/eni-0abc-all/000000.gz", "AWSLogs/{}/000000.gz"] {
            assert_eq!(export_task(&key.replace("{}", task)), Some(task), "{key}");
        }
        for key in ["{}", "{}.gz", "x/{}", "{}/AWSLogs/1/vpcflowlogs/r/2026/10/01/x.log.gz", "x/y"] {
            assert_eq!(export_task(&key.replace("{}", task)), None, "{key}");
        }
    }

    fn check(key: &str, flow_log: &SourceName, account: Option<&str>, region: Option<&str>) {
        let named = Named::by(key, None);
        assert_eq!(named.flow_log, *flow_log, "{key}");
        assert_eq!((named.account.as_deref(), named.region.as_deref()), (account, region), "{key}");
        // The key before may have told the same, less, more or something else.
        assert!(Arc::ptr_eq(&named, &Named::by(key, Some(&named))), "{key}");
        let others = [
            Named { flow_log: SourceName::Prefix("elsewhere".to_owned()), ..(*named).clone() },
            Named { flow_log: SourceName::LogGroup(String::new()), ..(*named).clone() },
            Named { account: Some("210987654321".to_owned()), ..(*named).clone() },
            Named { region: Some("eu-west-2".to_owned()), ..(*named).clone() },
        ];
        for other in others {
            assert_eq!(Named::by(key, Some(&Arc::new(other))), named, "{key}");
        }
    }

    #[test]
    fn keys_tell_their_flow_log() {
        let prefix = |text: &str| SourceName::Prefix(text.to_owned());
        let id = SourceName::FlowLog("fl-0abc".into());
        let (account, region) = (Some("123456789012"), Some("eu-west-1"));
        let name = "123456789012_vpcflowlogs_eu-west-1_fl-0abc_20261001T0005Z_1a2b3c4d.log.gz";
        check(name, &id, account, region);
        check(&format!("p/AWSLogs/x/{name}"), &id, account, region);
        check("p/q/AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/10/01/x.log.gz", &prefix("p/q"), account, region);
        let hive =
            "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/x.parquet";
        check(hive, &prefix(""), account, region);
        let task = "0a1b2c3d-1111-2222-3333-444455556666";
        check(&format!("exports/{task}/eni-0abc-all/000000.gz"), &prefix("exports"), None, None);
        check(&format!("{task}/eni-0abc-all/000000.gz"), &prefix(""), None, None);
        check("fire/2026/10/01/13/stream-1", &prefix("fire"), None, None);
        check("a/b/2026-10-01/x.log", &prefix("a/b"), None, None);
        let named = SourceName::FlowLog("fl-0123456789abcdef0".into());
        check("fire/2026/10/01/13/my-fl-0123456789abcdef0-1-2026-10-01-x.gz", &named, None, None);
        check("fire/self-0123456789abcdef0/x.gz", &prefix("fire/self-0123456789abcdef0"), None, None);
        check("x.log", &prefix(""), None, None);
        check("2026/x.log", &prefix(""), None, None);
    }
}
