//! The price book: list prices by Region and item, built in and overridden row by row. A price that is not known is an
//! error value, never 0 and never another Region's price. Reads text that is handed in, never a file.

use crate::model::region;
use crate::model::usd::{Rounded, SCALE, Usd, UsdError};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

const BUILT_IN: &str = include_str!("../data/prices.csv");
const COLUMNS: [&str; 3] = ["region", "item", "usd"];

macro_rules! items {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What has a list price. The text form is the `item` column of a price file. GB is 2^30 bytes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Item {
            $($(#[$doc])* $variant,)*
        }

        impl Item {
            /// Every item, in the order of the built-in file.
            pub const ALL: &[Item] = &[$(Item::$variant,)*];

            /// The name in price files.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Item::$variant => $name,)*
                }
            }
        }
    };
}

items! {
    /// A NAT gateway for a started hour.
    NatGatewayHour = "nat_gateway_hour",
    /// A GB processed by a NAT gateway, either direction.
    NatGatewayGb = "nat_gateway_gb",
    /// A Gbps of provisioned NAT gateway bandwidth for an hour.
    NatGatewayProvisionedGbpsHour = "nat_gateway_provisioned_gbps_hour",
    /// An interface endpoint in one zone for a started hour.
    InterfaceEndpointHour = "interface_endpoint_hour",
    /// A GB through interface endpoints up to 1,048,576 GB a month and Region.
    InterfaceEndpointGbTier1 = "interface_endpoint_gb_tier1",
    /// A GB through interface endpoints from there to 5,242,880 GB.
    InterfaceEndpointGbTier2 = "interface_endpoint_gb_tier2",
    /// A GB through interface endpoints above that.
    InterfaceEndpointGbTier3 = "interface_endpoint_gb_tier3",
    /// A Gateway Load Balancer endpoint in one zone for a started hour.
    GwlbEndpointHour = "gwlb_endpoint_hour",
    /// A GB through a Gateway Load Balancer endpoint.
    GwlbEndpointGb = "gwlb_endpoint_gb",
    /// A VPC's attachment to a transit gateway for an hour.
    TgwVpcAttachmentHour = "tgw_vpc_attachment_hour",
    /// A GB that a VPC sends into a transit gateway.
    TgwVpcGb = "tgw_vpc_gb",
    /// A GB between zones of a Region, for each direction and each side that pays.
    CrossAzGbEachDirection = "cross_az_gb_each_direction",
    /// A Network Load Balancer for an hour.
    NlbHour = "nlb_hour",
    /// A Network Load Balancer capacity unit for an hour.
    NlbLcuHour = "nlb_lcu_hour",
    /// A public IPv4 address in use for an hour.
    PublicIpv4InUseHour = "public_ipv4_in_use_hour",
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no [`Item`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no item of the price book")]
pub struct UnknownItem(pub String);

impl FromStr for Item {
    type Err = UnknownItem;
    fn from_str(text: &str) -> Result<Self, UnknownItem> {
        Self::ALL.iter().copied().find(|item| item.as_str() == text).ok_or_else(|| UnknownItem(text.to_owned()))
    }
}

/// No price is known; what depends on it is unpriced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub struct PriceMissing {
    /// The Region that was asked for; `None` when the Region itself is not known.
    pub region: Option<String>,
    /// The item that was asked for.
    pub item: Item,
}

impl fmt::Display for PriceMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "no price for {} in {region}", self.item),
            None => write!(f, "no price for {}: the Region is not known", self.item),
        }
    }
}

const MAX_PRICE: Usd = Usd::from_units(1_000_000 * SCALE);

/// Why a price file was refused, as `name:line: reason`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}: {reason}")]
pub struct PriceError {
    /// The file, as the caller calls it.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: PriceFault,
}

/// What is wrong with a line of a price file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceFault {
    /// Too few or too many columns.
    #[error("expected the columns region,item,usd, found {0} column(s)")]
    Columns(usize),
    /// Not the name of a Region. There is no row for all Regions.
    #[error("`{0}` is no Region (expected a name such as us-east-1)")]
    Region(String),
    /// Not an amount of money.
    #[error("`{text}` is no price: {error}")]
    Price {
        /// The text in the column.
        text: String,
        /// What the decimal reader says.
        error: UsdError,
    },
    /// Below zero.
    #[error("the price {0} is below zero")]
    Negative(String),
    /// No unit of anything costs a million dollars; times bytes it would be more than money can hold.
    #[error("the price {0} is above a million")]
    Absurd(String),
}

/// Something in a price file that does not stop it from being used, as `name:line: what`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}: {what}")]
pub struct PriceWarning {
    /// The file, as the caller calls it.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// What was noticed there.
    pub what: PriceNotice,
}

/// What was noticed on a line of a price file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceNotice {
    /// The row was left out: natlens has no use for this item.
    #[error("unknown item `{0}`, row ignored")]
    UnknownItem(String),
    /// Digits past the 12th were rounded half-even.
    #[error("price rounded to 12 decimal places")]
    Rounded,
    /// The same Region and item stand on an earlier line of the same file; this row counts.
    #[error("{item} in {region} is given twice, this row counts")]
    Twice {
        /// The Region.
        region: String,
        /// The item.
        item: Item,
    },
}

/// List prices by Region and item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceBook {
    prices: BTreeMap<String, BTreeMap<Item, Usd>>,
    as_of: String,
}

impl PriceBook {
    /// The prices that ship with natlens (`data/prices.csv`, which names its sources).
    ///
    /// # Panics
    /// Never: a test reads the embedded file.
    #[must_use]
    pub fn built_in() -> Self {
        Self::empty().with_overrides("prices.csv", BUILT_IN).expect("the built-in price file is valid").0
    }

    /// No price at all; what [`PriceBook::with_overrides`] adds is all there is.
    #[must_use]
    pub fn empty() -> Self {
        Self { prices: BTreeMap::new(), as_of: as_of(BUILT_IN).to_owned() }
    }

    /// The date of the built-in prices, `YYYY-MM-DD`.
    #[must_use]
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// The Regions with at least one price, sorted.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.prices.keys().map(String::as_str)
    }

    /// Replaces prices row by row with those of a file `region,item,usd`; the header is optional, `#` opens a comment line.
    ///
    /// `name` is what errors call the file. Unknown items are warnings, everything else that is not understood is an error.
    pub fn with_overrides(mut self, name: &str, csv_text: &str) -> Result<(Self, Vec<PriceWarning>), PriceError> {
        let mut warnings = Vec::new();
        let mut seen = BTreeSet::new();
        let mut first = true;
        for (index, text) in csv_text.trim_start_matches('\u{feff}').lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let header = std::mem::take(&mut first) && is_header(text);
            if header {
                continue;
            }
            let line = index + 1;
            let mut warn = |what| warnings.push(PriceWarning { name: name.to_owned(), line, what });
            let row = read_row(text).map_err(|reason| PriceError { name: name.to_owned(), line, reason })?;
            let Ok(item) = row.item.parse::<Item>() else {
                warn(PriceNotice::UnknownItem(row.item.to_owned()));
                continue;
            };
            if row.rounded == Rounded::Yes {
                warn(PriceNotice::Rounded);
            }
            if !seen.insert((row.region, item)) {
                warn(PriceNotice::Twice { region: row.region.to_owned(), item });
            }
            self.prices.entry(row.region.to_owned()).or_default().insert(item, row.usd);
        }
        Ok((self, warnings))
    }

    /// The list price of one unit of `item` in `region`, in US dollars.
    pub fn price(&self, region: Option<&str>, item: Item) -> Result<Usd, PriceMissing> {
        region
            .and_then(|region| self.prices.get(region)?.get(&item))
            .copied()
            .ok_or_else(|| PriceMissing { region: region.map(str::to_owned), item })
    }
}

/// Where a gateway's own prices are listed: its Region, or the group of the Local Zone that it stands in. An AZ that is not known is in no
/// Local Zone.
#[must_use]
pub fn place_of(region: Option<&str>, az_id: Option<&str>) -> Option<String> {
    let group = region.zip(az_id).and_then(|(region, az_id)| region::edge_group(region, az_id));
    group.or_else(|| region.map(str::to_owned))
}

struct Row<'a> {
    region: &'a str,
    item: &'a str,
    usd: Usd,
    rounded: Rounded,
}

fn read_row(text: &str) -> Result<Row<'_>, PriceFault> {
    let mut columns = columns(text);
    let (Some(region), Some(item), Some(usd_text), None) =
        (columns.next(), columns.next(), columns.next(), columns.next())
    else {
        return Err(PriceFault::Columns(text.split(',').count()));
    };
    let region_bytes = region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !region_bytes || !region.contains('-') {
        return Err(PriceFault::Region(region.to_owned()));
    }
    let (usd, rounded) =
        Usd::parse(usd_text).map_err(|error| PriceFault::Price { text: usd_text.to_owned(), error })?;
    if usd < Usd::ZERO {
        return Err(PriceFault::Negative(usd_text.to_owned()));
    }
    if usd > MAX_PRICE {
        return Err(PriceFault::Absurd(usd_text.to_owned()));
    }
    Ok(Row { region, item, usd, rounded })
}

/// Spreadsheets quote text; none of the three columns can hold a comma.
fn columns(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(|column| {
        let column = column.trim();
        column.strip_prefix('"').and_then(|c| c.strip_suffix('"')).unwrap_or(column)
    })
}

fn is_header(text: &str) -> bool {
    columns(text).map(str::to_ascii_lowercase).eq(COLUMNS)
}

fn as_of(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("# as_of ")).unwrap_or("").trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Usd {
        Usd::parse(text).expect("a price").0
    }

    fn check(region: &str, item: Item, expect: Option<&str>) {
        let found = PriceBook::built_in().price(Some(region), item);
        let missing = PriceMissing { region: Some(region.to_owned()), item };
        assert_eq!(found, expect.map(usd).ok_or(missing), "{region} {item}");
    }

    #[test]
    fn built_in_prices_are_those_seen_on_bills_and_price_pages() {
        use Item::{InterfaceEndpointGbTier1, InterfaceEndpointHour, NatGatewayGb, NatGatewayHour};
        check("us-east-1", NatGatewayGb, Some("0.045"));
        check("us-east-1", InterfaceEndpointHour, Some("0.01"));
        check("us-east-1", InterfaceEndpointGbTier1, Some("0.01"));
        check("eu-west-1", NatGatewayGb, Some("0.048"));
        check("eu-west-1", InterfaceEndpointHour, Some("0.011"));
        check("eu-west-2", NatGatewayGb, Some("0.05"));
        check("eu-north-1", InterfaceEndpointHour, Some("0.0105"));
        check("ap-northeast-1", NatGatewayHour, Some("0.062"));
        check("sa-east-1", NatGatewayGb, Some("0.093"));
        check("sa-east-1", InterfaceEndpointHour, Some("0.021"));
        check("us-gov-west-1", NatGatewayGb, Some("0.054"));
        check("us-west-2-lax-1", NatGatewayGb, Some("0.054"));
    }

    #[test]
    fn a_price_that_is_not_known_is_an_error() {
        check("mars-north-1", Item::NatGatewayGb, None);
        check("cn-north-1", Item::NatGatewayGb, None);
        check("us-west-2-lax-1", Item::InterfaceEndpointHour, None);
        check("us-gov-west-1", Item::CrossAzGbEachDirection, None);
        check("eu-west-1", Item::NlbHour, None);
        let missing = PriceBook::built_in().price(None, Item::NatGatewayGb).expect_err("no Region, no price");
        assert_eq!(missing.to_string(), "no price for nat_gateway_gb: the Region is not known");
    }

    #[test]
    fn every_region_prices_a_nat_gb_like_a_nat_hour() {
        let book = PriceBook::built_in();
        assert_eq!(book.regions().count(), 37);
        for region in book.regions() {
            let gb = book.price(Some(region), Item::NatGatewayGb).expect("every Region has it");
            assert_eq!(Ok(gb), book.price(Some(region), Item::NatGatewayHour), "{region}");
            assert!(gb >= usd("0.045") && gb <= usd("0.093"), "{region}");
        }
    }

    #[test]
    fn the_built_in_file_has_a_date_and_no_warning() {
        let book = PriceBook::built_in();
        assert_eq!(book.as_of(), "2025-11-04");
        assert_eq!(book.clone().with_overrides("again", BUILT_IN), Ok((book, vec![])));
    }

    #[test]
    fn items_read_as_they_print() {
        for &item in Item::ALL {
            assert_eq!(item.to_string().parse(), Ok(item));
        }
    }

    fn check_override(text: &str, expect: Result<&[&str], &str>) {
        let found = PriceBook::built_in().with_overrides("my.csv", text);
        let found =
            found.map(|(_, w)| w.iter().map(ToString::to_string).collect::<Vec<_>>()).map_err(|e| e.to_string());
        let expect = expect.map(|w| w.iter().map(|&t| t.to_owned()).collect()).map_err(str::to_owned);
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn a_file_is_read_or_refused_by_line() {
        check_override("", Ok(&[]));
        check_override("region,item,usd\r\nus-east-1,nat_gateway_gb,0.03\r\n", Ok(&[]));
        check_override("\u{feff}Region, Item, USD\n# mine\n\n\"us-east-1\",\"nat_gateway_gb\",\"0.03\"", Ok(&[]));
        check_override(
            "us-east-1,nat_gateway_gb",
            Err("my.csv:1: expected the columns region,item,usd, found 2 column(s)"),
        );
        check_override(
            "us-east-1,nat_gateway_gb,0,1",
            Err("my.csv:1: expected the columns region,item,usd, found 4 column(s)"),
        );
        check_override("\nus-east-1,nat_gateway_gb,free", Err("my.csv:2: `free` is no price: not a decimal number"));
        check_override("us-east-1,nat_gateway_gb,", Err("my.csv:1: `` is no price: not a decimal number"));
        check_override("us-east-1,nat_gateway_gb,-1", Err("my.csv:1: the price -1 is below zero"));
        check_override("*,nat_gateway_gb,1", Err("my.csv:1: `*` is no Region (expected a name such as us-east-1)"));
        check_override("us-east-1,nat_gateway_gbb,1", Ok(&["my.csv:1: unknown item `nat_gateway_gbb`, row ignored"]));
        check_override("us-east-1,nlb_hour,1e-13", Ok(&["my.csv:1: price rounded to 12 decimal places"]));
        check_override(
            "us-east-1,nlb_hour,1\nus-east-1,nlb_hour,2",
            Ok(&["my.csv:2: nlb_hour in us-east-1 is given twice, this row counts"]),
        );
    }

    #[test]
    fn an_override_replaces_its_row_and_no_other() {
        let text = "us-east-1,nat_gateway_gb,0.026\nmy-region-1,nat_gateway_gb,1";
        let (book, _) = PriceBook::built_in().with_overrides("my.csv", text).expect("valid");
        assert_eq!(book.price(Some("us-east-1"), Item::NatGatewayGb), Ok(usd("0.026")));
        assert_eq!(book.price(Some("us-east-1"), Item::NatGatewayHour), Ok(usd("0.045")));
        assert_eq!(book.price(Some("my-region-1"), Item::NatGatewayGb), Ok(usd("1")));
    }
}
