//! `inventory/`: the account as `aws ec2 describe-*` prints it.

use super::SimulateError;
use super::account::{Account, Gateway, HUB, Interface, Owner, Subnet, Target, Tier, ZONES};
use super::logs::{FlowLog, Scope};
use super::options::{Format, Layout};
use super::pods::POD_CIDR;
use super::random::mix;
use super::text::log_format;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::Path;

/// When everything was made, long before the month.
pub(super) const CREATED: &str = "2026-01-12T09:30:00.000Z";

/// Writes a JSON document.
pub(super) fn write_json(path: &Path, value: &Value) -> Result<(), SimulateError> {
    let io = |source| SimulateError::Io { path: path.to_owned(), source };
    let mut file = super::objects::create(path)?;
    serde_json::to_writer_pretty(&mut file, value).map_err(|e| io(e.into()))?;
    file.write_all(b"\n").and_then(|()| file.flush()).map_err(io)
}

/// Writes all files of `inventory/`.
pub(super) fn write(account: &Account, folder: &Path) -> Result<(), SimulateError> {
    let of = |items: Vec<Value>, key: &str, file: &str| {
        let mut document = Map::new();
        document.insert(key.to_owned(), Value::Array(items));
        write_json(&folder.join(format!("{file}.json")), &Value::Object(document))
    };
    of(account.gateways.iter().map(|g| gateway(account, g)).collect(), "NatGateways", "describe-nat-gateways")?;
    let real = account.interfaces.iter().filter(|i| i.id != "-");
    of(real.map(|i| interface(account, i)).collect(), "NetworkInterfaces", "describe-network-interfaces")?;
    of((0..account.vpcs.len()).map(|v| vpc(account, v)).collect(), "Vpcs", "describe-vpcs")?;
    of(
        account.subnets.iter().enumerate().map(|(i, s)| subnet(account, i, s)).collect(),
        "Subnets",
        "describe-subnets",
    )?;
    of((0..account.tables.len()).map(|t| table(account, t)).collect(), "RouteTables", "describe-route-tables")?;
    of(super::endpoints::described(account), "VpcEndpoints", "describe-vpc-endpoints")?;
    of(account.logs.iter().map(|l| flow_log(account, l)).collect(), "FlowLogs", "describe-flow-logs")?;
    of(attachments(account), "TransitGatewayAttachments", "describe-transit-gateway-attachments")?;
    of(instances(account), "Reservations", "describe-instances")?;
    if let Some(cluster) = &account.cluster {
        write_json(&folder.join("kubectl-get-pods.json"), &cluster.described(account))?;
    }
    let lists = [
        (account.place.s3_list, "s3", account.place.s3),
        (account.place.dynamodb_list, "dynamodb", account.place.dynamodb),
    ];
    let full = |service: &str| format!("com.amazonaws.{}.{service}", account.place.region);
    let managed = lists.iter().map(|(id, service, _)| {
        json!({
            "PrefixListId": id,
            "PrefixListName": full(service),
            "AddressFamily": "IPv4",
            "State": "create-complete",
            "PrefixListArn": format!("arn:aws:ec2:{}:aws:prefix-list/{id}", account.place.region),
            "Tags": [],
            "OwnerId": "AWS",
        })
    });
    of(managed.collect(), "PrefixLists", "describe-managed-prefix-lists")?;
    let plain = lists
        .iter()
        .map(|(id, service, cidrs)| json!({"PrefixListId": id, "PrefixListName": full(service), "Cidrs": cidrs}));
    of(plain.collect(), "PrefixLists", "describe-prefix-lists")?;
    for (id, _, cidrs) in lists {
        let entries = cidrs.iter().map(|cidr| json!({"Cidr": cidr})).collect();
        of(entries, "Entries", &format!("get-managed-prefix-list-entries.{id}"))?;
    }
    Ok(())
}

/// The `Name` tag.
pub(super) fn name_tag(name: &str) -> Value {
    json!([{"Key": "Name", "Value": name}])
}

/// A stable id that follows from another one.
pub(super) fn derived(prefix: &str, from: &str) -> String {
    let seed = from.bytes().fold(0, |sum, byte| mix(sum ^ u64::from(byte)));
    format!("{prefix}0{seed:016x}")
}

fn gateway(account: &Account, gateway: &Gateway) -> Value {
    let interface = &account.interfaces[gateway.interface];
    let mut document = json!({
        "NatGatewayId": gateway.id,
        "VpcId": account.vpcs[gateway.vpc].id,
        "State": "available",
        "CreateTime": CREATED,
        "ConnectivityType": if gateway.public.is_empty() { "private" } else { "public" },
        "Tags": name_tag(&gateway.name),
    });
    let mut addresses = Vec::new();
    if gateway.regional {
        for (zone, public) in gateway.public.iter().enumerate() {
            let public = public.to_string();
            addresses.push(json!({
                "AllocationId": derived("eipalloc-", &public), "AssociationId": derived("eipassoc-", &public),
                "PublicIp": public, "Status": "succeeded",
                "AvailabilityZone": account.zone_name(zone), "AvailabilityZoneId": account.zone_id(zone),
            }));
        }
        document["AvailabilityMode"] = json!("regional");
        document["AutoScalingIps"] = json!("enabled");
        document["AutoProvisionZones"] = json!("enabled");
    } else {
        let mut private = vec![interface.primary];
        private.extend(interface.secondary);
        for (at, address) in private.iter().enumerate() {
            let mut entry = json!({
                "NetworkInterfaceId": interface.id, "PrivateIp": address.to_string(), "IsPrimary": at == 0,
                "Status": "succeeded",
            });
            if let Some(public) = gateway.public.get(at) {
                let public = public.to_string();
                entry["AllocationId"] = json!(derived("eipalloc-", &public));
                entry["AssociationId"] = json!(derived("eipassoc-", &public));
                entry["PublicIp"] = json!(public);
            }
            addresses.push(entry);
        }
        document["AvailabilityMode"] = json!("zonal");
        document["SubnetId"] = json!(account.subnets[gateway.subnet].id);
    }
    document["NatGatewayAddresses"] = Value::Array(addresses);
    document
}

fn interface(account: &Account, of: &Interface) -> Value {
    let subnet = &account.subnets[of.subnet];
    let (kind, description, public) = match of.owner {
        Owner::Nat(gateway) => {
            let gateway = &account.gateways[gateway];
            ("nat_gateway", format!("Interface for NAT Gateway {}", gateway.id), gateway.public.clone())
        }
        Owner::Transit => {
            ("transit_gateway", "Network Interface for Transit Gateway Attachment".to_owned(), Vec::new())
        }
        Owner::Endpoint(endpoint) => {
            ("vpc_endpoint", format!("VPC Endpoint Interface {}", account.endpoints[endpoint].id), Vec::new())
        }
        Owner::Client | Owner::RegionalNat(_) => ("interface", String::new(), Vec::new()),
    };
    let client = of.owner == Owner::Client;
    let mut private = vec![of.primary];
    private.extend(of.secondary);
    let entry = |(at, address): (usize, &crate::model::addr::Addr)| {
        let mut entry = json!({"Primary": at == 0, "PrivateIpAddress": address.to_string()});
        if let Some(public) = public.get(at) {
            entry["Association"] = json!({"IpOwnerId": account.id, "PublicIp": public.to_string()});
        }
        entry
    };
    let mut document = json!({
        "NetworkInterfaceId": of.id,
        "InterfaceType": kind,
        "Description": description,
        "OwnerId": account.id,
        "RequesterManaged": !client,
        "SourceDestCheck": !matches!(of.owner, Owner::Nat(_)),
        "Status": "in-use",
        "VpcId": account.vpcs[of.vpc].id,
        "SubnetId": subnet.id,
        "AvailabilityZone": account.zone_name(subnet.zone),
        "AvailabilityZoneId": account.zone_id(subnet.zone),
        "PrivateIpAddress": of.primary.to_string(),
        "PrivateIpAddresses": private.iter().enumerate().map(entry).collect::<Vec<_>>(),
        "Ipv6Addresses": of.v6.iter().map(|v6| json!({"Ipv6Address": v6.to_string()})).collect::<Vec<_>>(),
        "Groups": [],
        "TagSet": [],
        "Attachment": {
            "AttachmentId": derived("eni-attach-", &of.id),
            "AttachTime": CREATED,
            "DeleteOnTermination": client,
            "DeviceIndex": i32::from(!client),
            "InstanceOwnerId": if client { account.id.as_str() } else { "amazon-aws" },
            "Status": "attached",
        },
    });
    if client {
        document["Attachment"]["InstanceId"] = json!(of.instance);
        document["Groups"] = json!([{"GroupName": "app", "GroupId": derived("sg-", &account.vpcs[of.vpc].id)}]);
    }
    if let Some(first) = public.first() {
        document["Association"] = json!({"IpOwnerId": account.id, "PublicIp": first.to_string()});
    }
    document
}

fn dual_stack(account: &Account) -> bool {
    account.interfaces.iter().any(|i| i.v6.is_some())
}

fn vpc(account: &Account, index: usize) -> Value {
    let vpc = &account.vpcs[index];
    let cidr = format!("10.{}.0.0/16", vpc.octet);
    let mut document = json!({
        "VpcId": vpc.id,
        "OwnerId": account.id,
        "State": "available",
        "InstanceTenancy": "default",
        "IsDefault": false,
        "DhcpOptionsId": derived("dopt-", &vpc.id),
        "CidrBlock": cidr,
        "CidrBlockAssociationSet": [{
            "AssociationId": derived("vpc-cidr-assoc-", &vpc.id), "CidrBlock": cidr, "CidrBlockState": {"State": "associated"},
        }],
        "Tags": name_tag(vpc.name),
    });
    if account.cluster.as_ref().is_some_and(|cluster| cluster.vpc == index)
        && let Some(blocks) = document["CidrBlockAssociationSet"].as_array_mut()
    {
        blocks.push(json!({
            "AssociationId": derived("vpc-cidr-assoc-", &format!("{}-pods", vpc.id)), "CidrBlock": POD_CIDR,
            "CidrBlockState": {"State": "associated"},
        }));
    }
    if dual_stack(account) {
        document["Ipv6CidrBlockAssociationSet"] = json!([{
            "AssociationId": derived("vpc-cidr-assoc-", &vpc.name.repeat(2)),
            "Ipv6CidrBlock": account.v6_cidr(index, None),
            "Ipv6CidrBlockState": {"State": "associated"},
        }]);
    }
    document
}

fn subnet(account: &Account, index: usize, subnet: &Subnet) -> Value {
    let vpc = &account.vpcs[subnet.vpc];
    let tier = match subnet.tier {
        Tier::Public => "public",
        Tier::Private => "private",
        Tier::Transit => "transit",
    };
    let v6 = if dual_stack(account) {
        json!([{
            "AssociationId": derived("subnet-cidr-assoc-", &subnet.id),
            "Ipv6CidrBlock": account.v6_cidr(subnet.vpc, Some(index)),
            "Ipv6CidrBlockState": {"State": "associated"},
        }])
    } else {
        json!([])
    };
    json!({
        "SubnetId": subnet.id,
        "SubnetArn": format!("arn:aws:ec2:{}:{}:subnet/{}", account.place.region, account.id, subnet.id),
        "VpcId": vpc.id,
        "OwnerId": account.id,
        "State": "available",
        "AvailabilityZone": account.zone_name(subnet.zone),
        "AvailabilityZoneId": account.zone_id(subnet.zone),
        "CidrBlock": subnet.cidr,
        "Ipv6CidrBlockAssociationSet": v6,
        "DefaultForAz": false,
        "MapPublicIpOnLaunch": false,
        "EnableDns64": dual_stack(account) && subnet.tier == Tier::Private,
        "Tags": name_tag(&format!("{}-{tier}-{}", vpc.name, account.zone_id(subnet.zone))),
    })
}

fn table(account: &Account, index: usize) -> Value {
    let table = &account.tables[index];
    let mut associations: Vec<Value> = account
        .subnets
        .iter()
        .filter(|s| s.table == Some(index))
        .map(|s| {
            json!({
                "Main": false, "RouteTableAssociationId": derived("rtbassoc-", &s.id), "RouteTableId": table.id,
                "SubnetId": s.id, "AssociationState": {"State": "associated"},
            })
        })
        .collect();
    if table.main {
        associations.push(json!({
            "Main": true, "RouteTableAssociationId": derived("rtbassoc-", &table.id), "RouteTableId": table.id,
            "AssociationState": {"State": "associated"},
        }));
    }
    let route = |(destination, target): &(String, Target)| {
        let key = match destination {
            d if d.starts_with("pl-") => "DestinationPrefixListId",
            d if d.contains(':') => "DestinationIpv6CidrBlock",
            _ => "DestinationCidrBlock",
        };
        let (via, id) = match target {
            Target::Local => ("GatewayId", "local".to_owned()),
            Target::Internet => ("GatewayId", derived("igw-", &account.vpcs[table.vpc].id)),
            Target::Nat(gateway) => ("NatGatewayId", account.gateways[*gateway].id.clone()),
            Target::TransitGateway => ("TransitGatewayId", account.transit_gateway.clone()),
            Target::S3Endpoint => ("GatewayId", account.s3_endpoint.clone()),
        };
        let origin = if *target == Target::Local { "CreateRouteTable" } else { "CreateRoute" };
        let mut route = json!({"Origin": origin, "State": "active"});
        route[key] = json!(destination);
        route[via] = json!(id);
        route
    };
    json!({
        "RouteTableId": table.id,
        "VpcId": account.vpcs[table.vpc].id,
        "OwnerId": account.id,
        "Associations": associations,
        "PropagatingVgws": [],
        "Routes": table.routes.iter().map(route).collect::<Vec<_>>(),
        "Tags": name_tag(&table.name),
    })
}

fn flow_log(account: &Account, log: &FlowLog) -> Value {
    let resource = match log.scope {
        Scope::Interface(i) => {
            let of = &account.interfaces[i];
            if of.id == "-" { &of.resource } else { &of.id }
        }
        Scope::Subnet(s) => &account.subnets[s].id,
        Scope::Vpc(v) => &account.vpcs[v].id,
    };
    let mut document = json!({
        "FlowLogId": log.id,
        "FlowLogStatus": "ACTIVE",
        "DeliverLogsStatus": "SUCCESS",
        "CreationTime": CREATED,
        "ResourceId": resource,
        "TrafficType": "ALL",
        "MaxAggregationInterval": 60,
        "LogFormat": log_format(&log.fields),
        "Tags": [],
    });
    let group = format!("/vpc/flow-logs/{}", log.id);
    match log.format {
        Format::CloudwatchExport | Format::Subscription => {
            document["LogDestinationType"] = json!("cloud-watch-logs");
            document["LogGroupName"] = json!(group);
        }
        Format::Firehose | Format::FirehoseLines => {
            let stream = format!("arn:aws:firehose:{}:{}:deliverystream/natlens", account.place.region, account.id);
            document["LogDestinationType"] = json!("kinesis-data-firehose");
            document["LogDestination"] = json!(stream);
        }
        _ => {
            let parquet = matches!(log.format, Format::Parquet | Format::ParquetSnappy);
            document["LogDestinationType"] = json!("s3");
            document["LogDestination"] = json!(format!("arn:aws:s3:::flow-logs-{}", account.id));
            document["DestinationOptions"] = json!({
                "FileFormat": if parquet { "parquet" } else { "plain-text" },
                "HiveCompatiblePartitions": matches!(log.layout, Layout::Hive | Layout::HiveHourly),
                "PerHourPartition": matches!(log.layout, Layout::Hourly | Layout::HiveHourly),
            });
        }
    }
    document
}

/// The VPCs that hang on the transit gateway.
pub(super) fn attached(account: &Account) -> impl Iterator<Item = (String, usize)> {
    (HUB..account.vpcs.len()).map(|vpc| (derived("tgw-attach-", &account.vpcs[vpc].id), vpc))
}

fn attachments(account: &Account) -> Vec<Value> {
    let row = |(id, vpc): (String, usize)| {
        json!({
            "TransitGatewayAttachmentId": id,
            "TransitGatewayId": account.transit_gateway,
            "TransitGatewayOwnerId": account.id,
            "ResourceOwnerId": account.id,
            "ResourceType": "vpc",
            "ResourceId": account.vpcs[vpc].id,
            "State": "available",
            "Association": {
                "TransitGatewayRouteTableId": derived("tgw-rtb-", &account.transit_gateway), "State": "associated",
            },
            "CreationTime": CREATED,
            "Tags": name_tag(account.vpcs[vpc].name),
        })
    };
    attached(account).map(row).collect()
}

fn instances(account: &Account) -> Vec<Value> {
    let row = |(number, client): (usize, &super::account::Client)| {
        // As in most accounts, not everything is tagged.
        let (role, team) = [("app", Some("storefront")), ("worker", Some("data")), ("batch", None)][number % ZONES];
        let name = format!("{}-{role}-{number}", account.vpcs[client.vpc].name);
        let team = team.map(|team| json!({"Key": "team", "Value": team}));
        let tags: Vec<Value> = [json!({"Key": "Name", "Value": name})].into_iter().chain(team).collect();
        json!({
            "ReservationId": derived("r-", &client.instance),
            "OwnerId": account.id,
            "Groups": [],
            "Instances": [{
                "InstanceId": client.instance,
                "InstanceType": "m7g.xlarge",
                "LaunchTime": CREATED,
                "State": {"Code": 16, "Name": "running"},
                "Placement": {"AvailabilityZone": account.zone_name(client.zone), "Tenancy": "default"},
                "PrivateIpAddress": client.addr.to_string(),
                "VpcId": account.vpcs[client.vpc].id,
                "SubnetId": account.subnets[client.subnet].id,
                "Tags": tags,
            }],
        })
    };
    account.clients.iter().enumerate().map(row).collect()
}
