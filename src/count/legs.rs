//! Which of the four records of a NAT conversation a record is. Pure: addresses in, leg out.
//!
//! A zonal gateway's interface logs a conversation four times (VPC user guide, "Traffic through a NAT gateway"):
//! 1 client to gateway, 2 gateway to remote, 3 remote to gateway, 4 gateway to client. Legs 1 and 4 hold client *and* remote,
//! so they are counted; legs 2 and 3 are the same bytes again.

use crate::model::addr::Addr;
use crate::model::flow::{Direction, FlowRecord};

/// One of the four records of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// 1: client to gateway, on its way out.
    ClientToNat,
    /// 2: gateway to remote.
    NatToRemote,
    /// 3: remote to gateway.
    RemoteToNat,
    /// 4: gateway to client, on its way in.
    NatToClient,
}

/// How the record's addresses relate to the packet's: AWS shows the interface's primary address in place of a foreign one,
/// as destination on the way in and as source on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Shape {
    /// `pkt-*` equal `srcaddr` and `dstaddr`.
    Plain,
    /// The log has no `pkt-*`.
    NoPkt,
    /// `dstaddr` differs from `pkt-dstaddr`.
    DstShown,
    /// `srcaddr` differs from `pkt-srcaddr`.
    SrcShown,
    /// Both differ.
    BothShown,
}

/// The addresses of a record without the interface's own in their place: who really sent to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Real sender.
    pub from: Addr,
    /// Real receiver.
    pub to: Addr,
    /// The interface's own address where the record shows it instead of a real one, else [`Addr::NONE`].
    pub shown: Addr,
    /// How they relate.
    pub shape: Shape,
}

impl Ends {
    /// The ends of a record.
    #[inline]
    #[must_use]
    pub fn of(record: &FlowRecord) -> Self {
        let (src, dst) = (record.src, record.dst);
        if record.pkt_src.is_none() && record.pkt_dst.is_none() {
            return Self { from: src, to: dst, shown: Addr::NONE, shape: Shape::NoPkt };
        }
        let (from, to) = (record.pkt_src.unwrap_or(src), record.pkt_dst.unwrap_or(dst));
        let (shape, shown) = match (from == src, to == dst) {
            (true, true) => (Shape::Plain, Addr::NONE),
            (true, false) => (Shape::DstShown, dst),
            (false, true) => (Shape::SrcShown, src),
            (false, false) => (Shape::BothShown, dst),
        };
        Self { from, to, shown, shape }
    }
}

/// The leg of a record of a zonal gateway's interface whose log has `pkt-*`; `None` where it cannot be told.
///
/// `own` says whether an address is one of the gateway's private addresses, `local` whether a client can have it.
/// A secondary address shows up as a shown primary on legs 2 and 3 too; where `own` does not know it, it gives itself away
/// by standing on the client's side of a remote that no client can be.
#[must_use]
pub fn zonal_leg(
    ends: Ends,
    direction: Direction,
    own: impl Fn(Addr) -> bool,
    local: impl Fn(Addr) -> bool,
) -> Option<Leg> {
    // NAT64: the packet's IPv6 remote stands only on the client's side (RFC 6146).
    if ends.to.is_nat64() {
        return Some(Leg::ClientToNat);
    }
    if ends.from.is_nat64() {
        return Some(Leg::NatToClient);
    }
    if own(ends.from) {
        return Some(Leg::NatToRemote);
    }
    if own(ends.to) {
        return Some(Leg::RemoteToNat);
    }
    match ends.shape {
        Shape::DstShown if !local(ends.from) && local(ends.to) => Some(Leg::RemoteToNat),
        Shape::DstShown => Some(Leg::ClientToNat),
        Shape::SrcShown if !local(ends.to) && local(ends.from) => Some(Leg::NatToRemote),
        Shape::SrcShown => Some(Leg::NatToClient),
        Shape::Plain | Shape::NoPkt | Shape::BothShown => match direction {
            Direction::Egress => Some(Leg::NatToRemote),
            Direction::Ingress => Some(Leg::RemoteToNat),
            Direction::Unknown => None,
        },
    }
}

/// The leg of a record of a zonal gateway's interface in a log without `pkt-*`; `None` where neither end is the gateway.
///
/// `client` says whether an address is on the private side (product contract: a known VPC's, or without inventory a private one).
#[must_use]
pub fn zonal_leg_without_pkt(ends: Ends, own: impl Fn(Addr) -> bool, client: impl Fn(Addr) -> bool) -> Option<Leg> {
    // NAT64: on the client's side stands the address that it sent to, and not the gateway's, which has none of IPv6.
    if ends.to.is_nat64() {
        return Some(Leg::ClientToNat);
    }
    if ends.from.is_nat64() {
        return Some(Leg::NatToClient);
    }
    if own(ends.from) {
        return Some(if client(ends.to) { Leg::NatToClient } else { Leg::NatToRemote });
    }
    own(ends.to).then(|| if client(ends.from) { Leg::ClientToNat } else { Leg::RemoteToNat })
}

/// Whether neither end of a regional gateway's record is a known address of the gateway or one that a client can have. One of them is the
/// address of a client in public space that nobody described, or one that the gateway had for a while: it takes and releases
/// addresses as it grows and shrinks (VPC user guide, "Regional NAT gateways"). Only the sums can tell.
#[must_use]
pub fn is_doubtful_regional(ends: Ends, public: &[Addr], local: impl Fn(Addr) -> bool) -> bool {
    let is_outside = |addr: Addr| !public.contains(&addr) && !addr.is_nat64() && !local(addr);
    is_outside(ends.from) && is_outside(ends.to)
}

/// The leg of a record of a regional gateway, which has no interface and whose records show real addresses; `None` where it
/// cannot be told. Legs 1 and 4 are those where neither side is one of the gateway's public addresses. `are_clients` says what
/// [`is_doubtful_regional`] leaves open.
#[must_use]
pub fn regional_leg(
    ends: Ends,
    direction: Direction,
    public: &[Addr],
    local: impl Fn(Addr) -> bool,
    are_clients: bool,
) -> Option<Leg> {
    let public = |addr: Addr| public.contains(&addr);
    if public(ends.from) {
        return Some(Leg::NatToRemote);
    }
    if public(ends.to) {
        return Some(Leg::RemoteToNat);
    }
    // NAT64: the side that stands in for an IPv4 host is the remote, whatever the client's address looks like.
    match (ends.from.is_nat64(), ends.to.is_nat64()) {
        (false, true) => return Some(Leg::ClientToNat),
        (true, false) => return Some(Leg::NatToClient),
        _ => {}
    }
    match (!local(ends.from), !local(ends.to)) {
        (false, true) => Some(Leg::ClientToNat),
        (true, false) => Some(Leg::NatToClient),
        // A public address of the gateway that nobody named.
        (true, true) if !are_clients => match direction {
            Direction::Egress => Some(Leg::NatToRemote),
            Direction::Ingress => Some(Leg::RemoteToNat),
            Direction::Unknown => None,
        },
        // A client in public address space, or both private: a remote behind a transit gateway or VPN.
        (true, true) | (false, false) => match direction {
            Direction::Ingress => Some(Leg::ClientToNat),
            Direction::Egress => Some(Leg::NatToClient),
            Direction::Unknown => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> Addr {
        Addr::parse(text.as_bytes()).expect("an address")
    }

    fn ends(src: &str, dst: &str, pkt_src: &str, pkt_dst: &str) -> Ends {
        let (src, dst, from, to) = (addr(src), addr(dst), addr(pkt_src), addr(pkt_dst));
        let (shape, shown) = match (src == from, dst == to) {
            (true, true) => (Shape::Plain, Addr::NONE),
            (true, false) => (Shape::DstShown, dst),
            (false, true) => (Shape::SrcShown, src),
            (false, false) => (Shape::BothShown, dst),
        };
        Ends { from, to, shown, shape }
    }

    fn check(name: &str, row: [&str; 4], own: &[&str], expect: Option<Leg>) {
        let own: Vec<Addr> = own.iter().map(|a| addr(a)).collect();
        let [src, dst, pkt_src, pkt_dst] = row;
        let leg =
            zonal_leg(ends(src, dst, pkt_src, pkt_dst), Direction::Unknown, |a| own.contains(&a), Addr::is_private);
        assert_eq!(leg, expect, "{name}");
    }

    #[test]
    fn the_four_legs_of_the_aws_example() {
        let own = ["10.0.0.220"];
        check("1", ["10.0.1.5", "10.0.0.220", "10.0.1.5", "203.0.113.5"], &own, Some(Leg::ClientToNat));
        check("2", ["10.0.0.220", "203.0.113.5", "10.0.0.220", "203.0.113.5"], &own, Some(Leg::NatToRemote));
        check("3", ["203.0.113.5", "10.0.0.220", "203.0.113.5", "10.0.0.220"], &own, Some(Leg::RemoteToNat));
        check("4", ["10.0.0.220", "10.0.1.5", "203.0.113.5", "10.0.1.5"], &own, Some(Leg::NatToClient));
    }

    #[test]
    fn a_secondary_address_is_the_gateway_too() {
        for own in [&["10.0.0.220", "10.0.0.74"][..], &["10.0.0.220"]] {
            check("2", ["10.0.0.220", "203.0.113.5", "10.0.0.74", "203.0.113.5"], own, Some(Leg::NatToRemote));
            check("3", ["203.0.113.5", "10.0.0.220", "203.0.113.5", "10.0.0.74"], own, Some(Leg::RemoteToNat));
        }
    }

    #[test]
    fn nat64_clients_are_clients() {
        let own = ["10.0.0.220"];
        let (client, remote) = ("2600:1f18::5", "64:ff9b::cb00:7105");
        check("1", [client, remote, client, remote], &own, Some(Leg::ClientToNat));
        check("4", [remote, client, remote, client], &own, Some(Leg::NatToClient));
    }

    #[test]
    fn a_regional_gateway_is_told_by_its_public_address() {
        let public = [addr("107.22.182.139")];
        for (row, expect) in [
            (("10.0.1.5", "203.0.113.5"), Leg::ClientToNat),
            (("107.22.182.139", "203.0.113.5"), Leg::NatToRemote),
            (("203.0.113.5", "107.22.182.139"), Leg::RemoteToNat),
            (("203.0.113.5", "10.0.1.5"), Leg::NatToClient),
        ] {
            let ends = ends(row.0, row.1, row.0, row.1);
            let leg = regional_leg(ends, Direction::Unknown, &public, Addr::is_private, true);
            assert_eq!(leg, Some(expect), "{row:?}");
            assert!(!is_doubtful_regional(ends, &public, Addr::is_private), "{row:?}");
        }
    }

    #[test]
    fn two_public_ends_of_which_none_is_known_are_a_client_or_the_gateway() {
        let ends = ends("18.1.1.1", "203.0.113.5", "18.1.1.1", "203.0.113.5");
        assert!(is_doubtful_regional(ends, &[addr("107.22.182.139")], Addr::is_private));
        let leg = |direction, are_clients| regional_leg(ends, direction, &[], Addr::is_private, are_clients);
        assert_eq!(leg(Direction::Egress, false), Some(Leg::NatToRemote));
        assert_eq!(leg(Direction::Ingress, false), Some(Leg::RemoteToNat));
        assert_eq!(leg(Direction::Ingress, true), Some(Leg::ClientToNat));
        assert_eq!(leg(Direction::Egress, true), Some(Leg::NatToClient));
    }

    #[test]
    fn without_pkt_the_private_side_is_the_client() {
        let own = |a: Addr| a == addr("10.0.0.220");
        for (row, expect) in [
            (("10.0.1.5", "10.0.0.220"), Some(Leg::ClientToNat)),
            (("10.0.0.220", "203.0.113.5"), Some(Leg::NatToRemote)),
            (("203.0.113.5", "10.0.0.220"), Some(Leg::RemoteToNat)),
            (("10.0.0.220", "10.0.1.5"), Some(Leg::NatToClient)),
            (("10.0.1.5", "10.0.1.6"), None),
            (("2600:1f18::5", "64:ff9b::cb00:7105"), Some(Leg::ClientToNat)),
            (("64:ff9b::cb00:7105", "2600:1f18::5"), Some(Leg::NatToClient)),
        ] {
            let leg = zonal_leg_without_pkt(ends(row.0, row.1, row.0, row.1), own, Addr::is_private);
            assert_eq!(leg, expect, "{row:?}");
        }
    }
}
