//! What the key of an object says of its flow log.

use crate::model::account::is_account;
use crate::model::export_task::is_task_id;

/// What AWS writes into the keys of flow logs. Source: VPC user guide, flow log files in Amazon S3.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct AwsName {
    pub account: Option<String>,
    pub region: Option<String>,
    pub flow_log: Option<String>,
}

impl AwsName {
    /// `<account>_vpcflowlogs_<region>_<fl-id>_<time>_<hash>`, else the folders below `AWSLogs/`.
    pub fn parse(key: &str) -> Self {
        let (folders, file) = key.rsplit_once('/').unwrap_or(("", key));
        let parts: Vec<&str> = file.split('_').collect();
        if let [account, "vpcflowlogs", region, id, ..] = parts[..]
            && is_account(account)
        {
            let flow_log = id.starts_with("fl-").then(|| id.to_owned()).or_else(|| flow_log_id(key));
            return Self { account: Some(account.to_owned()), region: Some(region.to_owned()), flow_log };
        }
        let mut found = Self { flow_log: flow_log_id(key), ..Self::default() };
        let below = folders.split('/').skip_while(|&part| part != "AWSLogs").skip(1);
        for (depth, part) in below.enumerate() {
            let value = part.split_once('=').map_or(part, |(_, value)| value);
            match depth {
                0 if is_account(value) => found.account = Some(value.to_owned()),
                2 => found.region = Some(value.to_owned()),
                _ => {}
            }
        }
        found
    }
}

/// The last `fl-` id in a key: `fl-` and 8 or 17 hex digits, nothing of a word on either side.
fn flow_log_id(key: &str) -> Option<String> {
    key.rmatch_indices("fl-").find_map(|(at, _)| {
        let apart = !key[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let digits = key[at + 3..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let whole = !key[at + 3 + digits..].starts_with(|c: char| c.is_ascii_alphanumeric());
        (apart && whole && matches!(digits, 8 | 17)).then(|| key[at..at + 3 + digits].to_owned())
    })
}

/// What the keys of one delivery share: the part above `AWSLogs/`, else the folders without time, task and stream.
pub(super) fn prefix(key: &str) -> String {
    let folders: Vec<&str> = key.rsplit_once('/').map_or(Vec::new(), |(folders, _)| folders.split('/').collect());
    let kept = match folders.iter().position(|&part| part == "AWSLogs") {
        Some(at) => at,
        None => folders.iter().rposition(|part| !is_partition(part)).map_or(0, |last| last + 1),
    };
    folders[..kept].join("/")
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
    use super::super::{Object, Place, SourceName};
    use super::export_task;
    use std::path::PathBuf;

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
        let object = Object::new(key.to_owned(), Place::File(PathBuf::new()), 0);
        assert_eq!(object.flow_log, *flow_log, "{key}");
        assert_eq!((object.account_hint.as_deref(), object.region_hint.as_deref()), (account, region), "{key}");
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
