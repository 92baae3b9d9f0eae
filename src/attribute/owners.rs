//! The owners of clients, each looked up once: what the logs say of interfaces goes in, a table with an index for each row comes out.

use super::table::Table;
use super::{Gateway, Place};
use crate::count::resolve::CountedPair;
use crate::count::rollup::{Interface, Rollup};
use crate::model::addr::Addr;
use crate::model::flow::{OWNER_FIELDS, OWNER_SEPARATOR};
use crate::model::inventory::{FlowLog, Inventory};
use crate::model::symbols::Sym;
use crate::own::{Client, LogFacts, Owner, Owners, TagOf, single};
use crate::sources::settings::Team;
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// What tells owners apart beside the inventory.
#[derive(Clone, Copy, Debug)]
pub struct OwnerRules<'a> {
    /// The user's teams.
    pub teams: &'a [Team],
    /// The tag keys that the report asks for.
    pub tags: &'a BTreeSet<String>,
}

/// Everything that tells owners.
pub(super) fn all<'a>(rollup: &'a Rollup, inventory: &'a Inventory, rules: OwnerRules<'a>) -> Owners<'a> {
    Owners::new(inventory, log_facts(rollup, inventory), rules.teams, rules.tags.clone())
}

/// Owners by client and hour.
pub(super) struct OwnerTable<'a> {
    owners: &'a Owners<'a>,
    rollup: &'a Rollup,
    /// By gateway, client and place: from which hour on which owner.
    known: HashMap<(u32, u32, u32), Vec<(u32, u32)>>,
    table: Table<Owner>,
}

impl<'a> OwnerTable<'a> {
    pub(super) fn new(owners: &'a Owners<'a>, rollup: &'a Rollup) -> Self {
        Self { owners, rollup, known: HashMap::new(), table: Table::default() }
    }

    /// The owners of a pair's client, which is in a place (by number and value): from which hour on which.
    pub(super) fn of(
        &mut self,
        pair: &CountedPair,
        (number, place): (u32, &Place),
        gateway: &Gateway,
    ) -> &[(u32, u32)] {
        let Self { owners, rollup, known, table } = self;
        known.entry((pair.gateway, pair.client.raw(), number)).or_insert_with(|| {
            let addr = Some(rollup.addrs.addr(pair.client)).filter(|addr| *addr != Addr::NONE);
            let client = Client { vpc: place.vpc.as_deref(), addr, account: gateway.account.as_deref() };
            owners.over_time(client).into_iter().map(|(hour, owner)| (hour, table.key(owner))).collect()
        })
    }

    /// Takes the owners of another table: the number here of each of its numbers.
    pub(super) fn take(&mut self, other: Self) -> Vec<u32> {
        self.table.take(other.table)
    }

    pub(super) fn into_table(self) -> Vec<Owner> {
        self.table.into_rows()
    }
}

/// Which is the owner in an hour, of those over time.
pub(super) fn owner_number(over_time: &[(u32, u32)], hour: u32) -> usize {
    // The first holds from hour 0.
    over_time.partition_point(|(from, _)| *from <= hour) - 1
}

/// What the records say of each interface, with the addresses that the inventory or the records themselves give it.
fn log_facts(rollup: &Rollup, inventory: &Inventory) -> Vec<LogFacts> {
    let said = |sym: Sym| Some(rollup.symbols.text(sym)).filter(|text| !text.is_empty()).map(str::to_owned);
    let facts = rollup.words.iter().map(|((word, source), hours)| {
        let interface = &rollup.interfaces[word.interface as usize];
        let described = inventory.interface(rollup.symbols.text(interface.name));
        let mut facts = LogFacts {
            vpc: described.and_then(|known| known.vpc.clone()).or_else(|| said(interface.facts.vpc)),
            account: said(interface.facts.account).filter(|account| account != "unknown"),
            addrs: addrs(interface, described.map(|known| known.private_addrs.iter().filter_map(single).collect())),
            instance: said(word.instance).filter(|instance| instance.starts_with("i-")),
            first_hour: hours.0,
            last_hour: hours.1,
            ..LogFacts::default()
        };
        let key = |field: &str| tag_key(inventory, &rollup.sources[source.0 as usize], field).to_owned();
        read_fields(rollup.symbols.text(word.owner), key, &mut facts);
        facts
    });
    facts.filter(|facts| !facts.addrs.is_empty()).collect()
}

/// The tag key that a flow log's field holds: by the flow log's own description, else where all that have the field agree.
/// Without either the field's name stands for it.
fn tag_key<'a>(inventory: &'a Inventory, source: &str, field: &'a str) -> &'a str {
    let is_own = |log: &&FlowLog| {
        log.id == source
            || source.strip_prefix("log-group:").is_some_and(|group| log.log_group.as_deref() == Some(group))
    };
    let keys = |own: bool| -> BTreeSet<&str> {
        let logs = inventory.flow_logs().filter(|log| !own || is_own(log));
        logs.filter_map(|log| log.tag_fields.get(field).map(String::as_str)).collect()
    };
    let (own, all) = (keys(true), keys(false));
    let said = if own.is_empty() { all } else { own };
    if said.len() == 1 { said.first().copied().unwrap_or(field) } else { field }
}

fn addrs(interface: &Interface, described: Option<Vec<Addr>>) -> Vec<Addr> {
    described.filter(|addrs| !addrs.is_empty()).unwrap_or_else(|| interface.own.get().into_iter().collect())
}

/// Takes the values of [`OWNER_FIELDS`] apart. `key` gives the tag key of a tag field: its own name where nobody says another.
fn read_fields(text: &str, key: impl Fn(&str) -> String, facts: &mut LogFacts) {
    let mut cluster_arn = None;
    for (field, value) in OWNER_FIELDS.iter().zip(text.split(char::from(OWNER_SEPARATOR))) {
        if value.is_empty() {
            continue;
        }
        let mut tag = |of: TagOf| facts.tags.push((of, key(field), percent_decoded(value)));
        match *field {
            "ecs-cluster-name" => facts.cluster = Some(value.to_owned()),
            "ecs-cluster-arn" => cluster_arn = value.rsplit('/').next(),
            "ecs-service-name" => facts.service = Some(value.to_owned()),
            "ecs-task-definition-arn" => {
                // arn:aws:ecs:<region>:<account>:task-definition/<family>:<revision>
                let family = value.rsplit('/').next().and_then(|last| last.split(':').next());
                facts.task_family = family.map(str::to_owned);
            }
            "interface-tag" | "interface-tag-2" => tag(TagOf::Interface),
            "asg-tag" | "asg-tag-2" => tag(TagOf::Group),
            _ => tag(TagOf::Instance),
        }
    }
    facts.cluster = facts.cluster.take().or_else(|| cluster_arn.map(str::to_owned));
}

/// Tag values are percent-encoded UTF-8; what is not stays as written.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = code.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if let Some(decoded) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| byte == b'%') {
            out.push(decoded);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_about_owners_are_taken_apart() {
        let text = "shop|arn:aws:ecs:eu-west-1:1:cluster/other|web|arn:aws:ecs:eu-west-1:1:task-definition/web-task:3|a%20b||pay||blue|";
        let mut facts = LogFacts::default();
        let key = |field: &str| if field == "interface-tag" { "team".to_owned() } else { field.to_owned() };
        read_fields(&text.replace('|', "\u{1f}"), key, &mut facts);
        assert_eq!(facts.cluster.as_deref(), Some("shop"));
        assert_eq!((facts.service.as_deref(), facts.task_family.as_deref()), (Some("web"), Some("web-task")));
        let tag = |of, key: &str, value: &str| (of, key.to_owned(), value.to_owned());
        let expect = [
            tag(TagOf::Instance, "instance-tag", "a b"),
            tag(TagOf::Interface, "team", "pay"),
            tag(TagOf::Group, "asg-tag", "blue"),
        ];
        assert_eq!(facts.tags, expect);
        let mut bare = LogFacts::default();
        read_fields("|arn:aws:ecs:eu-west-1:1:cluster/other||||||||".replace('|', "\u{1f}").as_str(), key, &mut bare);
        assert_eq!(bare.cluster.as_deref(), Some("other"), "the ARN names the cluster too");
    }

    #[test]
    fn tag_values_are_decoded() {
        for (text, expect) in [
            ("plain", "plain"),
            ("a%20b%2Fc", "a b/c"),
            ("Z%C3%BCrich", "Zürich"),
            ("100%", "100%"),
            ("50%zz", "50%zz"),
            ("%+1", "%+1"),
            ("%FF", "%FF"),
        ] {
            assert_eq!(percent_decoded(text), expect, "{text}");
        }
    }
}
