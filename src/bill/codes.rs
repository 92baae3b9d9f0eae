//! Two tables of AWS's: the codes that usage types begin with, and the SKUs of NAT gateways.

use super::kind::ChargeKind;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Region codes of usage types. Source: AWS, "Billing codes for AWS Regions". `EU` is Ireland's old one; N. Virginia's is often
/// left out.
const REGION_CODES: &[(&str, &str)] = &[
    ("AFS1", "af-south-1"),
    ("APE1", "ap-east-1"),
    ("APE2", "ap-east-2"),
    ("APN1", "ap-northeast-1"),
    ("APN2", "ap-northeast-2"),
    ("APN3", "ap-northeast-3"),
    ("APS1", "ap-southeast-1"),
    ("APS2", "ap-southeast-2"),
    ("APS3", "ap-south-1"),
    ("APS4", "ap-southeast-3"),
    ("APS5", "ap-south-2"),
    ("APS6", "ap-southeast-4"),
    ("APS7", "ap-southeast-5"),
    ("APS8", "ap-southeast-6"),
    ("APS9", "ap-southeast-7"),
    ("CAN1", "ca-central-1"),
    ("CAN2", "ca-west-1"),
    ("CNN1", "cn-north-1"),
    ("CNW1", "cn-northwest-1"),
    ("ESC1", "eusc-de-east-1"),
    ("EU", "eu-west-1"),
    ("EUC1", "eu-central-1"),
    ("EUC2", "eu-central-2"),
    ("EUN1", "eu-north-1"),
    ("EUS1", "eu-south-1"),
    ("EUS2", "eu-south-2"),
    ("EUW1", "eu-west-1"),
    ("EUW2", "eu-west-2"),
    ("EUW3", "eu-west-3"),
    ("ILC1", "il-central-1"),
    ("MEC1", "me-central-1"),
    ("MES1", "me-south-1"),
    ("MXC1", "mx-central-1"),
    ("SAE1", "sa-east-1"),
    ("UGE1", "us-gov-east-1"),
    ("UGW1", "us-gov-west-1"),
    ("USE1", "us-east-1"),
    ("USE2", "us-east-2"),
    ("USW1", "us-west-1"),
    ("USW2", "us-west-2"),
];

/// The Region of a usage type's code; `None` for one that is newer than the table.
pub(super) fn region_of_code(code: &str) -> Option<&'static str> {
    let at = REGION_CODES.binary_search_by_key(&code, |(code, _)| code).ok()?;
    Some(REGION_CODES[at].1)
}

/// Whether the text has the form of a Region's or zone's code: two to four capitals and at most two digits.
pub(super) fn is_code(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text.len() - letters;
    (2..=4).contains(&letters) && digits <= 2 && text.bytes().skip(letters).all(|byte| byte.is_ascii_digit())
}

static SKUS: LazyLock<BTreeMap<&str, ChargeKind>> = LazyLock::new(|| {
    let rows = include_str!("../../data/nat-gateway-skus.csv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| {
        let (sku, charge) = row.split_once(',')?;
        let kind = match charge {
            "hours" => ChargeKind::NatHours,
            "bytes" => ChargeKind::NatBytes,
            "provisioned-hours" => ChargeKind::NatProvisionedHours,
            "provisioned-bytes" => ChargeKind::NatProvisionedBytes,
            _ => return None,
        };
        Some((sku, kind))
    })
    .collect()
});

/// What a SKU of the price list charges for, if it is a NAT gateway's (`data/nat-gateway-skus.csv`).
pub(super) fn kind_of_sku(sku: &str) -> Option<ChargeKind> {
    SKUS.get(sku).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_have_their_form() {
        assert!(REGION_CODES.is_sorted());
        assert!(REGION_CODES.iter().all(|(code, _)| is_code(code)));
        assert_eq!(region_of_code("EU"), Some("eu-west-1"));
        assert_eq!(region_of_code("APS3"), Some("ap-south-1"));
        assert_eq!(region_of_code("XYZ9"), None);
        for no_code in ["", "E", "Regional", "USEAST1", "US1E", "use1", "USE123", "É1"] {
            assert!(!is_code(no_code), "{no_code}");
        }
    }

    #[test]
    fn every_sku_is_read() {
        assert_eq!(SKUS.len(), 102);
        assert_eq!(kind_of_sku("59S5R83GFPUAGVR5"), Some(ChargeKind::NatBytes));
        assert_eq!(kind_of_sku("M2YSHUBETB3JX4M4"), Some(ChargeKind::NatHours));
        assert_eq!(kind_of_sku("sku"), None);
    }
}
