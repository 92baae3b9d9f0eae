//! Lines to test with, and what only holds for a whole bill.

use crate::model::bill::{BillLine, LineClass};
use crate::model::usd::Usd;

pub(super) const NAT_ARN: &str = "arn:aws:ec2:us-east-1:123456789012:natgateway/nat-0a1";

pub(super) fn usd(text: &str) -> Usd {
    Usd::parse(text).expect("an amount").0
}

/// 1 GB through a gateway on 1 October 2026.
pub(super) fn line() -> BillLine<'static> {
    BillLine {
        account: "123456789012",
        region: "us-east-1",
        product: "AmazonEC2",
        operation: "NatGateway",
        usage_type: "NatGateway-Bytes",
        sku: "",
        resource: NAT_ARN,
        description: "",
        unit: "GB",
        class: LineClass::Usage,
        month: None,
        has_invoice: None,
        start: 1_790_812_800,
        end: 1_790_899_200,
        quantity: Some(usd("1")),
        unblended: Some(usd("0.045")),
        net: None,
        list: Some(usd("0.045")),
        currency: "USD",
        rounded: 0,
    }
}
