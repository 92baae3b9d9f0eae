//! One query of a Route 53 Resolver log as the matcher sees it. Readers of every form make this and nothing else.

use super::addr::Addr;

/// A query and its answer. Texts are borrowed from the object; the name is as it was asked for, whatever CNAME chain followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// `query_timestamp` in Unix seconds.
    pub second: i64,
    /// `vpc_id`: where the query came from.
    pub vpc: &'a str,
    /// `query_name` in lower case, without the dot at its end; empty for the root.
    pub name: &'a str,
    /// `query_type`: `A`, `AAAA`, `PTR`, ...; empty if absent.
    pub kind: &'a str,
    /// `rcode`: `NOERROR`, `NXDOMAIN`, ...; empty if absent.
    pub rcode: &'a str,
    /// Addresses of the A and AAAA answers, in their order.
    pub addrs: &'a [Addr],
    /// `srcaddr`: who asked; `None` if absent. May be a cache on a node, or the far side of an inbound Resolver endpoint.
    pub client: Option<Addr>,
    /// `srcids.instance`; empty if absent.
    pub instance: &'a str,
    /// `account_id`; empty if absent.
    pub account: &'a str,
    /// `region`; empty if absent.
    pub region: &'a str,
}

impl Query<'_> {
    /// Whether the name led to an address. NXDOMAIN, and NOERROR without one, are ordinary records that name nothing.
    #[must_use]
    pub fn has_address(&self) -> bool {
        !self.addrs.is_empty() && !self.name.is_empty() && matches!(self.rcode, "NOERROR" | "")
    }
}

/// Where a reader puts what it reads. A record that cannot be read goes to `malformed` and nothing else is lost.
pub trait QuerySink {
    /// One well-formed record.
    fn query(&mut self, query: &Query<'_>);
    /// One record that cannot be read: the line it begins in, from 1, and why.
    fn malformed(&mut self, line: u64, why: &'static str);
}
