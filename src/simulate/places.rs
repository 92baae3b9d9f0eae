//! Facts about three Regions: address ranges of AWS (ip-ranges.json of 2026-08-22), list prices, bill prefixes.

use super::options::Home;

/// What the simulator knows of a Region.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) region: &'static str,
    pub(super) zone_prefix: &'static str,
    /// The Region in which the other-Region buckets are.
    pub(super) other: Home,
    /// Every IPv4 range that ip-ranges.json lists as S3 in the Region; the first ones serve traffic.
    pub(super) s3: &'static [&'static str],
    pub(super) dynamodb: &'static [&'static str],
    /// Ranges that are AMAZON and no other service.
    pub(super) amazon: &'static [&'static str],
    /// Ranges that are AMAZON and EC2 and no other service.
    pub(super) ec2: &'static [&'static str],
    pub(super) s3_list: &'static str,
    pub(super) dynamodb_list: &'static str,
    /// Prefix of usage types; us-east-1 has one for VPC products only.
    pub(super) ec2_usage: &'static str,
    pub(super) vpc_usage: &'static str,
    /// The Region's code in usage types.
    pub(super) code: &'static str,
    /// SKUs of a NAT gateway's hours and GB in the price list.
    pub(super) nat_skus: [&'static str; 2],
    /// Price of a NAT gateway hour and GB in 1/100,000 dollar.
    pub(super) nat_price: u64,
    pub(super) endpoint_hour_price: u64,
    pub(super) attachment_hour_price: u64,
}

/// Ranges of `CLOUDFRONT`, which belong to no Region.
pub(super) const CLOUDFRONT: &[&str] = &["13.32.0.0/15", "18.160.0.0/15", "108.156.0.0/14", "99.86.0.0/16"];

/// Networks of scanners: nothing is ever sent there.
pub(super) const SCANNERS: &[&str] = &["185.220.100.0/22", "45.83.64.0/22", "193.163.125.0/24"];

/// Third parties: registrable domain, host, range.
pub(super) const THIRD_PARTIES: &[(&str, &str, &str)] = &[
    ("domain:github.com", "codeload.github.com", "140.82.112.0/20"),
    ("domain:githubusercontent.com", "objects.githubusercontent.com", "185.199.108.0/22"),
    ("domain:pythonhosted.org", "files.pythonhosted.org", "151.101.0.0/16"),
    ("domain:docker.com", "production.cloudflare.docker.com", "104.16.0.0/13"),
    ("domain:googleapis.com", "storage.googleapis.com", "142.250.0.0/15"),
    ("domain:newrelic.com", "metric-api.newrelic.com", "162.247.240.0/22"),
    ("domain:windows.net", "shopexports.blob.core.windows.net", "20.60.0.0/16"),
    ("domain:npmjs.org", "registry.npmjs.org", "172.64.0.0/13"),
];

const US_EAST_1: Place = Place {
    region: "us-east-1",
    zone_prefix: "use1",
    other: Home::UsWest2,
    s3: &[
        "52.216.0.0/15",
        "54.231.0.0/16",
        "16.182.0.0/16",
        "3.5.0.0/19",
        "16.15.192.0/18",
        "18.34.0.0/19",
        "16.15.176.0/20",
        "18.34.232.0/21",
        "16.15.156.0/22",
        "16.15.160.0/22",
        "16.15.164.0/22",
        "16.15.168.0/22",
        "16.15.172.0/22",
        "1.178.4.0/24",
        "1.178.5.0/24",
        "1.178.6.0/24",
        "3.2.64.0/24",
        "3.2.65.0/24",
        "3.2.74.0/24",
        "44.192.134.240/28",
        "44.192.140.64/28",
    ],
    dynamodb: &[
        "52.94.0.0/22",
        "52.119.224.0/21",
        "52.119.232.0/21",
        "3.218.180.0/22",
        "35.71.68.0/22",
        "35.71.76.0/22",
    ],
    amazon: &["72.21.192.0/19", "52.46.128.0/19", "207.171.176.0/20", "67.220.240.0/20"],
    ec2: &["52.4.0.0/14", "54.144.0.0/14", "54.236.0.0/15"],
    s3_list: "pl-63a5400a",
    dynamodb_list: "pl-02cd2c6b",
    ec2_usage: "",
    vpc_usage: "USE1-",
    code: "USE1",
    nat_skus: ["M2YSHUBETB3JX4M4", "59S5R83GFPUAGVR5"],
    nat_price: 4_500,
    endpoint_hour_price: 1_000,
    attachment_hour_price: 5_000,
};

const EU_WEST_1: Place = Place {
    region: "eu-west-1",
    zone_prefix: "euw1",
    other: Home::UsEast1,
    s3: &[
        "52.218.0.0/17",
        "52.92.0.0/17",
        "3.5.64.0/21",
        "3.5.72.0/23",
        "3.5.74.0/23",
        "3.5.94.0/23",
        "3.5.96.0/23",
        "3.5.98.0/23",
        "1.178.7.0/24",
        "3.2.79.0/24",
        "3.251.110.208/28",
        "3.251.110.224/28",
    ],
    dynamodb: &["52.94.24.0/23", "52.119.240.0/21", "52.94.26.0/23", "35.71.72.0/22", "52.94.5.0/24"],
    amazon: &["150.103.0.0/16", "56.48.0.0/16", "150.102.0.0/16"],
    ec2: &["54.74.0.0/15", "54.229.0.0/16", "54.154.0.0/16"],
    s3_list: "pl-6da54004",
    dynamodb_list: "pl-6fa54006",
    ec2_usage: "EU-",
    vpc_usage: "EU-",
    code: "EU",
    nat_skus: ["KFNSSCHWD43WZK2R", "DTH8595YVPFXV226"],
    nat_price: 4_800,
    endpoint_hour_price: 1_100,
    attachment_hour_price: 5_000,
};

const US_WEST_2: Place = Place {
    region: "us-west-2",
    zone_prefix: "usw2",
    other: Home::UsEast1,
    s3: &[
        "52.218.128.0/17",
        "52.92.128.0/17",
        "3.5.80.0/21",
        "3.5.76.0/22",
        "18.34.48.0/20",
        "16.15.32.0/20",
        "16.12.88.0/21",
        "16.12.96.0/21",
        "16.12.104.0/21",
        "16.12.112.0/21",
        "18.34.244.0/22",
        "1.178.9.0/24",
        "1.178.65.0/24",
        "3.2.68.0/24",
        "35.80.36.208/28",
        "35.80.36.224/28",
    ],
    dynamodb: &["52.94.28.0/23", "52.119.252.0/22", "52.94.10.0/24", "35.71.64.0/22"],
    amazon: &["52.94.176.0/20", "52.119.160.0/20", "15.248.80.0/20"],
    ec2: &["54.148.0.0/15", "54.200.0.0/15", "54.68.0.0/14"],
    s3_list: "pl-68a54001",
    dynamodb_list: "pl-00a54069",
    ec2_usage: "USW2-",
    vpc_usage: "USW2-",
    code: "USW2",
    nat_skus: ["44T683R45QPT8RYQ", "9AXD6XJT8GZWPQED"],
    nat_price: 4_500,
    endpoint_hour_price: 1_000,
    attachment_hour_price: 5_000,
};

impl Home {
    /// The facts of the Region.
    pub(super) const fn place(self) -> &'static Place {
        match self {
            Self::UsEast1 => &US_EAST_1,
            Self::EuWest1 => &EU_WEST_1,
            Self::UsWest2 => &US_WEST_2,
        }
    }
}
