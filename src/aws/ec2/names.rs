//! What AWS calls a thing in XML, and what the AWS CLI calls it in JSON.
//!
//! The rule is a capital first letter; these are what it does not say. Source: the EC2 API reference, response elements of the
//! operations of [`super::DESCRIBE`], beside the AWS CLI reference of the same commands.

/// Lists: their element, and their key in JSON.
const LISTS: &[(&str, &str)] = &[
    ("associatedSubnetSet", "AssociatedSubnets"),
    ("associationSet", "Associations"),
    ("attachedApplianceSet", "AttachedAppliances"),
    ("availabilityZoneIdSet", "AvailabilityZoneIds"),
    ("availabilityZoneSet", "AvailabilityZones"),
    ("baseEndpointDnsNameSet", "BaseEndpointDnsNames"),
    ("blockDeviceMapping", "BlockDeviceMappings"),
    ("cidrBlockAssociationSet", "CidrBlockAssociationSet"),
    ("dnsEntrySet", "DnsEntries"),
    ("elasticGpuAssociationSet", "ElasticGpuAssociations"),
    ("elasticInferenceAcceleratorAssociationSet", "ElasticInferenceAcceleratorAssociations"),
    ("entrySet", "Entries"),
    ("flowLogSet", "FlowLogs"),
    ("groupSet", "Groups"),
    ("instancesSet", "Instances"),
    ("ipPrefixSet", "IpPrefixes"),
    ("ipv4PrefixSet", "Ipv4Prefixes"),
    ("ipv6AddressesSet", "Ipv6Addresses"),
    ("ipv6CidrBlockAssociationSet", "Ipv6CidrBlockAssociationSet"),
    ("ipv6PrefixSet", "Ipv6Prefixes"),
    ("licenseSet", "Licenses"),
    ("metricCategoryIdSet", "MetricCategoryIds"),
    ("natGatewayAddressSet", "NatGatewayAddresses"),
    ("natGatewaySet", "NatGateways"),
    ("networkFirewallAssociationSet", "NetworkFirewallAssociations"),
    ("networkInterfaceIdSet", "NetworkInterfaceIds"),
    ("networkInterfaceSet", "NetworkInterfaces"),
    ("payerResponsibilitySet", "PayerResponsibilities"),
    ("prefixListSet", "PrefixLists"),
    ("privateDnsNameSet", "PrivateDnsNames"),
    ("privateDnsSpecifiedDomainSet", "PrivateDnsSpecifiedDomains"),
    ("privateIpAddressSet", "PrivateIpAddresses"),
    ("privateIpAddressesSet", "PrivateIpAddresses"),
    ("productCodes", "ProductCodes"),
    ("propagatingVgwSet", "PropagatingVgws"),
    ("reservationSet", "Reservations"),
    ("routeSet", "Routes"),
    ("routeTableIdSet", "RouteTableIds"),
    ("routeTableSet", "RouteTables"),
    ("secondaryInterfaceSet", "SecondaryInterfaces"),
    ("serviceDetailSet", "ServiceDetails"),
    ("serviceNameSet", "ServiceNames"),
    ("serviceType", "ServiceType"),
    ("subnetIdSet", "SubnetIds"),
    ("subnetIds", "SubnetIds"),
    ("subnetSet", "Subnets"),
    ("supportedIpAddressTypeSet", "SupportedIpAddressTypes"),
    ("tagFieldSpecificationSet", "TagFieldSpecifications"),
    ("tagKeySet", "TagKeys"),
    ("tagSet", "Tags"),
    ("transitGatewayAttachments", "TransitGatewayAttachments"),
    ("transitGatewayVpcAttachments", "TransitGatewayVpcAttachments"),
    ("vpcEndpointSet", "VpcEndpoints"),
    ("vpcSet", "Vpcs"),
];

/// Lists with another key where they stand in an element of another list.
const LISTS_WITHIN: &[(&str, &str, &str)] =
    &[("instancesSet", "groupSet", "SecurityGroups"), ("networkInterfaceSet", "tagSet", "TagSet")];

/// Truth values.
const BOOLEANS: &[&str] = &[
    "acceptanceRequired",
    "assignIpv6AddressOnCreation",
    "configured",
    "defaultForAz",
    "deleteOnTermination",
    "denyAllIgwTraffic",
    "ebsOptimized",
    "enaSrdEnabled",
    "enaSrdUdpEnabled",
    "enaSupport",
    "enableDns64",
    "enableResourceNameDnsAAAARecord",
    "enableResourceNameDnsARecord",
    "enabled",
    "hiddenByDefault",
    "hiveCompatiblePartitions",
    "ipamPrefixListResolverSyncEnabled",
    "ipv6Native",
    "isDefault",
    "isPrimary",
    "isPrimaryIpv6",
    "main",
    "managed",
    "managesVpcEndpoints",
    "mapCustomerOwnedIpOnLaunch",
    "mapPublicIpOnLaunch",
    "perHourPartition",
    "primary",
    "privateDnsEnabled",
    "privateDnsOnlyForInboundResolverEndpoint",
    "requesterManaged",
    "sourceDestCheck",
    "vpcEndpointPolicySupported",
];

/// Whole numbers.
const INTEGERS: &[&str] = &[
    "amiLaunchIndex",
    "availableIpAddressCount",
    "coreCount",
    "deviceIndex",
    "ebsCardIndex",
    "enaQueueCount",
    "enableLniAtDeviceIndex",
    "httpPutResponseHopLimit",
    "maxAggregationInterval",
    "maxEntries",
    "networkCardIndex",
    "partitionNumber",
    "tcpEstablishedTimeout",
    "threadsPerCore",
    "udpStreamTimeout",
    "udpTimeout",
    "version",
];

/// Structures, which may be empty.
const STRUCTURES: &[&str] = &[
    "apiGatewayV2",
    "association",
    "associationState",
    "attachment",
    "blockPublicAccessStates",
    "capacityReservationSpecification",
    "capacityReservationTarget",
    "cidrBlockState",
    "connectionTrackingConfiguration",
    "cpuOptions",
    "destinationOptions",
    "dnsOptions",
    "ebs",
    "egressOnlyInternetGateway",
    "elasticFileSystem",
    "enaSrdSpecification",
    "enaSrdUdpSpecification",
    "enclaveOptions",
    "encryptionControl",
    "globalAccelerator",
    "hibernationOptions",
    "iamInstanceProfile",
    "igwFirewall",
    "instanceState",
    "internetGateway",
    "ipv6CidrBlockState",
    "lambda",
    "lastError",
    "maintenanceOptions",
    "metadataOptions",
    "monitoring",
    "natGateway",
    "networkPerformanceOptions",
    "operator",
    "options",
    "placement",
    "privateDnsNameOptions",
    "privateDnsNameOptionsOnLaunch",
    "provisionedBandwidth",
    "publicIpDnsNameOptions",
    "resourceExclusions",
    "stateReason",
    "virtualPrivateGateway",
    "vpcLattice",
    "vpcPeering",
];

/// Texts and structures with a key of their own, where they stand in an element of this list.
const OTHERS_WITHIN: &[(&str, &str, &str)] = &[
    ("instancesSet", "dnsName", "PublicDnsName"),
    ("instancesSet", "instanceState", "State"),
    ("instancesSet", "ipAddress", "PublicIpAddress"),
    ("instancesSet", "reason", "StateTransitionReason"),
    ("productCodes", "productCode", "ProductCodeId"),
    ("productCodes", "type", "ProductCodeType"),
];

/// What the value of an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    List,
    Boolean,
    Integer,
    Structure,
    /// A structure if it has elements, else a text.
    Other,
}

/// Kind and key of an element; `within` is the list or structure that it stands in.
pub(super) fn meaning(within: &str, name: &str) -> (Kind, String) {
    let of_place = |table: &[(&str, &str, &'static str)]| {
        table.iter().find(|(at, element, _)| *at == within && *element == name).map(|(.., key)| (*key).to_owned())
    };
    if let Some(key) = of_place(LISTS_WITHIN) {
        return (Kind::List, key);
    }
    // The list of types has elements with a type each, under the same name.
    if let Some((_, key)) = LISTS.iter().find(|(element, _)| *element == name && within != name) {
        return (Kind::List, (*key).to_owned());
    }
    if let Some(key) = of_place(OTHERS_WITHIN) {
        let kind = if STRUCTURES.contains(&name) { Kind::Structure } else { Kind::Other };
        return (kind, key);
    }
    let kind = match name {
        // Everywhere else a text.
        "code" if within == "instanceState" => Kind::Integer,
        _ if BOOLEANS.contains(&name) => Kind::Boolean,
        _ if INTEGERS.contains(&name) => Kind::Integer,
        _ if STRUCTURES.contains(&name) => Kind::Structure,
        _ => Kind::Other,
    };
    (kind, capital(name))
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
