//! The synthetic account: VPCs, subnets, route tables, NAT gateways, interfaces, clients. Built once, then read only.

use super::destinations::Destinations;
use super::endpoints::Endpoint;
use super::logs::FlowLog;
use super::options::{Options, Vantage};
use super::places::Place;
use super::pods::Cluster;
use super::random::{Rng, Weights};
use crate::model::addr::Addr;

/// What an interface belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Nat(usize),
    /// Not an interface at all: the records carry the gateway's `resource-id`.
    RegionalNat(usize),
    Client,
    Transit,
    Endpoint(usize),
}

/// A network interface, or a regional NAT gateway in its place.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub(super) id: String,
    /// `resource-id` of its records.
    pub(super) resource: String,
    pub(super) owner: Owner,
    pub(super) vpc: usize,
    pub(super) subnet: usize,
    /// Subnet as its records show it.
    pub(super) subnet_id: String,
    pub(super) instance: String,
    pub(super) primary: Addr,
    pub(super) secondary: Option<Addr>,
    pub(super) v6: Option<Addr>,
    /// The flow logs that hold its records.
    pub(super) logs: Vec<usize>,
}

impl Interface {
    /// The value of `interface-type`.
    pub(super) const fn kind(&self) -> &'static str {
        match self.owner {
            Owner::Nat(_) => "nat_gateway",
            Owner::RegionalNat(_) => "regional_nat_gateway",
            Owner::Client => "-",
            Owner::Transit => "transit_gateway",
            Owner::Endpoint(_) => "vpc_endpoint",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Vpc {
    pub(super) id: String,
    pub(super) name: &'static str,
    /// Second octet of its `10.x.0.0/16`.
    pub(super) octet: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    Public,
    Private,
    Transit,
}

#[derive(Clone, Debug)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) vpc: usize,
    /// Zone, from 0.
    pub(super) zone: usize,
    pub(super) tier: Tier,
    pub(super) cidr: String,
    /// Route table, or the VPC's main one.
    pub(super) table: Option<usize>,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Local,
    Internet,
    Nat(usize),
    TransitGateway,
    S3Endpoint,
}

#[derive(Clone, Debug)]
pub(super) struct RouteTable {
    pub(super) id: String,
    pub(super) vpc: usize,
    pub(super) name: String,
    pub(super) main: bool,
    /// Destination (a CIDR or a prefix list) and target.
    pub(super) routes: Vec<(String, Target)>,
}

#[derive(Clone, Debug)]
pub(super) struct Gateway {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) vpc: usize,
    pub(super) subnet: usize,
    pub(super) interface: usize,
    /// Public addresses: one, or one per zone of a regional gateway; none of a private one.
    pub(super) public: Vec<Addr>,
    pub(super) regional: bool,
}

/// An instance that talks.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) interface: usize,
    pub(super) vpc: usize,
    pub(super) zone: usize,
    pub(super) subnet: usize,
    pub(super) addr: Addr,
    pub(super) gateway: usize,
    /// Whether its route table sends S3 to the gateway endpoint.
    pub(super) s3_endpoint: bool,
    /// The transit gateway interfaces on its way, for a spoke: own VPC, hub.
    pub(super) transit: Option<[usize; 2]>,
    pub(super) instance: String,
}

/// The whole account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) place: &'static Place,
    pub(super) id: String,
    pub(super) vpcs: Vec<Vpc>,
    pub(super) subnets: Vec<Subnet>,
    pub(super) tables: Vec<RouteTable>,
    pub(super) gateways: Vec<Gateway>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) clients: Vec<Client>,
    pub(super) client_weights: Weights,
    pub(super) destinations: Destinations,
    pub(super) logs: Vec<FlowLog>,
    pub(super) transit_gateway: String,
    pub(super) s3_endpoint: String,
    /// The interface endpoints.
    pub(super) endpoints: Vec<Endpoint>,
    /// The NAT gateway that nothing uses.
    pub(super) idle: Option<usize>,
    pub(super) private_nat: Option<usize>,
    /// The Kubernetes cluster on some of the clients.
    pub(super) cluster: Option<Cluster>,
}

pub(super) const SHOP: usize = 0;
pub(super) const ANALYTICS: usize = 1;
pub(super) const HUB: usize = 2;
const NAMES: [(&str, u8); 5] = [("shop", 20), ("analytics", 30), ("hub", 40), ("ml", 50), ("batch", 60)];
pub(super) const ZONES: usize = 3;
const LETTERS: [&str; ZONES] = ["a", "b", "c"];

impl Account {
    /// Availability zone id, `use1-az1`.
    pub(super) fn zone_id(&self, zone: usize) -> String {
        format!("{}-az{}", self.place.zone_prefix, [4, 6, 1][zone])
    }

    /// Availability zone name, `us-east-1a`.
    pub(super) fn zone_name(&self, zone: usize) -> String {
        format!("{}{}", self.place.region, LETTERS[zone])
    }

    pub(super) fn v6_cidr(&self, vpc: usize, subnet: Option<usize>) -> String {
        let octet = self.vpcs[vpc].octet;
        subnet
            .map_or_else(|| format!("2600:1f18:10{octet}:ab00::/56"), |s| format!("2600:1f18:10{octet}:ab{s:02x}::/64"))
    }

    fn v6_address(&self, vpc: usize, subnet: usize, host: u32) -> Addr {
        let octet = self.vpcs[vpc].octet;
        let text = format!("2600:1f18:10{octet}:ab{subnet:02x}::{host:x}");
        Addr::parse(text.as_bytes()).expect("a well-formed IPv6 address")
    }

    /// The subnet of a VPC by tier and zone.
    pub(super) fn subnet(&self, vpc: usize, tier: Tier, zone: usize) -> usize {
        self.subnets
            .iter()
            .position(|s| s.vpc == vpc && s.tier == tier && s.zone == zone)
            .expect("every VPC has its tiers in every zone")
    }
}

/// Builds the account; a pure function of the options.
pub(super) fn build(options: &Options) -> Account {
    let mut rng = Rng::new(options.seed, 2);
    let place = options.region.place();
    let mut account = Account {
        place,
        id: format!("{:012}", rng.between(1_000_000_000, 999_999_999_999)),
        vpcs: Vec::new(),
        subnets: Vec::new(),
        tables: Vec::new(),
        gateways: Vec::new(),
        interfaces: Vec::new(),
        clients: Vec::new(),
        client_weights: Weights::zipf(usize::try_from(options.clients).unwrap_or(1)),
        destinations: Destinations::new(options, place),
        logs: Vec::new(),
        transit_gateway: rng.id("tgw-"),
        s3_endpoint: rng.id("vpce-"),
        endpoints: Vec::new(),
        idle: None,
        private_nat: None,
        cluster: None,
    };
    for (name, octet) in NAMES {
        account.vpcs.push(Vpc { id: rng.id("vpc-"), name, octet });
    }
    add_subnets(&mut account, &mut rng);
    add_gateways(&mut account, options, &mut rng);
    add_transit(&mut account, &mut rng);
    super::endpoints::add(&mut account, options.seed);
    add_tables(&mut account, options, &mut rng);
    add_clients(&mut account, options, &mut rng);
    super::logs::add(&mut account, options, &mut rng);
    if let Some(cluster) = super::pods::cluster(&account).filter(|_| options.pods) {
        for table in account.tables.iter_mut().filter(|table| table.vpc == cluster.vpc) {
            table.routes.push((super::pods::POD_CIDR.to_owned(), Target::Local));
        }
        account.cluster = Some(cluster);
    }
    account
}

fn add_subnets(account: &mut Account, rng: &mut Rng) {
    for vpc in 0..account.vpcs.len() {
        let octet = account.vpcs[vpc].octet;
        for zone in 0..ZONES {
            for (tier, cidr) in [
                (Tier::Public, format!("10.{octet}.{zone}.0/24")),
                (Tier::Private, format!("10.{octet}.{}.0/20", 16 * (zone + 1))),
                (Tier::Transit, format!("10.{octet}.200.{}/28", 16 * zone)),
            ] {
                account.subnets.push(Subnet { id: rng.id("subnet-"), vpc, zone, tier, cidr, table: None });
            }
        }
    }
}

fn host(account: &Account, subnet: usize, number: u32) -> Addr {
    let block = crate::model::addr::Cidr::parse(&account.subnets[subnet].cidr).expect("subnets hold CIDR blocks");
    Addr::from_v6(block.first().bits() + u128::from(number))
}

/// Adds an interface with an own address of a subnet; gives its number.
pub(super) fn add_interface(account: &mut Account, owner: Owner, subnet: usize, number: u32, rng: &mut Rng) -> usize {
    let vpc = account.subnets[subnet].vpc;
    account.interfaces.push(Interface {
        id: rng.id("eni-"),
        resource: "-".to_owned(),
        owner,
        vpc,
        subnet,
        subnet_id: account.subnets[subnet].id.clone(),
        instance: "-".to_owned(),
        primary: host(account, subnet, number),
        secondary: None,
        v6: None,
        logs: Vec::new(),
    });
    account.interfaces.len() - 1
}

fn add_gateways(account: &mut Account, options: &Options, rng: &mut Rng) {
    let regional = options.vantage == Vantage::Regional;
    if regional {
        for (vpc, name) in [(SHOP, "shop"), (ANALYTICS, "analytics"), (HUB, "hub")] {
            add_gateway(account, options, (vpc, 0), name.to_owned(), true, rng);
        }
        return;
    }
    for (zone, letter) in LETTERS.iter().enumerate() {
        add_gateway(account, options, (SHOP, zone), format!("shop-{letter}"), false, rng);
    }
    let analytics = add_gateway(account, options, (ANALYTICS, 0), "analytics".to_owned(), false, rng);
    let interface = account.gateways[analytics].interface;
    account.interfaces[interface].secondary = Some(host(account, account.gateways[analytics].subnet, 77));
    account.gateways[analytics].public.push(elastic_ip(account.place, rng));
    account.idle = Some(add_gateway(account, options, (ANALYTICS, 1), "analytics-old".to_owned(), false, rng));
    add_gateway(account, options, (HUB, 0), "hub".to_owned(), false, rng);
    if options.private_nat {
        let private = add_gateway(account, options, (ANALYTICS, 2), "analytics-office".to_owned(), false, rng);
        account.gateways[private].public.clear();
        account.private_nat = Some(private);
    }
}

fn elastic_ip(place: &Place, rng: &mut Rng) -> Addr {
    super::destinations::address_in(place.ec2[1], rng)
}

fn add_gateway(
    account: &mut Account,
    options: &Options,
    (vpc, zone): (usize, usize),
    name: String,
    regional: bool,
    rng: &mut Rng,
) -> usize {
    let index = account.gateways.len();
    let subnet = account.subnet(vpc, Tier::Public, zone);
    let id = rng.id("nat-");
    let owner = if regional { Owner::RegionalNat(index) } else { Owner::Nat(index) };
    let number = u32::try_from(rng.between(20, 60)).unwrap_or(20);
    let interface = add_interface(account, owner, subnet, number, rng);
    if regional {
        let interface = &mut account.interfaces[interface];
        interface.resource.clone_from(&id);
        "-".clone_into(&mut interface.id);
        "-".clone_into(&mut interface.subnet_id);
    } else if options.nat64 {
        account.interfaces[interface].v6 = Some(account.v6_address(vpc, subnet, 0x4a7));
    }
    let count = if regional { ZONES } else { 1 };
    let public = (0..count).map(|_| elastic_ip(account.place, rng)).collect();
    account.gateways.push(Gateway { id, name, vpc, subnet, interface, public, regional });
    index
}

fn add_transit(account: &mut Account, rng: &mut Rng) {
    for vpc in HUB..account.vpcs.len() {
        for zone in 0..2 {
            let subnet = account.subnet(vpc, Tier::Transit, zone);
            add_interface(account, Owner::Transit, subnet, 7, rng);
        }
    }
}

fn add_tables(account: &mut Account, options: &Options, rng: &mut Rng) {
    for vpc in 0..account.vpcs.len() {
        let name = account.vpcs[vpc].name;
        let local = vec![(format!("10.{}.0.0/16", account.vpcs[vpc].octet), Target::Local)];
        let mut main =
            RouteTable { id: rng.id("rtb-"), vpc, name: format!("{name}-main"), main: true, routes: local.clone() };
        let spoke = vpc > HUB;
        if vpc == HUB {
            main.routes.push(("0.0.0.0/0".to_owned(), Target::Nat(gateway_of(account, HUB, 0))));
        } else if spoke {
            main.routes.push(("0.0.0.0/0".to_owned(), Target::TransitGateway));
        }
        account.tables.push(main);
        if spoke {
            continue;
        }
        let mut public =
            RouteTable { name: format!("{name}-public"), main: false, id: rng.id("rtb-"), vpc, routes: local.clone() };
        public.routes.push(("0.0.0.0/0".to_owned(), Target::Internet));
        if vpc == HUB {
            public.routes.push(("10.0.0.0/8".to_owned(), Target::TransitGateway));
        }
        associate(account, public, |s| s.tier == Tier::Public);
        if vpc == HUB {
            continue;
        }
        for (zone, letter) in LETTERS.iter().enumerate() {
            let nat = gateway_of(account, vpc, zone);
            let mut routes = local.clone();
            routes.push(("0.0.0.0/0".to_owned(), Target::Nat(nat)));
            if options.nat64 {
                routes.push(("64:ff9b::/96".to_owned(), Target::Nat(nat)));
            }
            if let Some(private) = account.private_nat
                && vpc == ANALYTICS
            {
                routes.push(("10.200.0.0/16".to_owned(), Target::Nat(private)));
            }
            if vpc == SHOP && zone == 0 {
                routes.push((account.place.s3_list.to_owned(), Target::S3Endpoint));
            }
            let table =
                RouteTable { name: format!("{name}-private-{letter}"), main: false, id: rng.id("rtb-"), vpc, routes };
            associate(account, table, |s| s.tier == Tier::Private && s.zone == zone);
        }
    }
}

fn associate(account: &mut Account, table: RouteTable, takes: impl Fn(&Subnet) -> bool) {
    let (index, vpc) = (account.tables.len(), table.vpc);
    account.tables.push(table);
    for subnet in account.subnets.iter_mut().filter(|s| s.vpc == vpc && takes(s)) {
        subnet.table = Some(index);
    }
}

/// The gateway that a zone of a VPC uses: its own, else the first of the VPC.
fn gateway_of(account: &Account, vpc: usize, zone: usize) -> usize {
    let of_vpc = |g: &&Gateway| g.vpc == vpc;
    let own = |g: &&Gateway| g.vpc == vpc && vpc == SHOP && account.subnets[g.subnet].zone == zone;
    let gateway = account.gateways.iter().find(own).or_else(|| account.gateways.iter().find(of_vpc));
    gateway.map_or(0, |gateway| account.gateways.iter().position(|g| g.id == gateway.id).unwrap_or(0))
}

fn add_clients(account: &mut Account, options: &Options, rng: &mut Rng) {
    // Shares of the VPCs, by rank: heavy clients are everywhere.
    let cycle: &[usize] = match options.vantage {
        Vantage::Hub => &[3, 4],
        // A spoke's own route table names no NAT gateway, so instance records alone cannot attribute it.
        Vantage::Instance => &[SHOP, ANALYTICS],
        _ => &[SHOP, ANALYTICS, SHOP, 3, ANALYTICS, SHOP, SHOP, 4],
    };
    for k in 0..options.clients {
        let at = usize::try_from(k).unwrap_or(0);
        let vpc = cycle[at % cycle.len()];
        let zone = account.clients.iter().filter(|c| c.vpc == vpc).count() % ZONES;
        let subnet = account.subnet(vpc, Tier::Private, zone);
        let interface = add_interface(account, Owner::Client, subnet, 10 + k, rng);
        let instance = rng.id("i-");
        account.interfaces[interface].instance.clone_from(&instance);
        if options.nat64 && vpc < HUB && at % 3 == 0 {
            account.interfaces[interface].v6 = Some(account.v6_address(vpc, subnet, 0x1000 + k));
        }
        let spoke = vpc > HUB;
        account.clients.push(Client {
            interface,
            vpc,
            zone,
            subnet,
            addr: account.interfaces[interface].primary,
            gateway: gateway_of(account, if spoke { HUB } else { vpc }, zone),
            s3_endpoint: vpc == SHOP && zone == 0,
            transit: spoke.then(|| [transit_of(account, vpc), transit_of(account, HUB)]),
            instance,
        });
    }
}

/// The first of a VPC's two transit gateway interfaces; the second follows it.
fn transit_of(account: &Account, vpc: usize) -> usize {
    account.interfaces.iter().position(|i| i.owner == Owner::Transit && i.vpc == vpc).unwrap_or(0)
}
