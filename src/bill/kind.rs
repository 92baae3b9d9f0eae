//! What a line charges for. Usage types are compared exactly after their Region code: a pattern would take
//! `RegionalNatGateway-Bytes` for `NatGateway-Bytes`.

use super::codes::{is_code, kind_of_sku, region_of_code};
use crate::model::bill::{BillFormat, BillLine, LineClass};
use crate::model::region;

/// What a line of the bill charges for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargeKind {
    /// Hours of a NAT gateway, zonal or regional.
    NatHours,
    /// GB that a NAT gateway processed, zonal or regional.
    NatBytes,
    /// Gbps-hours of a gateway with provisioned bandwidth.
    NatProvisionedHours,
    /// GB that such a gateway processed; AWS charges nothing for them.
    NatProvisionedBytes,
    /// Hours of interface endpoints, per AZ.
    EndpointHours,
    /// GB through interface endpoints, both directions.
    EndpointBytes,
    /// Hours of Gateway Load Balancer endpoints.
    GwlbEndpointHours,
    /// GB through them.
    GwlbEndpointBytes,
    /// Hours of resource endpoints.
    ResourceEndpointHours,
    /// GB through them.
    ResourceEndpointBytes,
    /// Hours of transit gateway attachments.
    TransitHours,
    /// GB sent into a transit gateway.
    TransitBytes,
    /// GB between the AZs of a Region, on a NAT gateway; each direction is a line of its own.
    InterZone,
    /// GB to and from public addresses of the same Region, on a NAT gateway.
    PublicIp,
    /// GB to and from the internet, `CloudFront` included, on a NAT gateway.
    Internet,
    /// GB to and from other Regions, on a NAT gateway.
    InterRegion,
    /// Hours of public IPv4 addresses in use.
    PublicIpv4InUse,
    /// Hours of public IPv4 addresses that nothing uses.
    PublicIpv4Idle,
    /// On a NAT gateway, and none of the above: reported, neither dropped nor added.
    NotUnderstood,
}

impl ChargeKind {
    /// Every kind, in the order of their numbers in frames.
    pub const ALL: [Self; 19] = [
        Self::NatHours,
        Self::NatBytes,
        Self::NatProvisionedHours,
        Self::NatProvisionedBytes,
        Self::EndpointHours,
        Self::EndpointBytes,
        Self::GwlbEndpointHours,
        Self::GwlbEndpointBytes,
        Self::ResourceEndpointHours,
        Self::ResourceEndpointBytes,
        Self::TransitHours,
        Self::TransitBytes,
        Self::InterZone,
        Self::PublicIp,
        Self::Internet,
        Self::InterRegion,
        Self::PublicIpv4InUse,
        Self::PublicIpv4Idle,
        Self::NotUnderstood,
    ];

    /// Its name in exports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NatHours => "nat_hours",
            Self::NatBytes => "nat_bytes",
            Self::NatProvisionedHours => "nat_provisioned_hours",
            Self::NatProvisionedBytes => "nat_provisioned_bytes",
            Self::EndpointHours => "endpoint_hours",
            Self::EndpointBytes => "endpoint_bytes",
            Self::GwlbEndpointHours => "gwlb_endpoint_hours",
            Self::GwlbEndpointBytes => "gwlb_endpoint_bytes",
            Self::ResourceEndpointHours => "resource_endpoint_hours",
            Self::ResourceEndpointBytes => "resource_endpoint_bytes",
            Self::TransitHours => "transit_hours",
            Self::TransitBytes => "transit_bytes",
            Self::InterZone => "inter_zone",
            Self::PublicIp => "public_ip",
            Self::Internet => "internet",
            Self::InterRegion => "inter_region",
            Self::PublicIpv4InUse => "public_ipv4_in_use",
            Self::PublicIpv4Idle => "public_ipv4_idle",
            Self::NotUnderstood => "not_understood",
        }
    }

    /// Unit of its quantity; `None` where that is not known.
    #[must_use]
    pub const fn unit(self) -> Option<&'static str> {
        match self {
            Self::NotUnderstood => None,
            Self::NatProvisionedHours => Some("Gbps-Hours"),
            kind if kind.is_bytes() => Some("GB"),
            _ => Some("Hours"),
        }
    }

    /// Whether its quantity is GB of 2^30 bytes.
    #[must_use]
    pub const fn is_bytes(self) -> bool {
        matches!(
            self,
            Self::NatBytes
                | Self::NatProvisionedBytes
                | Self::EndpointBytes
                | Self::GwlbEndpointBytes
                | Self::ResourceEndpointBytes
                | Self::TransitBytes
                | Self::InterZone
                | Self::PublicIp
                | Self::Internet
                | Self::InterRegion
        )
    }

    /// Whether it is a NAT gateway's own charge.
    #[must_use]
    pub const fn is_nat(self) -> bool {
        matches!(self, Self::NatHours | Self::NatBytes | Self::NatProvisionedHours | Self::NatProvisionedBytes)
    }

    /// Transfer that the same bytes pay besides the gateway: counted only where the line names a gateway.
    const fn is_transfer(self) -> bool {
        matches!(self, Self::InterZone | Self::PublicIp | Self::Internet | Self::InterRegion)
    }
}

/// What is known of a line that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised<'a> {
    /// What it charges for.
    pub kind: ChargeKind,
    /// Region: the line's own word, else its ARN's, else its usage type's code. Empty where none says.
    pub region: &'a str,
    /// `nat-...`, `vpce-...`, `tgw-attach-...`, else the resource as it stands.
    pub resource: &'a str,
    /// Account: the line's own word, else its ARN's.
    pub account: &'a str,
}

/// Usage types without their Region code. `VpcEndpoint-Service-*` is the provider's side and none of a consumer's cost.
/// Sources: AWS price lists of `AmazonEC2` and `AmazonVPC`.
const USAGE: &[(&str, ChargeKind)] = &[
    ("NatGateway-Hours", ChargeKind::NatHours),
    ("NatGateway-Bytes", ChargeKind::NatBytes),
    ("RegionalNatGateway-Hours", ChargeKind::NatHours),
    ("RegionalNatGateway-Bytes", ChargeKind::NatBytes),
    ("NatGateway-Prvd-Gbps", ChargeKind::NatProvisionedHours),
    ("NatGateway-Prvd-Bytes", ChargeKind::NatProvisionedBytes),
    ("VpcEndpoint-Hours", ChargeKind::EndpointHours),
    ("VpcEndpoint-Bytes", ChargeKind::EndpointBytes),
    ("VpcEndpoint-GWLBE-Hours", ChargeKind::GwlbEndpointHours),
    ("VpcEndpoint-GWLBE-Bytes", ChargeKind::GwlbEndpointBytes),
    ("VpcResourceConsumer-Hours", ChargeKind::ResourceEndpointHours),
    ("VpcResourceConsumer-Bytes", ChargeKind::ResourceEndpointBytes),
    ("TransitGateway-Hours", ChargeKind::TransitHours),
    ("TransitGateway-Bytes", ChargeKind::TransitBytes),
    ("DataTransfer-In-Bytes", ChargeKind::Internet),
    ("DataTransfer-Out-Bytes", ChargeKind::Internet),
    ("DataTransfer-In-ABytes", ChargeKind::Internet),
    ("DataTransfer-Out-ABytes", ChargeKind::Internet),
    ("CloudFront-In-Bytes", ChargeKind::Internet),
    ("CloudFront-Out-Bytes", ChargeKind::Internet),
    ("AWS-In-Bytes", ChargeKind::InterRegion),
    ("AWS-Out-Bytes", ChargeKind::InterRegion),
    ("AWS-In-ABytes", ChargeKind::InterRegion),
    ("AWS-Out-ABytes", ChargeKind::InterRegion),
    ("PublicIPv4:InUseAddress", ChargeKind::PublicIpv4InUse),
    ("PublicIPv4:IdleAddress", ChargeKind::PublicIpv4Idle),
];

/// `DataTransfer-Regional-Bytes` is told apart by its operation.
const REGIONAL_TRANSFER: &str = "DataTransfer-Regional-Bytes";

/// What a line charges for; `None` where natlens has no use for it.
#[must_use]
pub fn recognise<'a>(line: &BillLine<'a>, format: BillFormat) -> Option<Recognised<'a>> {
    let nat = nat_gateway_id(line.resource);
    let (codes, bare) = split_usage_type(line.usage_type);
    let by_usage = kind_of_usage(bare, line.operation).filter(|kind| nat.is_some() || !kind.is_transfer());
    let by_usage = by_usage.filter(|kind| nat.is_none() || kind.is_nat() || kind.is_transfer());
    // Without a usage type (FOCUS 1.2) the price list's SKU says it, and only on a NAT gateway.
    let by_sku = || kind_of_sku(line.sku).filter(|_| nat.is_some() && format == BillFormat::Focus);
    let mut kind = match by_usage.or_else(by_sku) {
        Some(kind) => kind,
        None if nat.is_some() => ChargeKind::NotUnderstood,
        None => return None,
    };
    let odd_unit =
        line.class == LineClass::Usage && kind.is_bytes() && !line.unit.is_empty() && !is_gigabytes(line.unit);
    // A fee or a savings plan line on a gateway: nothing says what part of its price it is.
    if kind.is_nat() && (odd_unit || line.class == LineClass::Other) {
        kind = ChargeKind::NotUnderstood;
    }
    let region = Some(line.region).filter(|text| !text.is_empty());
    let region = region.or_else(|| region::of_arn(line.resource)).or_else(|| match codes.split('-').next() {
        // Usage types of N. Virginia mostly have no code.
        None | Some("") => by_usage.map(|_| "us-east-1"),
        Some(code) => region_of_code(code),
    });
    let account = Some(line.account).filter(|text| !text.is_empty()).or_else(|| account_of_arn(line.resource));
    Some(Recognised {
        kind,
        region: region.unwrap_or_default(),
        resource: nat.unwrap_or_else(|| resource_id(line.resource)),
        account: account.unwrap_or_default(),
    })
}

/// The `nat-...` of a NAT gateway's ARN, or of a bare id.
#[must_use]
pub fn nat_gateway_id(resource: &str) -> Option<&str> {
    let mut slashes = resource.rmatch_indices('/').map(|(at, _)| at);
    let id = slashes.find(|&at| resource[..at].ends_with(":natgateway")).map_or(resource, |at| &resource[at + 1..]);
    id.starts_with("nat-").then_some(id)
}

/// A Local Zone's code follows its Region's, and inter-Region transfer names both Regions.
const MAX_CODES: usize = 3;

/// `USE1-USW2-AWS-Out-Bytes` into `USE1-USW2` and `AWS-Out-Bytes`; `NatGateway-Bytes` has no codes.
fn split_usage_type(usage_type: &str) -> (&str, &str) {
    let mut bare = usage_type;
    for _ in 0..=MAX_CODES {
        if bare == REGIONAL_TRANSFER || USAGE.iter().any(|(name, _)| *name == bare) {
            let codes = usage_type[..usage_type.len() - bare.len()].strip_suffix('-');
            return (codes.unwrap_or_default(), bare);
        }
        match bare.split_once('-') {
            Some((code, rest)) if is_code(code) => bare = rest,
            _ => break,
        }
    }
    ("", usage_type)
}

fn kind_of_usage(bare: &str, operation: &str) -> Option<ChargeKind> {
    if bare == REGIONAL_TRANSFER {
        return match operation {
            "InterZone-In" | "InterZone-Out" => Some(ChargeKind::InterZone),
            "PublicIP-In" | "PublicIP-Out" => Some(ChargeKind::PublicIp),
            _ => None,
        };
    }
    USAGE.iter().find(|(name, _)| *name == bare).map(|(_, kind)| *kind)
}

fn is_gigabytes(unit: &str) -> bool {
    ["GB", "GigaBytes", "Gigabytes", "GiB"].contains(&unit)
}

/// The last part of an ARN's resource for things that have an id of their own; the text itself otherwise.
fn resource_id(resource: &str) -> &str {
    let id = resource.rsplit_once('/').map_or(resource, |(_, id)| id);
    if ["vpce-", "tgw-"].iter().any(|prefix| id.starts_with(prefix)) { id } else { resource }
}

fn account_of_arn(arn: &str) -> Option<&str> {
    let mut fields = arn.split(':');
    (fields.next() == Some("arn")).then(|| fields.nth(3)).flatten().filter(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::tests::{NAT_ARN, line};

    fn check(usage_type: &str, operation: &str, resource: &str, expect: Option<ChargeKind>) {
        let line = BillLine { usage_type, operation, resource, unit: "", ..line() };
        let found = recognise(&line, BillFormat::Cur2).map(|found| found.kind);
        assert_eq!(found, expect, "{usage_type} {operation} {resource}");
    }

    #[test]
    fn usage_types_are_compared_exactly_after_the_region_code() {
        use ChargeKind::{
            EndpointBytes, EndpointHours, GwlbEndpointHours, InterRegion, InterZone, Internet, NatBytes, NatHours,
            NatProvisionedHours, NotUnderstood, PublicIp, PublicIpv4InUse, ResourceEndpointBytes, TransitBytes,
        };
        check("NatGateway-Bytes", "NatGateway", NAT_ARN, Some(NatBytes));
        check("USE2-NatGateway-Bytes", "NatGateway", NAT_ARN, Some(NatBytes));
        check("EU-NatGateway-Hours", "NatGateway", NAT_ARN, Some(NatHours));
        check("USW2-LAX1-NatGateway-Hours", "NatGateway", NAT_ARN, Some(NatHours));
        check("USE1-RegionalNatGateway-Bytes", "RegionalNatGateway", NAT_ARN, Some(NatBytes));
        check("NatGateway-Bytes", "NatGateway", "", Some(NatBytes));
        check("NatGateway-Prvd-Gbps", "NatGateway", NAT_ARN, Some(NatProvisionedHours));
        check("NatGateway-BytesX", "NatGateway", NAT_ARN, Some(NotUnderstood));
        check("My-NatGateway-Bytes", "NatGateway", "", None);
        check("Another-RegionalNatGateway-Bytes", "", NAT_ARN, Some(NotUnderstood));
        check("DataTransfer-Regional-Bytes", "InterZone-In", NAT_ARN, Some(InterZone));
        check("EU-DataTransfer-Regional-Bytes", "PublicIP-Out", NAT_ARN, Some(PublicIp));
        check("DataTransfer-Regional-Bytes", "InterZone-In", "i-1", None);
        check("DataTransfer-Out-Bytes", "RunInstances", NAT_ARN, Some(Internet));
        check("USE1-USW2-AWS-Out-Bytes", "PublicIP-Out", NAT_ARN, Some(InterRegion));
        check("USE1-USW2-AWS-Out-Bytes", "PublicIP-Out", "i-1", None);
        check(
            "USE1-VpcEndpoint-Hours",
            "VpcEndpoint",
            "arn:aws:ec2:us-east-1:1:vpc-endpoint/vpce-1",
            Some(EndpointHours),
        );
        check("USE1-VpcEndpoint-Bytes", "VpcEndpoint", "", Some(EndpointBytes));
        check("USE1-VpcEndpoint-GWLBE-Hours", "", "", Some(GwlbEndpointHours));
        check("USE1-VpcEndpoint-Service-Hours", "VpcEndpoint-Service", "", None);
        check("USE1-VpcResourceConsumer-Bytes", "", "", Some(ResourceEndpointBytes));
        check("USE1-TransitGateway-Bytes", "TransitGatewayVPC", "", Some(TransitBytes));
        check("PublicIPv4:InUseAddress", "", "", Some(PublicIpv4InUse));
        check("USE1-VpcEndpoint-Hours", "VpcEndpoint", NAT_ARN, Some(NotUnderstood));
        check("BoxUsage:m5.large", "RunInstances", "i-1", None);
        check("NatGateway-FCA-Allocation", "NatGateway", NAT_ARN, Some(NotUnderstood));
        check("", "", NAT_ARN, Some(NotUnderstood));
        check("é-NatGateway-Bytes", "", "", None);
        check("USE1-USW2-LAX1-NatGateway-Bytes", "", "", Some(NatBytes));
        check("USE1-USW2-LAX1-PHX1-NatGateway-Bytes", "", "", None);
        check("-NatGateway-Bytes", "", "", None);
        check("USE1--NatGateway-Bytes", "", "", None);
        check("NatGateway-Bytes", "", "arn:aws:ec2:eu-west-1:1:natgateway/nat-1/of/x", Some(NatBytes));
        check("AWS-Out-Bytes", "", "arn:aws:ec2:eu-west-1:1:natgateway/x", None);
    }

    #[test]
    fn focus_without_usage_types_goes_by_sku_and_arn() {
        let by = |sku, resource, format| {
            let line = BillLine { usage_type: "", sku, resource, ..line() };
            recognise(&line, format).map(|found| found.kind)
        };
        assert_eq!(by("59S5R83GFPUAGVR5", NAT_ARN, BillFormat::Focus), Some(ChargeKind::NatBytes));
        assert_eq!(by("59S5R83GFPUAGVR5", "", BillFormat::Focus), None);
        assert_eq!(by("unheard-of", NAT_ARN, BillFormat::Focus), Some(ChargeKind::NotUnderstood));
    }

    #[test]
    fn units_and_classes_that_make_no_sense_are_not_understood() {
        let odd = BillLine { unit: "TB", ..line() };
        assert_eq!(recognise(&odd, BillFormat::Cur2).map(|r| r.kind), Some(ChargeKind::NotUnderstood));
        let fee = BillLine { class: LineClass::Other, ..line() };
        assert_eq!(recognise(&fee, BillFormat::Cur2).map(|r| r.kind), Some(ChargeKind::NotUnderstood));
    }

    #[test]
    fn regions_accounts_and_ids_come_from_wherever_they_stand() {
        let bare = BillLine { region: "", account: "", usage_type: "USE2-NatGateway-Bytes", ..line() };
        let found = recognise(&bare, BillFormat::Cur2).expect("a gateway's");
        assert_eq!((found.region, found.account, found.resource), ("us-east-1", "123456789012", "nat-0a1"));
        let by_code = BillLine { resource: "", ..bare };
        let found = recognise(&by_code, BillFormat::Cur2).expect("usage");
        assert_eq!((found.region, found.account, found.resource), ("us-east-2", "", ""));
        let without_code = BillLine { usage_type: "NatGateway-Bytes", ..by_code };
        assert_eq!(recognise(&without_code, BillFormat::CostExplorer).map(|r| r.region), Some("us-east-1"));
    }

    #[test]
    fn kinds_are_numbered_in_their_order() {
        assert!(ChargeKind::ALL.iter().enumerate().all(|(at, kind)| *kind as usize == at));
    }
}
