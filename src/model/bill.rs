//! One line of a bill as its reader sees it, whatever the export's format. Readers make this and decide nothing about it.

use super::period::Month;
use super::usd::Usd;

/// What a line is, by its own word: `line_item_line_item_type`, or FOCUS's `ChargeCategory` and `ChargeClass`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineClass {
    /// `Usage`, `DiscountedUsage`, `SavingsPlanCoveredUsage`; FOCUS `Usage` that corrects nothing.
    Usage,
    /// `EdpDiscount`, `PrivateRateDiscount`, `BundledDiscount`, `Discount`.
    Discount,
    /// `Credit`.
    Credit,
    /// `Refund`; FOCUS: any category with `ChargeClass` `Correction`, and `Adjustment`.
    Refund,
    /// `Tax`.
    Tax,
    /// Anything else: fees, savings plan negations, purchases.
    Other,
}

impl LineClass {
    /// Its name in exports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Discount => "discount",
            Self::Credit => "credit",
            Self::Refund => "refund",
            Self::Tax => "tax",
            Self::Other => "other",
        }
    }
}

/// The kind of export that a line comes from; what its money columns mean depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillFormat {
    /// Cost and Usage Report (legacy): `lineItem/UsageType`, or `line_item_usage_type` without CUR 2.0's own columns.
    CurLegacy,
    /// CUR 2.0 (Data Exports).
    Cur2,
    /// FOCUS 1.0 or 1.2: net is `BilledCost`, list is `ListCost`, and `ContractedCost` stands in for unblended.
    Focus,
    /// Cost Explorer `get-cost-and-usage`: sums of an account or a Region; knows no resources.
    CostExplorer,
}

/// One line of a bill. A text that the export does not have is empty, a number is `None`: missing is not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillLine<'a> {
    /// Account that used the thing, 12 digits.
    pub account: &'a str,
    /// The Region that the export itself names (`product_region_code`, `RegionId`), as it stands there.
    pub region: &'a str,
    /// Product code (`AmazonEC2`, `AmazonVPC`); FOCUS: `x_ServiceCode`.
    pub product: &'a str,
    /// `NatGateway`, `VpcEndpoint`, `InterZone-In`, ...; FOCUS: `x_Operation`.
    pub operation: &'a str,
    /// `USE2-NatGateway-Bytes`; FOCUS 1.0: `x_UsageType`; FOCUS 1.2 has none: `SkuMeter`.
    pub usage_type: &'a str,
    /// SKU of the price list (`59S5R83GFPUAGVR5`); FOCUS: `SkuId`.
    pub sku: &'a str,
    /// ARN or id, empty where the export has none.
    pub resource: &'a str,
    /// Text of the charge, `$0.045 per GB Data Processed by NAT Gateways`.
    pub description: &'a str,
    /// `GB`, `Hrs`, ...
    pub unit: &'a str,
    /// What kind of line.
    pub class: LineClass,
    /// Billing month; `None` where neither the line nor its file says.
    pub month: Option<Month>,
    /// Whether it is on an invoice: until then it may change (AWS, "Viewing your finalized report"). `None` where the export has no such
    /// column.
    pub has_invoice: Option<bool>,
    /// First second of the usage, Unix UTC.
    pub start: i64,
    /// First second after it.
    pub end: i64,
    /// Amount in `unit`, in 10^-12.
    pub quantity: Option<Usd>,
    /// Unblended cost; FOCUS: `ContractedCost`.
    pub unblended: Option<Usd>,
    /// Net unblended cost; FOCUS: `BilledCost`.
    pub net: Option<Usd>,
    /// Public on-demand cost; FOCUS: `ListCost`.
    pub list: Option<Usd>,
    /// ISO 4217 code, `USD` where the export does not say.
    pub currency: &'a str,
    /// How many numbers of the line had digits past the 12th, which were rounded half-even.
    pub rounded: u8,
}

/// Takes the lines of one bill file as they are read.
pub trait BillSink {
    /// What the file is; heard once, before its first line.
    fn format(&mut self, format: BillFormat);
    /// A line that was read whole.
    fn line(&mut self, line: &BillLine<'_>);
    /// A line, from 1, that is none: a number, a time or a column that cannot be read. `resource` is what it is on, as far as that can
    /// be told: `None` where it may be on anything.
    fn malformed(&mut self, line: u64, why: &str, resource: Option<&str>);
}
