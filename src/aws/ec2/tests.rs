//! Answers in the form of the EC2 API reference, beside what the AWS CLI prints of them.

use super::convert::{Page, page};
use super::{DESCRIBE, calls, merge};
use crate::aws::query::parse;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn read(xml: &str) -> Page {
    page(&parse(xml.as_bytes()).expect("XML"))
}

fn check(what: &str, inner: &str, expect: &Value) {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>1</requestId>{inner}</R>"
    );
    assert_eq!(Value::Object(read(&xml).values), *expect, "{what}");
}

#[test]
fn answers_become_what_the_aws_cli_prints() {
    check(
        "NAT gateways",
        "<natGatewaySet><item><subnetId>subnet-1a</subnetId><natGatewayAddressSet><item>
           <networkInterfaceId>eni-1</networkInterfaceId><publicIp>198.18.125.129</publicIp><isPrimary>true</isPrimary>
           <privateIp>10.0.2.147</privateIp></item></natGatewayAddressSet><createTime>2015-11-25T14:00:55.416Z</createTime>
           <vpcId>vpc-1</vpcId><natGatewayId>nat-1</natGatewayId><state>available</state><tagSet><item><key>Name</key>
           <value>a &amp; b</value></item></tagSet></item></natGatewaySet>",
        &json!({"NatGateways": [{
            "SubnetId": "subnet-1a",
            "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-1", "PublicIp": "198.18.125.129", "IsPrimary": true, "PrivateIp": "10.0.2.147"}],
            "CreateTime": "2015-11-25T14:00:55.416Z", "VpcId": "vpc-1", "NatGatewayId": "nat-1", "State": "available",
            "Tags": [{"Key": "Name", "Value": "a & b"}],
        }]}),
    );
    check(
        "interfaces have TagSet, and numbers that are none",
        "<networkInterfaceSet><item><ownerId>012345678901</ownerId><sourceDestCheck>false</sourceDestCheck><description/>
           <groupSet/><attachment><deviceIndex>1</deviceIndex><instanceOwnerId>amazon-aws</instanceOwnerId>
           <deleteOnTermination>false</deleteOnTermination></attachment><tagSet/><operator/><association><publicIp>1.2.3.4</publicIp>
           <publicDnsName>h</publicDnsName></association><privateIpAddressesSet><item><privateIpAddress>10.0.0.1</privateIpAddress>
           <primary>true</primary></item></privateIpAddressesSet></item></networkInterfaceSet>",
        &json!({"NetworkInterfaces": [{
            "OwnerId": "012345678901", "SourceDestCheck": false, "Description": "", "Groups": [],
            "Attachment": {"DeviceIndex": 1, "InstanceOwnerId": "amazon-aws", "DeleteOnTermination": false},
            "TagSet": [], "Operator": {}, "Association": {"PublicIp": "1.2.3.4", "PublicDnsName": "h"},
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.1", "Primary": true}],
        }]}),
    );
    check(
        "instances have names of their own",
        "<reservationSet><item><ownerId>1</ownerId><groupSet/><instancesSet><item><instanceId>i-1</instanceId>
           <instanceState><code>16</code><name>running</name></instanceState><dnsName/><reason/><ipAddress>1.2.3.4</ipAddress>
           <groupSet><item><groupId>sg-1</groupId><groupName>x</groupName></item></groupSet><productCodes><item>
           <productCode>p</productCode><type>marketplace</type></item></productCodes><placement>
           <availabilityZone>us-east-1a</availabilityZone></placement><stateReason><code>Server</code></stateReason>
           <networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><groupSet/></item></networkInterfaceSet>
           <tagSet><item><key>team</key><value/></item></tagSet></item></instancesSet></item></reservationSet>",
        &json!({"Reservations": [{"OwnerId": "1", "Groups": [], "Instances": [{
            "InstanceId": "i-1", "State": {"Code": 16, "Name": "running"}, "PublicDnsName": "", "StateTransitionReason": "",
            "PublicIpAddress": "1.2.3.4", "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "x"}],
            "ProductCodes": [{"ProductCodeId": "p", "ProductCodeType": "marketplace"}],
            "Placement": {"AvailabilityZone": "us-east-1a"}, "StateReason": {"Code": "Server"},
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "Groups": []}], "Tags": [{"Key": "team", "Value": ""}],
        }]}]}),
    );
}

#[test]
fn lists_of_texts_and_what_is_new_are_kept() {
    check(
        "route tables",
        "<routeTableSet><item><routeTableId>rtb-1</routeTableId><routeSet><item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>
           <natGatewayId>nat-1</natGatewayId><ipAddress>10.0.0.1</ipAddress><state>active</state></item></routeSet><associationSet>
           <item><main>true</main><associationState><state>associated</state></associationState></item></associationSet>
           <propagatingVgwSet/></item></routeTableSet>",
        &json!({"RouteTables": [{
            "RouteTableId": "rtb-1",
            "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "IpAddress": "10.0.0.1", "State": "active"}],
            "Associations": [{"Main": true, "AssociationState": {"State": "associated"}}],
            "PropagatingVgws": [],
        }]}),
    );
    check(
        "endpoint services: a list of types with a type each, lists of texts",
        "<serviceDetailSet><item><serviceName>com.amazonaws.us-east-1.sqs</serviceName><serviceType><item>
           <serviceType>Interface</serviceType></item></serviceType><availabilityZoneSet><item>us-east-1a</item>
           <item>us-east-1b</item></availabilityZoneSet><privateDnsNameSet><item><privateDnsName>d</privateDnsName></item>
           </privateDnsNameSet><vpcEndpointPolicySupported>true</vpcEndpointPolicySupported></item></serviceDetailSet>
         <serviceNameSet><item>com.amazonaws.us-east-1.sqs</item></serviceNameSet>",
        &json!({
            "ServiceDetails": [{
                "ServiceName": "com.amazonaws.us-east-1.sqs", "ServiceType": [{"ServiceType": "Interface"}],
                "AvailabilityZones": ["us-east-1a", "us-east-1b"], "PrivateDnsNames": [{"PrivateDnsName": "d"}],
                "VpcEndpointPolicySupported": true,
            }],
            "ServiceNames": ["com.amazonaws.us-east-1.sqs"],
        }),
    );
    check(
        "what is newer than the tables",
        "<vpcSet><item><vpcId>vpc-1</vpcId><newThing><level>7</level></newThing><newSet><item>x</item></newSet></item></vpcSet>",
        &json!({"Vpcs": [{"VpcId": "vpc-1", "NewThing": {"Level": "7"}, "NewSet": ["x"]}]}),
    );
    check(
        "flow logs",
        "<flowLogSet><item><flowLogId>fl-1</flowLogId><maxAggregationInterval>600</maxAggregationInterval><destinationOptions>
           <fileFormat>parquet</fileFormat><perHourPartition>true</perHourPartition></destinationOptions></item></flowLogSet>",
        &json!({"FlowLogs": [{
            "FlowLogId": "fl-1", "MaxAggregationInterval": 600,
            "DestinationOptions": {"FileFormat": "parquet", "PerHourPartition": true},
        }]}),
    );
    check("nothing", "<prefixListSet/>", &json!({"PrefixLists": []}));
}

#[test]
fn the_next_page_is_no_value() {
    let found = read("<R><vpcSet/><nextToken>t</nextToken></R>");
    assert_eq!((found.next.as_deref(), found.values.len()), (Some("t"), 1));
    assert_eq!(read("<R><vpcSet/><nextToken/></R>").next, None);
}

#[test]
fn pages_are_one_list() {
    let map = |value: Value| value.as_object().cloned().unwrap_or_default();
    let mut whole = Map::new();
    for page in [json!({"A": [1], "B": []}), json!({"A": [2]}), json!({"A": [], "B": [3]})] {
        merge(&mut whole, map(page));
    }
    assert_eq!(Value::Object(whole), json!({"A": [1, 2], "B": [3]}));
}

#[test]
fn calls_only_read_and_each_has_its_file() {
    let read_only = |action: &str| action.starts_with("ec2:Describe") || action.starts_with("ec2:Get");
    assert!(calls().all(|call| read_only(call.action) && !call.purpose.is_empty()));
    let commands: BTreeSet<&str> = DESCRIBE.iter().map(|describe| describe.command).collect();
    assert_eq!(commands.len(), DESCRIBE.len());
}
