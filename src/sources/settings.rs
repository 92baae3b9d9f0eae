//! `natlens.toml`: the user's rules for names and teams, and a default for what the report command takes as flags.
//! Text in, a value out; what the texts mean is decided where flags are lowered, so that both follow one rule.

use crate::model::addr::Cidr;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use toml::de::{DeTable, DeValue};

/// What a settings file says. Nothing in it is required; a flag of the same name wins over it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Naming rules (`[[rules]]`), in the order of the file; the narrowest wins, then the earlier rule.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Whose a client is (`[[teams]]`), in the order of the file: the first that holds decides.
    #[serde(default)]
    pub teams: Vec<Team>,
    /// `--month`.
    pub month: Option<String>,
    /// `--from`.
    pub from: Option<String>,
    /// `--to`.
    pub to: Option<String>,
    /// `--group-by`.
    #[serde(default, deserialize_with = "texts")]
    pub group_by: Vec<String>,
    /// `--top`.
    pub top: Option<usize>,
    /// `--threads`.
    pub threads: Option<usize>,
    /// `--memory-limit`.
    pub memory_limit: Option<String>,
    /// `--log-format`.
    pub log_format: Option<String>,
    /// `--ip-ranges`.
    pub ip_ranges: Option<String>,
    /// `--prices`.
    pub prices: Option<String>,
    /// `--flow-logs`.
    #[serde(default, deserialize_with = "texts")]
    pub flow_logs: Vec<String>,
    /// `--inventory`.
    #[serde(default, deserialize_with = "texts")]
    pub inventory: Vec<String>,
    /// `--billing`.
    #[serde(default, deserialize_with = "texts")]
    pub billing: Vec<String>,
    /// `--metrics`.
    #[serde(default, deserialize_with = "texts")]
    pub metrics: Vec<String>,
    /// `--dns`.
    #[serde(default, deserialize_with = "texts")]
    pub dns: Vec<String>,
    /// `--dns-look-back`.
    pub dns_look_back: Option<u32>,
    /// `--fail-on`.
    #[serde(default, deserialize_with = "texts")]
    pub fail_on: Vec<String>,
    /// `--cost-basis`.
    pub cost_basis: Option<String>,
    /// `--strict`.
    pub strict: Option<bool>,
    /// `--format`.
    pub format: Option<String>,
    /// How to reach AWS (`[aws]`).
    #[serde(default)]
    pub aws: Aws,
    /// Accounts that are read by a role of their own (`[[accounts]]`); without any, the account of the credentials.
    #[serde(default)]
    pub accounts: Vec<Account>,
}

/// How to reach AWS. Never a secret: credentials come from the SDK's own chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Aws {
    /// `--profile`: a profile of the AWS configuration files.
    #[serde(default, deserialize_with = "filled_if_any")]
    pub profile: Option<String>,
    /// `--region`: the Regions to read.
    #[serde(default, deserialize_with = "texts")]
    pub regions: Vec<String>,
    /// `--requester-pays`: whether the reader pays for reading buckets that ask for it.
    pub requester_pays: Option<bool>,
    /// `--expected-bucket-owner`: the account that must own every bucket, against reading a stranger's.
    #[serde(default, deserialize_with = "filled_if_any")]
    pub expected_bucket_owner: Option<String>,
}

/// An account that is read by a role of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Account {
    /// `arn:aws:iam::123456789012:role/NAME`.
    #[serde(deserialize_with = "filled")]
    pub role_arn: String,
    /// What the role's trust policy asks for.
    #[serde(default, deserialize_with = "filled_if_any")]
    pub external_id: Option<String>,
    /// The Regions to read there; those of `[aws]` without it.
    #[serde(default, deserialize_with = "texts")]
    pub regions: Vec<String>,
    /// Buckets that this role reads; the credentials themselves read all that no role has.
    #[serde(default, deserialize_with = "texts")]
    pub buckets: Vec<String>,
    /// Whether the role is for its buckets only, and nothing else of the account is asked for.
    #[serde(default)]
    pub only_buckets: bool,
}

/// A naming rule of the user: traffic for which everything holds that the rule says is called `name`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RuleText")]
pub struct Rule {
    /// The addresses; any without it.
    pub cidr: Option<Cidr>,
    /// A host name that was asked for (Resolver query logs), or one above it, lower case; any without it.
    pub host: Option<String>,
    /// The remote's port; any without it.
    pub port: Option<u16>,
    /// The service, as it is to be printed.
    pub name: String,
    /// The AWS Region of the service; `None` is not known.
    pub region: Option<String>,
}

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    #[serde(default, deserialize_with = "cidr_if_any")]
    cidr: Option<Cidr>,
    #[serde(default, deserialize_with = "filled_if_any")]
    host: Option<String>,
    port: Option<std::num::NonZeroU16>,
    #[serde(deserialize_with = "filled")]
    name: String,
    #[serde(default, deserialize_with = "filled_if_any")]
    region: Option<String>,
}

impl TryFrom<RuleText> for Rule {
    type Error = &'static str;
    fn try_from(text: RuleText) -> Result<Self, Self::Error> {
        let RuleText { cidr, host, port, name, region } = text;
        if cidr.is_none() && host.is_none() && port.is_none() {
            return Err("missing field `cidr`, `host` or `port`: the rule would name everything");
        }
        let host = host.map(|host| host.strip_prefix('*').unwrap_or(&host).trim_matches('.').to_ascii_lowercase());
        if host.as_deref().is_some_and(|host| host.is_empty() || host.contains('*')) {
            return Err(
                "field `host` is a name, which stands for every name below it (expected for example example.com)",
            );
        }
        Ok(Self { cidr, host, port: port.map(Into::into), name, region })
    }
}

/// A rule of the user: a client of which all conditions hold belongs to the team `name`. At least one is there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "TeamText")]
pub struct Team {
    /// The team, as it is to be printed.
    pub name: String,
    /// `tag = "team=payments"`: a tag of the client.
    pub tag: Option<TagTest>,
    /// The account that owns the client.
    pub account: Option<String>,
    /// The client's VPC.
    pub vpc: Option<String>,
    /// The client's address.
    pub cidr: Option<Cidr>,
    /// The Kubernetes namespace.
    pub namespace: Option<String>,
}

/// A tag with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagTest {
    /// Tag key.
    pub key: String,
    /// Its value, compared exactly.
    pub value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamText {
    #[serde(deserialize_with = "filled")]
    name: String,
    #[serde(default, deserialize_with = "filled_if_any")]
    tag: Option<String>,
    #[serde(default, deserialize_with = "filled_if_any")]
    account: Option<String>,
    #[serde(default, deserialize_with = "filled_if_any")]
    vpc: Option<String>,
    #[serde(default, deserialize_with = "cidr_if_any")]
    cidr: Option<Cidr>,
    #[serde(default, deserialize_with = "filled_if_any")]
    namespace: Option<String>,
}

impl TryFrom<TeamText> for Team {
    type Error = String;

    fn try_from(text: TeamText) -> Result<Self, String> {
        let TeamText { name, tag, account, vpc, cidr, namespace } = text;
        let tag = match tag.as_deref().map(|tag| tag.split_once('=')) {
            None => None,
            Some(Some((key, value))) if !key.is_empty() && !value.is_empty() => {
                Some(TagTest { key: key.to_owned(), value: value.to_owned() })
            }
            Some(_) => return Err("tag is no key=value (expected for example tag = \"team=payments\")".to_owned()),
        };
        if tag.is_none() && account.is_none() && vpc.is_none() && cidr.is_none() && namespace.is_none() {
            return Err(format!("team `{name}` has no condition (tag, account, vpc, cidr or namespace)"));
        }
        Ok(Self { name, tag, account, vpc, cidr, namespace })
    }
}

/// Why a settings file was refused, as `name:line: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}: {message}")]
pub struct SettingsError {
    /// The file, as the caller calls it.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there, and what was expected.
    pub message: String,
}

/// Reads a settings file; `name` is what errors call it. Unknown keys are refused: a misspelt one would be lost silently.
pub fn parse(name: &str, text: &str) -> Result<Settings, SettingsError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        let line = 1 + before.matches('\n').count();
        SettingsError { name: name.to_owned(), line, message: error.message().to_owned() }
    })
}

/// The line, from 1, of every key of a settings file: `top`, `aws.profile`, `rules[0]`. Empty for a text that [`parse`] refuses.
#[must_use]
pub fn lines(text: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    let Ok(table) = DeTable::parse(text) else { return lines };
    let line = |at: usize| 1 + text.get(..at).unwrap_or("").matches('\n').count();
    for (key, value) in table.get_ref() {
        let name = key.get_ref();
        lines.insert(name.to_string(), line(key.span().start));
        match value.get_ref() {
            DeValue::Table(inner) => {
                lines.extend(inner.keys().map(|key| (format!("{name}.{}", key.get_ref()), line(key.span().start))));
            }
            DeValue::Array(items) => {
                let tables = items.iter().enumerate().filter(|(_, item)| item.get_ref().is_table());
                lines.extend(tables.map(|(i, item)| (format!("{name}[{i}]"), line(item.span().start))));
            }
            _ => {}
        }
    }
    lines
}

fn cidr_if_any<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Cidr>, D::Error> {
    let text = String::deserialize(source)?;
    Cidr::parse(&text)
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is no address block (expected for example 203.0.113.0/24)")))
}

fn filled<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    let text = String::deserialize(source)?;
    if text.trim().is_empty() { Err(D::Error::custom("the text is empty")) } else { Ok(text) }
}

fn filled_if_any<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    filled(source).map(Some)
}

/// A list of texts, or a single one in its place.
fn texts<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    struct Texts;
    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or a list of strings")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = list.next_element()? {
                texts.push(text);
            }
            Ok(texts)
        }
    }
    source.deserialize_any(Texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_SETTING: &str = r#"
            month = "2026-10"
            from = "2026-10-01"
            to = "2026-10-08"
            group-by = ["vpc", "day"]
            top = 10
            threads = 2
            memory-limit = "2GiB"
            log-format = "${version} ${bytes}"
            ip-ranges = "ranges.json"
            prices = "prices.csv"
            flow-logs = "logs/"
            inventory = ["a.json", "b.json"]
            billing = "bill/"
            metrics = ["m.json"]
            fail-on = "coverage<95"
            dns = "dns/"
            dns-look-back = 6
            cost-basis = "list"
            strict = true
            format = "json"

            [[rules]]
            cidr = "203.0.113.0/24"
            name = "partner-x"
            region = "us-east-1"

            [[rules]]
            cidr = "2001:db8::/32"
            name = "partner y"

            [[rules]]
            host = "*.DB.example.com"
            port = 5432
            name = "database"

            [[teams]]
            name = "payments"
            tag = "team=pay=x"
            account = "111122223333"
            vpc = "vpc-1"
            cidr = "10.0.0.0/16"
            namespace = "pay"

            [aws]
            profile = "audit"
            regions = "eu-central-1"
            requester-pays = true
            expected-bucket-owner = "111122223333"

            [[accounts]]
            role-arn = "arn:aws:iam::444455556666:role/natlens"
            external-id = "x-1"
            regions = ["us-east-1", "eu-west-1"]
            buckets = "audit-logs"
            only-buckets = true"#;

    #[test]
    fn every_setting_is_read() {
        let list = |texts: &[&str]| texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
        let some = |text: &str| Some(text.to_owned());
        let rule = |cidr, name: &str, region| Rule {
            cidr: Some(Cidr::parse(cidr).expect("valid")),
            host: None,
            port: None,
            name: name.into(),
            region,
        };
        let by_host =
            Rule { cidr: None, host: some("db.example.com"), port: Some(5432), ..rule("::/0", "database", None) };
        let expect = Settings {
            rules: vec![
                rule("203.0.113.0/24", "partner-x", some("us-east-1")),
                rule("2001:db8::/32", "partner y", None),
                by_host,
            ],
            teams: vec![Team {
                name: "payments".to_owned(),
                tag: Some(TagTest { key: "team".to_owned(), value: "pay=x".to_owned() }),
                account: some("111122223333"),
                vpc: some("vpc-1"),
                cidr: Cidr::parse("10.0.0.0/16"),
                namespace: some("pay"),
            }],
            month: some("2026-10"),
            from: some("2026-10-01"),
            to: some("2026-10-08"),
            group_by: list(&["vpc", "day"]),
            top: Some(10),
            threads: Some(2),
            memory_limit: some("2GiB"),
            log_format: some("${version} ${bytes}"),
            ip_ranges: some("ranges.json"),
            prices: some("prices.csv"),
            flow_logs: list(&["logs/"]),
            inventory: list(&["a.json", "b.json"]),
            billing: list(&["bill/"]),
            metrics: list(&["m.json"]),
            fail_on: list(&["coverage<95"]),
            dns: list(&["dns/"]),
            dns_look_back: Some(6),
            cost_basis: some("list"),
            strict: Some(true),
            format: some("json"),
            aws: Aws {
                profile: some("audit"),
                regions: list(&["eu-central-1"]),
                requester_pays: Some(true),
                expected_bucket_owner: some("111122223333"),
            },
            accounts: vec![Account {
                role_arn: "arn:aws:iam::444455556666:role/natlens".to_owned(),
                external_id: some("x-1"),
                regions: list(&["us-east-1", "eu-west-1"]),
                buckets: list(&["audit-logs"]),
                only_buckets: true,
            }],
        };
        assert_eq!(parse("natlens.toml", EVERY_SETTING), Ok(expect));
        assert_eq!(parse("natlens.toml", ""), Ok(Settings::default()));
    }

    #[test]
    fn every_key_has_its_line() {
        let lines = lines(EVERY_SETTING);
        let text = |line: usize| EVERY_SETTING.lines().nth(line - 1).expect("a line of the text").trim();
        for key in lines.keys() {
            let (name, of_table) = key.rsplit_once('.').map_or((key.as_str(), false), |(_, name)| (name, true));
            let found = text(lines[key]);
            match name.split_once('[') {
                Some((list, _)) => assert_eq!(found, format!("[[{list}]]"), "{key}"),
                None if of_table => assert!(found.starts_with(&format!("{name} = ")), "{key}: {found}"),
                None => assert!(found.contains(name), "{key}: {found}"),
            }
        }
        assert_eq!([lines["top"], lines["rules[1]"], lines["aws.regions"]], [6, 28, 47]);
        assert_eq!(super::lines("top 1"), BTreeMap::new());
    }

    fn check_refused(text: &str, line: usize, part: &str) {
        let error = parse("natlens.toml", text).expect_err("refused");
        assert_eq!(error.line, line, "{text:?}: {error}");
        assert!(error.to_string().starts_with(&format!("natlens.toml:{line}: ")), "{error}");
        assert!(error.message.contains(part), "{text:?}: {error}");
    }

    #[test]
    fn what_is_not_understood_is_refused_by_line() {
        check_refused("top = 1\nmonht = \"2026-10\"", 2, "unknown field `monht`");
        check_refused("[[rules]]\ncidr = \"10.0.0.0/8\"\nname = \"x\"\nregoin = \"y\"", 4, "unknown field `regoin`");
        check_refused("[[rules]]\nname = \"x\"\ncidr = \"10.0.0.0/33\"", 3, "`10.0.0.0/33` is no address block");
        check_refused("[[rules]]\ncidr = \"10.0.0.0/8\"\nname = \" \"", 3, "empty");
        check_refused("\n[[rules]]\ncidr = \"10.0.0.0/8\"", 2, "missing field `name`");
        check_refused("\n[[rules]]\nname = \"x\"", 2, "missing field `cidr`, `host` or `port`");
        check_refused("[[rules]]\nname = \"x\"\nport = 0", 3, "nonzero");
        check_refused("[[rules]]\nname = \"x\"\nhost = \"a.*.example.com\"", 1, "is a name");
        check_refused("[[teams]]\nname = \"a\"\nacount = \"1\"", 3, "unknown field `acount`");
        check_refused("\n[[teams]]\nname = \"a\"", 2, "team `a` has no condition");
        check_refused("[aws]\nsecret-access-key = \"x\"", 2, "unknown field `secret-access-key`");
        check_refused("\n[[accounts]]\nexternal-id = \"x\"", 2, "missing field `role-arn`");
        check_refused("[[teams]]\nname = \"a\"\ntag = \"team\"", 1, "key=value");
        check_refused("[[teams]]\nname = \"\"\nvpc = \"x\"", 2, "empty");
        check_refused("[[teams]]\nname = \"a\"\ncidr = \"10.0.0.0/33\"", 3, "no address block");
        check_refused("top = -1", 1, "-1");
        check_refused("strict = \"yes\"", 1, "expected a boolean");
        check_refused("group-by = 3", 1, "a string or a list of strings");
        check_refused("top = 1\ntop = 2", 2, "duplicate");
        check_refused("top 1", 1, "");
    }
}
