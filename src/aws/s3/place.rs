//! Where a bucket is asked, and how keys are written there: byte for byte, whatever they hold.

use crate::aws::request::{domain, encoded};

/// How buckets are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// AWS's own addresses, by Region.
    Aws {
        /// `use_fips_endpoint`.
        fips: bool,
        /// `use_dualstack_endpoint`.
        dual_stack: bool,
    },
    /// An address that environment or profile give; buckets are part of the path.
    Custom(String),
}

impl Service {
    /// Scheme, host and path of an object, or of the bucket itself.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.
    pub(super) fn address(&self, region: &str, bucket: &str, key: &str) -> String {
        let key = encoded(key, true);
        let (fips, dual_stack) = match self {
            Self::Custom(base) => return format!("{}/{bucket}/{key}", base.trim_end_matches('/')),
            Self::Aws { fips, dual_stack } => {
                (if *fips { "-fips" } else { "" }, if *dual_stack { ".dualstack" } else { "" })
            }
        };
        let host = format!("s3{fips}{dual_stack}.{region}.{}", domain(region));
        // A certificate is good for one level of names, and host names have no capitals.
        let is_label = bucket.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if is_label && bucket.len() <= 63 {
            format!("https://{bucket}.{host}/{key}")
        } else {
            format!("https://{host}/{bucket}/{key}")
        }
    }
}

/// The text behind `encoding-type=url`, in which a space is a `+`; `None` if it is not UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let hex = |at: usize| bytes.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let pair = if byte == b'%' { hex(at + 1).zip(hex(at + 2)) } else { None };
        match pair {
            Some((high, low)) => {
                decoded.push(u8::try_from(high * 16 + low).ok()?);
                at += 2;
            }
            None if byte == b'+' => decoded.push(b' '),
            None => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_have_their_addresses() {
        let aws = Service::Aws { fips: false, dual_stack: false };
        let check = |service: &Service, region, bucket, key, expect: &str| {
            assert_eq!(service.address(region, bucket, key), expect);
        };
        check(&aws, "eu-west-1", "logs", "a/b", "https://logs.s3.eu-west-1.amazonaws.com/a/b");
        check(&aws, "cn-north-1", "logs", "", "https://logs.s3.cn-north-1.amazonaws.com.cn/");
        check(&aws, "eusc-de-east-1", "logs", "", "https://logs.s3.eusc-de-east-1.amazonaws.eu/");
        check(&aws, "eu-west-1", "my.logs", "a", "https://s3.eu-west-1.amazonaws.com/my.logs/a");
        check(&aws, "us-east-1", "Old_Logs", "a", "https://s3.us-east-1.amazonaws.com/Old_Logs/a");
        let fips = Service::Aws { fips: true, dual_stack: true };
        check(&fips, "us-east-2", "logs", "a", "https://logs.s3-fips.dualstack.us-east-2.amazonaws.com/a");
        let custom = Service::Custom("http://127.0.0.1:9000/".to_owned());
        check(&custom, "us-east-1", "logs", "a//../b c", "http://127.0.0.1:9000/logs/a//../b%20c");
    }

    #[test]
    fn keys_survive_the_way() {
        for key in ["a/b", "a//b", "../x", "a b+c", "ä/€", "%2e%2E", "\u{1}\n", "x?y#z&=", "=ab~"] {
            assert_eq!(decoded(&encoded(key, true)).as_deref(), Some(key), "{key}");
            assert!(encoded(key, true).is_ascii());
        }
        assert_eq!(decoded("a+b%2Bc").as_deref(), Some("a b+c"));
        assert_eq!(decoded("100%").as_deref(), Some("100%"));
        assert_eq!(decoded("%FF"), None);
    }
}
