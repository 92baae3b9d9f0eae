//! The commands of the AWS CLI that fetch the same parts as files, as a shell script that only reads.
//!
//! Source: AWS CLI reference, version 2; CloudWatch user guide, search expressions and dynamic labels.

use super::wants::{Account, Address, Live, Wants};
use crate::aws::ec2::{DESCRIBE, PREFIX_LIST_ENTRIES};
use crate::model::period::{DAY_SECONDS, Window, iso_day};
use std::fmt::Write as _;

/// Where the files go, and of which time they are.
#[derive(Clone, Copy, Debug)]
pub struct Copy<'a> {
    /// The bundle.
    pub bundle: &'a str,
    /// The time; whoever runs the script says it otherwise.
    pub period: Option<Window>,
    /// A profile for the AWS CLI.
    pub profile: Option<&'a str>,
    /// Log groups with flow logs.
    pub log_groups: &'a [String],
    /// Whether the reader pays.
    pub requester_pays: bool,
}

/// The most days for which copies are cut by the day: each is two patterns of a command line.
const MAX_DAYS: i64 = 100;

/// The script.
#[must_use]
pub fn commands(wants: &Wants, copy: &Copy<'_>) -> String {
    // A bundle in a bucket is copied to a folder here.
    let bundle = if copy.bundle.starts_with("s3://") { "bundle" } else { copy.bundle.trim_end_matches('/') };
    let mut script = Script { text: String::new(), copy, bundle, by_day: false };
    script.head();
    for (part, flag) in [("flow-logs", "--flow-logs"), ("billing", "--billing"), ("dns", "--dns")] {
        if !wants.addresses.iter().any(|address| address.part == part) {
            script.line(&format!("# {part}: name an s3:// address by {flag}, and what copies it is here, too"));
        }
    }
    if wants.addresses.iter().any(is_by_day) {
        script.days();
    }
    // What lies below another address is copied with that.
    let is_below = |address: &Address, other: &Address| {
        let place = |of: &Address| (of.part, of.bucket.clone());
        address != other && place(address) == place(other) && address.prefix.starts_with(&other.prefix)
    };
    let apart =
        |address: &&Address| address.part != "bundle" && !wants.addresses.iter().any(|other| is_below(address, other));
    for address in wants.addresses.iter().filter(apart) {
        script.sync(address, wants);
    }
    if wants.accounts.is_empty() {
        script.account(wants, None);
    }
    for account in &wants.accounts {
        script.account(wants, Some(account));
    }
    script.text
}

struct Script<'a> {
    text: String,
    copy: &'a Copy<'a>,
    bundle: &'a str,
    /// Whether the positional parameters are patterns of days.
    by_day: bool,
}

/// Delivered by the day by AWS itself, whose prefixes tell of which. How others name folders nobody knows: those are copied whole.
fn is_by_day(address: &Address) -> bool {
    matches!(address.part, "flow-logs" | "dns") && address.prefix.split('/').any(|part| part == "AWSLogs")
}

impl Script<'_> {
    fn line(&mut self, text: &str) {
        // A comment is one line, whatever a setting holds: what follows a line break would be a command.
        let text = if text.starts_with('#') { text.replace(char::is_control, " ") } else { text.to_owned() };
        let _ = writeln!(self.text, "{text}");
    }

    fn head(&mut self) {
        self.line("#!/bin/sh");
        self.line("# Copies what natlens reads into a folder. It reads only. Needs version 2 of the AWS CLI.");
        self.line("set -eu");
        match self.copy.period {
            Some(period) => {
                let (start, end) = (iso_day(period.start), iso_day(period.end + DAY_SECONDS - 1));
                self.line(&format!("START={start} END={end}"));
            }
            None => {
                self.line(": \"${START:?the first day, for example 2026-10-01}\" \"${END:?the day after the last}\"");
            }
        }
        if let Some(profile) = self.copy.profile {
            self.line(&format!("export AWS_PROFILE={}", quoted(profile)));
        }
    }

    fn sync(&mut self, address: &Address, wants: &Wants) {
        let Address { part, bucket, prefix } = address;
        self.line("");
        let whose =
            wants.bucket_owner.as_ref().map(|owner| format!(", which account {owner} has to own")).unwrap_or_default();
        self.line(&format!("# {part}: from s3://{bucket}{whose}"));
        let mut profile = String::new();
        if let Some(role) = wants.roles_of_buckets.get(bucket) {
            let name = profile_of(role);
            self.line(&format!("# {name}: a profile of this name in ~/.aws/config, with role_arn = {role}"));
            profile = format!("AWS_PROFILE={} ", quoted(&name));
        }
        if let Some(file) =
            [("prices", "prices.csv"), ("ip-ranges", "ip-ranges.json")].iter().find(|(name, _)| name == part)
        {
            let to = format!("{}/{}", self.bundle, file.1);
            let payer = if self.copy.requester_pays { " --request-payer requester" } else { "" };
            let from = format!("s3://{bucket}/{prefix}");
            self.line(&format!("{profile}aws s3 cp {} {}{payer}", quoted(&from), quoted(&to)));
            return;
        }
        // Whole folders: what is only the beginning of a name is left to the patterns.
        let below = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let from = format!("s3://{bucket}/{below}");
        let to = format!("{}/{part}/{bucket}/{below}", self.bundle);
        let mut command =
            format!("{profile}aws s3 sync {} {}", quoted(from.trim_end_matches('/')), quoted(to.trim_end_matches('/')));
        if self.copy.requester_pays {
            command.push_str(" --request-payer requester");
        }
        if self.by_day && is_by_day(address) {
            command.push_str(" \"$@\"");
        }
        self.line(&command);
    }

    /// A day more on either side: a record may lie in its neighbour's folder.
    fn days(&mut self) {
        let Some(period) = self.copy.period.filter(|period| period.end - period.start <= MAX_DAYS * DAY_SECONDS) else {
            return;
        };
        self.by_day = true;
        let mut patterns = "set -- --exclude '*'".to_owned();
        let mut day = period.start - DAY_SECONDS;
        while day < period.end + DAY_SECONDS {
            if let [year, month, day] = iso_day(day).split('-').collect::<Vec<_>>().as_slice() {
                let plain = format!("--include '*{year}/{month}/{day}/*'");
                let _ = write!(patterns, " \\\n  {plain} --include '*year={year}/month={month}/day={day}/*'");
            }
            day += DAY_SECONDS;
        }
        self.line("");
        self.line("# Folders of days, for what is delivered by the day");
        self.line(&patterns);
    }

    fn account(&mut self, wants: &Wants, account: Option<&Account>) {
        if wants.live.is_empty() {
            return;
        }
        let mut folder = String::new();
        if let Some(account) = account {
            let id = account.role_arn.split(':').nth(4).unwrap_or("account");
            self.line("");
            self.line(&format!(
                "# Account {id}: a profile of this name in ~/.aws/config, with role_arn = {}",
                account.role_arn
            ));
            if account.has_external_id {
                self.line("# and external_id, which its trust policy asks for");
            }
            self.line(&format!("export AWS_PROFILE={}", quoted(&profile_of(&account.role_arn))));
            folder = format!("/{id}");
        }
        let own = account.map(|account| &account.regions).filter(|regions| !regions.is_empty());
        let regions = own.unwrap_or(&wants.regions);
        let regions: Vec<Option<&str>> =
            if regions.is_empty() { vec![None] } else { regions.iter().map(|region| Some(region.as_str())).collect() };
        for region in regions {
            let region_flag = region.map(|region| format!(" --region {}", quoted(region))).unwrap_or_default();
            let name = region.unwrap_or("region");
            let below = |part: &str| format!("{}/{part}{folder}/{name}", self.bundle);
            let (inventory, metrics, logs) = (below("inventory"), below("metrics"), below("flow-logs"));
            if wants.live.contains(&Live::Inventory) {
                self.inventory(&region_flag, &inventory);
            }
            if wants.live.contains(&Live::Metrics) {
                self.metrics(&region_flag, &metrics);
            }
            if wants.live.contains(&Live::Logs) {
                self.logs(&region_flag, &logs);
            }
        }
        if wants.live.contains(&Live::Bill) {
            self.bill(&format!("{}/billing{folder}", self.bundle));
        }
    }

    fn folder(&mut self, folder: &str) {
        self.line(&format!("mkdir -p {}", quoted(folder)));
    }

    fn inventory(&mut self, region: &str, folder: &str) {
        self.line("");
        self.line("# inventory");
        self.folder(folder);
        for what in &DESCRIBE {
            let command = what.command;
            self.line(&format!(
                "aws ec2 {command}{region} --output json > {}",
                quoted(&format!("{folder}/{command}.json"))
            ));
        }
        let entries = PREFIX_LIST_ENTRIES.command;
        self.line(&format!(
            "for list in $(aws ec2 describe-managed-prefix-lists{region} --query 'PrefixLists[].PrefixListId' --output text); do"
        ));
        let to = format!("{}.\"$list\".json", quoted(&format!("{folder}/{entries}")));
        self.line(&format!("  aws ec2 {entries}{region} --prefix-list-id \"$list\" --output json > {to}"));
        self.line("done");
    }

    /// Searches find every gateway and endpoint that had data of late, zones of regional gateways included.
    fn metrics(&mut self, region: &str, folder: &str) {
        self.line("");
        self.line(
            "# metrics: gateways and endpoints that CloudWatch's search finds, those with data in the last two weeks",
        );
        self.folder(folder);
        let file = format!("{folder}/get-metric-data.json");
        self.line(&format!("aws cloudwatch get-metric-data{region} --start-time \"${{START}}T00:00:00Z\" --end-time \"${{END}}T00:00:00Z\" \\"));
        self.line(&format!("  --output json --metric-data-queries '{QUERIES}' > {}", quoted(&file)));
    }

    fn logs(&mut self, region: &str, folder: &str) {
        self.line("");
        self.line("# flow logs in CloudWatch Logs");
        self.folder(folder);
        for group in self.copy.log_groups {
            let safe: String = group.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            self.line(&format!("aws logs filter-log-events{region} --log-group-name {} \\", quoted(group)));
            self.line(
                "  --start-time \"$(date -u -d \"$START\" +%s)000\" --end-time \"$(date -u -d \"$END\" +%s)000\" \\",
            );
            self.line(&format!("  --output json > {}", quoted(&format!("{folder}/{safe}.json"))));
        }
    }

    fn bill(&mut self, folder: &str) {
        self.line("");
        self.line("# bill: Cost Explorer costs 0.01 USD a page; an export (CUR, CUR 2.0, FOCUS) knows each gateway's cost, and this does not");
        self.folder(folder);
        self.line("aws ce get-cost-and-usage --time-period \"Start=$START,End=$END\" --granularity DAILY \\");
        self.line("  --metrics NetUnblendedCost UnblendedCost UsageQuantity \\");
        self.line("  --group-by Type=DIMENSION,Key=USAGE_TYPE Type=DIMENSION,Key=LINKED_ACCOUNT \\");
        self.line(&format!("  --filter '{FILTER}' \\"));
        self.line(&format!("  --output json > {}", quoted(&format!("{folder}/get-cost-and-usage.json"))));
    }
}

const FILTER: &str = "{\"And\": [{\"Dimensions\": {\"Key\": \"SERVICE\", \"Values\": [\"EC2 - Other\", \"Amazon Virtual Private Cloud\"]}}, {\"Dimensions\": {\"Key\": \"RECORD_TYPE\", \"Values\": [\"Usage\", \"DiscountedUsage\", \"SavingsPlanCoveredUsage\"]}}]}";

/// A search for each kind of series; the label has what tells them apart. Quotes of the search are doubled for the shell.
const QUERIES: &str = concat!(
    "[{\"Id\": \"in\", \"Expression\": \"SEARCH('\\''{AWS/NATGateway,NatGatewayId} MetricName=(\\\"BytesInFromSource\\\" OR \\\"BytesInFromDestination\\\")'\\'', '\\''Sum'\\'', 3600)\", ",
    "\"Label\": \"${PROP('\\''Dim.NatGatewayId'\\'')} ${PROP('\\''MetricName'\\'')}\"}, ",
    "{\"Id\": \"zones\", \"Expression\": \"SEARCH('\\''{AWS/NATGateway,AvailabilityZone,NatGatewayId} MetricName=(\\\"BytesInFromSource\\\" OR \\\"BytesInFromDestination\\\")'\\'', '\\''Sum'\\'', 3600)\", ",
    "\"Label\": \"${PROP('\\''Dim.NatGatewayId'\\'')} ${PROP('\\''Dim.AvailabilityZone'\\'')} ${PROP('\\''MetricName'\\'')}\"}, ",
    "{\"Id\": \"endpoints\", \"Expression\": \"SEARCH('\\''{AWS/PrivateLinkEndpoints,\\\"Endpoint Type\\\",\\\"Service Name\\\",\\\"VPC Endpoint Id\\\",\\\"VPC Id\\\"} MetricName=\\\"BytesProcessed\\\"'\\'', '\\''Sum'\\'', 3600)\", ",
    "\"Label\": \"${PROP('\\''Dim.VPC Endpoint Id'\\'')} ${PROP('\\''MetricName'\\'')}\"}]"
);

/// The profile by which a role is taken on.
fn profile_of(role: &str) -> String {
    format!("natlens-{}", role.split(':').nth(4).unwrap_or("account"))
}

/// A word of the shell, whatever is in it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_a_word() {
        for (text, word) in [("a/b-1.c", "a/b-1.c"), ("", "''"), ("a b", "'a b'"), ("$(x)'`", "'$(x)'\\''`'")] {
            assert_eq!(quoted(text), word);
        }
    }

    #[test]
    fn a_setting_is_never_a_command() {
        let evil = "x\necho PWNED\r\nrm -r y #";
        let address = Address { part: "flow-logs", bucket: evil.to_owned(), prefix: format!("{evil}/") };
        let account = Account {
            role_arn: format!("arn:aws:iam::1{evil}:role/x{evil}"),
            regions: vec![evil.to_owned()],
            has_external_id: true,
        };
        let wants = Wants {
            addresses: vec![address],
            roles_of_buckets: [(evil.to_owned(), account.role_arn.clone())].into(),
            accounts: vec![account],
            live: [Live::Inventory, Live::Metrics, Live::Bill].into(),
            bucket_owner: Some(evil.to_owned()),
            ..Wants::default()
        };
        let copy = Copy { bundle: evil, period: None, profile: Some(evil), log_groups: &[], requester_pays: true };
        let script = commands(&wants, &copy);
        // Outside quotes there is no such word at the beginning of a line.
        let mut is_quoted = false;
        for line in script.lines() {
            assert!(is_quoted || !line.starts_with("echo PWNED"), "{script}");
            if is_quoted || !line.starts_with('#') {
                is_quoted ^= line.matches('\'').count() % 2 == 1;
            }
        }
        assert!(!is_quoted, "{script}");
    }
}
