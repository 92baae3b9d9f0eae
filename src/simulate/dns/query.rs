//! One query as the Resolver logs it. Source: Route 53 developer guide, values in Resolver query logs.

use crate::model::addr::Addr;
use crate::model::period::iso;
use std::io::Write;

/// A query and its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) vpc: &'a str,
    pub(super) second: i64,
    /// Without the last dot.
    pub(super) name: &'a str,
    pub(super) kind: &'static str,
    pub(super) rcode: &'static str,
    /// CNAME targets before the addresses.
    pub(super) chain: &'a [String],
    pub(super) addrs: &'a [Addr],
    pub(super) client: Addr,
    pub(super) port: u16,
    pub(super) instance: &'a str,
}

/// Appends the record, in the order of keys that AWS writes, without a line end. Nothing in it needs an escape.
pub(super) fn push(line: &mut Vec<u8>, query: &Query<'_>) {
    let Query { account, region, vpc, name, kind, rcode, .. } = query;
    let time = iso(query.second);
    let mut all = |text: std::fmt::Arguments<'_>| line.write_fmt(text).expect("a vector takes all bytes");
    all(format_args!(
        "{{\"version\":\"1.100000\",\"account_id\":\"{account}\",\"region\":\"{region}\",\"vpc_id\":\"{vpc}\",\
         \"query_timestamp\":\"{time}\",\"query_name\":\"{name}.\",\"query_type\":\"{kind}\",\"query_class\":\"IN\",\
         \"rcode\":\"{rcode}\",\"answers\":["
    ));
    let mut comma = "";
    for target in query.chain {
        all(format_args!("{comma}{{\"Rdata\":\"{target}.\",\"Type\":\"CNAME\",\"Class\":\"IN\"}}"));
        comma = ",";
    }
    for addr in query.addrs {
        let kind = if addr.v4().is_some() { "A" } else { "AAAA" };
        all(format_args!("{comma}{{\"Rdata\":\"{addr}\",\"Type\":\"{kind}\",\"Class\":\"IN\"}}"));
        comma = ",";
    }
    let transport = if query.port.is_multiple_of(64) { "TCP" } else { "UDP" };
    all(format_args!(
        "],\"srcaddr\":\"{}\",\"srcport\":\"{}\",\"transport\":\"{transport}\",\"srcids\":{{\"instance\":\"{}\"}}}}",
        query.client, query.port, query.instance
    ));
}

/// Makes a record one that cannot be read, in one of three ways.
pub(super) fn spoil(line: &mut Vec<u8>, number: u32) {
    let text = String::from_utf8_lossy(line).into_owned();
    let spoilt = match number % 3 {
        0 => text[..text.len() / 2].to_owned(),
        1 => text.replacen("\"query_timestamp\":\"2", "\"query_timestamp\":\"day 2", 1),
        _ => text.replacen(",\"srcaddr\":", ",\"srcaddr\" ", 1),
    };
    *line = spoilt.into_bytes();
}
