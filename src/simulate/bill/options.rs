//! What the bill of a simulated account looks like: the options and their command line form.

use crate::simulate::SimulateError;
use clap::ValueEnum;

/// The export in which the bill comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BillFormat {
    /// CUR 2.0 (Data Exports), csv.gz.
    Cur2,
    /// CUR 2.0, Parquet.
    Cur2Parquet,
    /// Cost and Usage Report (legacy), csv.gz.
    CurLegacy,
    /// Cost and Usage Report (legacy), zip.
    CurLegacyZip,
    /// Cost and Usage Report (legacy), Parquet, as it is laid out for Athena.
    CurLegacyParquet,
    /// FOCUS 1.0, csv.gz, with `x_UsageType`.
    #[value(name = "focus-1.0")]
    Focus10,
    /// FOCUS 1.2, csv.gz, without a usage type.
    #[value(name = "focus-1.2")]
    Focus12,
    /// FOCUS 1.2, Parquet.
    #[value(name = "focus-1.2-parquet")]
    Focus12Parquet,
    /// Cost Explorer's `get-cost-and-usage`, daily, by usage type and account.
    CostExplorer,
    /// No bill.
    None,
}

impl BillFormat {
    /// Whether lines have discounts as lines of their own, and net costs only where there are discounts.
    pub(in crate::simulate) const fn is_cur(self) -> bool {
        matches!(self, Self::Cur2 | Self::Cur2Parquet | Self::CurLegacy | Self::CurLegacyZip | Self::CurLegacyParquet)
    }

    /// Whether its delivery can keep older versions of a month. Athena's layout is always overwritten.
    const fn keeps_versions(self) -> bool {
        !matches!(self, Self::CurLegacyParquet | Self::CostExplorer | Self::None)
    }
}

/// The bill of a simulated account.
#[derive(Clone, Debug, clap::Args)]
pub struct BillOptions {
    /// Format of the bill
    #[arg(long, value_enum, default_value_t = BillFormat::Cur2)]
    pub bill_format: BillFormat,
    /// Files in which the bill comes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub bill_parts: u32,
    /// Versions of the bill side by side; all but the newest hold other numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub bill_versions: u32,
    /// Discount on everything, in the net columns; NAT gateway data has a private rate too
    #[arg(long, value_name = "PERCENT")]
    pub discount: Option<u32>,
    /// Add a bill row on a NAT gateway that nobody understands
    #[arg(long)]
    pub unknown_bill_rows: bool,
    /// Add a NAT gateway that only the bill knows: it was deleted during the month
    #[arg(long)]
    pub deleted_gateway: bool,
}

impl BillOptions {
    /// One CUR 2.0 file at list prices.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bill_format: BillFormat::Cur2,
            bill_parts: 1,
            bill_versions: 1,
            discount: None,
            unknown_bill_rows: false,
            deleted_gateway: false,
        }
    }

    /// Refuses what cannot be written.
    pub(in crate::simulate) fn check(&self) -> Result<(), SimulateError> {
        let refuse = |why| Err(SimulateError::Options(why));
        if !(1..=99).contains(&self.bill_parts) || !(1..=9).contains(&self.bill_versions) {
            return refuse("--bill-parts must be from 1 to 99 and --bill-versions from 1 to 9");
        }
        if self.bill_versions > 1 && !self.bill_format.keeps_versions() {
            return refuse("--bill-versions: this --bill-format keeps only the newest version of a month");
        }
        if self.discount.is_some_and(|percent| !(1..=99).contains(&percent)) {
            return refuse("--discount must be from 1 to 99");
        }
        Ok(())
    }
}

impl Default for BillOptions {
    fn default() -> Self {
        Self::new()
    }
}
