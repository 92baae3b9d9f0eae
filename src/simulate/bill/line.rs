//! A row of the bill before it has a format, and the price list that it is made from.

use super::amount::{cost, less};
use crate::simulate::places::Place;
use crate::simulate::random::mix;
use std::borrow::Cow;

/// What a row means to the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    NatHours,
    NatBytes,
    /// Between zones, on a gateway.
    CrossZone,
    /// To and from the internet, other Regions and public addresses of the same Region, on a gateway.
    Transfer,
    EndpointHours,
    EndpointBytes,
    TransitHours,
    TransitBytes,
    PublicIpv4,
    /// On a gateway, and nobody understands it.
    Unknown,
    /// Something else that was paid for.
    Other,
}

/// `line_item_line_item_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Usage,
    EdpDiscount,
    Credit,
    Refund,
    Tax,
}

impl Class {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "Usage",
            Self::EdpDiscount => "EdpDiscount",
            Self::Credit => "Credit",
            Self::Refund => "Refund",
            Self::Tax => "Tax",
        }
    }
}

/// Costs of a row in 10^-10 dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Costs {
    pub(super) unblended: i128,
    /// After discounts; `None` where the account has none.
    pub(super) net: Option<i128>,
    /// At public on-demand prices; `None` on what is no usage.
    pub(super) list: Option<i128>,
}

/// What the price list says of something that is charged for.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) what: What,
    pub(super) product: &'static str,
    pub(super) family: &'static str,
    pub(super) operation: &'static str,
    pub(super) usage_type: String,
    pub(super) unit: &'static str,
    pub(super) text: &'static str,
    pub(super) sku: Cow<'static, str>,
    /// List price of a unit in 10^-5 dollar.
    pub(super) price: u64,
}

/// A row of the bill.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) item: Item,
    /// The gateway or endpoint that it belongs to, by number.
    pub(super) of: Option<usize>,
    pub(super) class: Class,
    /// ARN or id; empty: none.
    pub(super) resource: String,
    /// Amount in 10^-10 of the unit.
    pub(super) amount: i128,
    /// Price that was charged for a unit, in 10^-5 dollar.
    pub(super) charged: u64,
    pub(super) costs: Costs,
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Line {
    /// Usage at the item's price, less a discount in percent.
    pub(super) fn usage(item: Item, resource: &str, amount: i128, discount: Option<u32>, span: (i64, i64)) -> Self {
        let charged = if item.what == What::NatBytes && discount.is_some() { private(item.price) } else { item.price };
        let unblended = cost(amount, charged);
        let net = discount.map(|percent| less(unblended, percent));
        let list = Some(cost(amount, item.price));
        let (start, end) = span;
        Self {
            item,
            of: None,
            class: Class::Usage,
            resource: resource.to_owned(),
            amount,
            charged,
            costs: Costs { unblended, net, list },
            start,
            end,
        }
    }

    /// Of this gateway or endpoint.
    pub(super) fn of(self, number: usize) -> Self {
        Self { of: Some(number), ..self }
    }

    /// `$0.045 per GB Data Processed by NAT Gateways`.
    pub(super) fn description(&self) -> String {
        match self.class {
            Class::Tax => format!("Tax for product code {}", self.item.product),
            Class::EdpDiscount => "Enterprise Program Discount".to_owned(),
            Class::Credit => "Promotional credit, spring".to_owned(),
            Class::Usage | Class::Refund => {
                format!("${} {}", super::amount::decimal(self.charged.into(), 5), self.item.text)
            }
        }
    }
}

/// The private rate that an account with a discount has for NAT gateway data: 8 % below list, before the discount.
fn private(price: u64) -> u64 {
    price * 92 / 100
}

/// The price list of a Region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices(pub(super) &'static Place);

impl Prices {
    fn ec2(self, what: What, usage: &str, operation: &'static str, price: u64) -> Item {
        let usage_type = format!("{}{usage}", self.0.ec2_usage);
        let sku = Cow::Owned(sku(&usage_type));
        let (family, unit, text) = ("Data Transfer", "GB", "per GB - data transfer");
        Item { what, product: "AmazonEC2", family, operation, usage_type, unit, text, sku, price }
    }

    fn vpc(self, what: What, usage: &str, operation: &'static str, unit: &'static str, price: u64) -> Item {
        let usage_type = format!("{}{usage}", self.0.vpc_usage);
        let sku = Cow::Owned(sku(&usage_type));
        let (family, text) = ("VpcEndpoint", "per VPC Endpoint Hour");
        Item { what, product: "AmazonVPC", family, operation, usage_type, unit, text, sku, price }
    }

    /// Hours (`what`) or GB of a NAT gateway.
    pub(super) fn nat(self, what: What, regional: bool) -> Item {
        let operation = if regional { "RegionalNatGateway" } else { "NatGateway" };
        let hours = what == What::NatHours;
        let usage = format!("{operation}-{}", if hours { "Hours" } else { "Bytes" });
        let unit = if hours { "Hrs" } else { "GB" };
        let text = if hours { "per NAT Gateway Hour" } else { "per GB Data Processed by NAT Gateways" };
        let sku = Cow::Borrowed(self.0.nat_skus[usize::from(!hours)]);
        // Only one of the four has the code of us-east-1. Source: AWS, usage types of NAT gateways in its price list.
        let code = if regional && !hours { self.0.vpc_usage } else { self.0.ec2_usage };
        let usage_type = format!("{code}{usage}");
        let item = self.ec2(what, "", operation, self.0.nat_price);
        Item { family: "NAT Gateway", usage_type, unit, text, sku, ..item }
    }

    /// GB within the Region; `InterZone-In`, `PublicIP-Out`, ...
    pub(super) fn regional_transfer(self, what: What, operation: &'static str) -> Item {
        self.ec2(what, "DataTransfer-Regional-Bytes", operation, 1_000)
    }

    /// GB to (`out`) or from the internet.
    pub(super) fn internet(self, out: bool) -> Item {
        let usage = if out { "DataTransfer-Out-Bytes" } else { "DataTransfer-In-Bytes" };
        self.ec2(What::Transfer, usage, "RunInstances", if out { 9_000 } else { 0 })
    }

    /// GB to (`out`) or from `CloudFront`.
    pub(super) fn cloudfront(self, out: bool) -> Item {
        self.ec2(What::Transfer, if out { "CloudFront-Out-Bytes" } else { "CloudFront-In-Bytes" }, "RunInstances", 0)
    }

    /// GB to (`out`) or from another Region. The own code comes first in both directions.
    pub(super) fn other_region(self, out: bool) -> Item {
        let (own, other) = (self.0.code, self.0.other.place().code);
        let direction = if out { "Out" } else { "In" };
        let usage_type = format!("{own}-{other}-AWS-{direction}-Bytes");
        let operation = if out { "PublicIP-Out" } else { "PublicIP-In" };
        let sku = Cow::Owned(sku(&usage_type));
        Item { usage_type, sku, ..self.ec2(What::Transfer, "", operation, if out { 2_000 } else { 0 }) }
    }

    /// Hours (`what`) or GB of an interface endpoint.
    pub(super) fn endpoint(self, what: What) -> Item {
        if what == What::EndpointHours {
            return self.vpc(what, "VpcEndpoint-Hours", "VpcEndpoint", "Hrs", self.0.endpoint_hour_price);
        }
        let item = self.vpc(what, "VpcEndpoint-Bytes", "VpcEndpoint", "GB", 1_000);
        Item { text: "per GB Data Processed by VPC Endpoints", ..item }
    }

    /// Hours (`what`) or GB of a transit gateway attachment.
    pub(super) fn transit(self, what: What) -> Item {
        let item = if what == What::TransitHours {
            let item =
                self.vpc(what, "TransitGateway-Hours", "TransitGatewayVPC", "hour", self.0.attachment_hour_price);
            Item { text: "per Transit Gateway VPC Attachment", ..item }
        } else {
            let item = self.vpc(what, "TransitGateway-Bytes", "TransitGatewayVPC", "GigaBytes", 2_000);
            Item { text: "per GB Data Processed by Transit Gateway", ..item }
        };
        Item { family: "Transit Gateway", ..item }
    }

    /// Hours of a public IPv4 address in use.
    pub(super) fn public_ipv4(self) -> Item {
        let item = self.vpc(What::PublicIpv4, "PublicIPv4:InUseAddress", "AllocateAddressVPC", "Hrs", 500);
        Item { family: "VpcPublicIPv4Address", text: "per In-use public IPv4 address per hour", ..item }
    }

    /// A row on a gateway of a kind that nobody has seen.
    pub(super) fn unknown(self) -> Item {
        let item = self.ec2(What::Unknown, "NatGateway-FlexAllocation", "FlexCostAllocation", 4_500);
        Item { family: "NAT Gateway", text: "allocated to a cost label", ..item }
    }

    /// Things that have nothing to do with NAT gateways: an instance, its zone crossing, storage.
    pub(super) fn others(self) -> [Item; 3] {
        let instance = self.ec2(What::Other, "BoxUsage:m7g.xlarge", "RunInstances", 16_320);
        let storage = self.ec2(What::Other, "TimedStorage-ByteHrs", "StandardStorage", 2_300);
        [
            Item { family: "Compute Instance", unit: "Hrs", text: "per On Demand Linux m7g.xlarge Hour", ..instance },
            self.regional_transfer(What::Other, "InterZone-In"),
            Item { product: "AmazonS3", family: "Storage", unit: "GB-Mo", text: "per GB-month of storage", ..storage },
        ]
    }

    /// What tax is a part of.
    pub(super) fn taxed(self) -> Item {
        let item = self.ec2(What::Other, "", "", 0);
        Item { family: "", unit: "", usage_type: String::new(), sku: Cow::Borrowed(""), ..item }
    }
}

/// A SKU for what natlens knows no SKU of: 16 capitals and digits that follow from the usage type.
fn sku(usage_type: &str) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut seed = usage_type.bytes().fold(0, |sum, byte| mix(sum ^ u64::from(byte)));
    let mut text = String::new();
    for _ in 0..16 {
        text.push(char::from(DIGITS[usize::try_from(seed % 32).unwrap_or(0)]));
        seed = mix(seed);
    }
    text
}
