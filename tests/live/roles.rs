//! Buckets that are read by roles: each address with the role that natlens.toml names for its bucket, all others with the credentials.

use super::fake::{Fake, Trick};
use super::s3::{FakeS3, Fault};
use super::{CANARIES, common::natlens_in, variables};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const SETTINGS: &str = "[[accounts]]\nrole-arn = \"arn:aws:iam::444455556666:role/archive\"\nbuckets = [\"archive\"]\n\
                        only-buckets = true\n\n[[accounts]]\nrole-arn = \"arn:aws:iam::777788889999:role/bills\"\n\
                        buckets = [\"bills\"]\nexternal-id = \"x-1\"\nonly-buckets = true\n";
const PARTS: [&str; 10] = [
    "--flow-logs",
    "s3://archive/logs",
    "--billing",
    "s3://bills",
    "--metrics",
    "s3://own/metrics",
    "--inventory",
    "s3://own/inventory",
    "--dns",
    "s3://own/dns",
];

/// A server on which each bucket is for one key alone.
fn serve() -> FakeS3 {
    let s3 = FakeS3::start(100, |_| Fault::None);
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data");
    s3.put_folder("archive", "logs/", &sample.join("flow-logs"));
    s3.put_folder("bills", "", &sample.join("billing"));
    s3.put_folder("own", "metrics/", &sample.join("metrics"));
    s3.put_folder("own", "dns/", &sample.join("dns"));
    s3.put_folder("own", "inventory/", &sample.join("inventory"));
    for (key, secret, bucket) in
        [("ROLE444455556666", "s", "archive"), ("ROLE777788889999", "s", "bills"), (CANARIES[0], CANARIES[1], "own")]
    {
        s3.allow_key(key, secret);
        s3.only_for(key, bucket);
    }
    s3
}

fn report(fake: &Fake, s3: &FakeS3, settings: &str) -> super::Run {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("natlens.toml"), settings).expect("written");
    let address = s3.address();
    let variables = [&variables(fake)[..], &[("AWS_ENDPOINT_URL_S3", &address)]].concat();
    let run = natlens_in(folder.path(), &variables, &[&["report", "--format", "json"][..], &PARTS].concat());
    assert_eq!(s3.refused(), Vec::<String>::new(), "signatures");
    run
}

#[test]
fn each_bucket_is_read_with_the_credentials_that_natlens_toml_names() {
    let (fake, s3) = (Fake::start(super::month::metered()), serve());
    let run = report(&fake, &s3, SETTINGS);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data");
    let local = super::common::natlens(&sample, &["report", ".", "--format", "json", "--no-cache"]);
    let said = |text: &str| -> Value { serde_json::from_str(text).expect("JSON") };
    let (found, expect) = (said(&run.stdout), said(&local.stdout));
    for part in ["summary", "nat_gateways", "traffic", "records"] {
        assert!(found[part] == expect[part], "{part}");
    }
    let keys: BTreeSet<(String, String)> =
        s3.requests().into_iter().map(|request| (request.bucket, request.key_id)).collect();
    let expect = [("archive", "ROLE444455556666"), ("bills", "ROLE777788889999"), ("own", CANARIES[0])];
    assert_eq!(keys, expect.map(|(bucket, key)| (bucket.to_owned(), key.to_owned())).into());
    assert_eq!(fake.count("sts:AssumeRole"), 2, "each role is taken on once");
}

#[test]
fn without_its_role_a_bucket_is_closed_and_with_two_it_is_a_mistake() {
    let (fake, s3) = (Fake::start(super::month::metered()), serve());
    let denied = report(&fake, &s3, &SETTINGS.replace("\"bills\"", "\"other\""));
    assert_eq!(denied.code, 4, "{}", denied.stderr);
    assert!(denied.stderr.contains("s3://bills") && denied.stderr.contains("allow s3:ListBucket"), "{}", denied.stderr);
    let twice = report(&fake, &s3, &SETTINGS.replace("\"bills\"", "\"archive\""));
    assert_eq!(twice.code, 4, "{}", twice.stderr);
    assert!(twice.stderr.contains("`archive` is the bucket of two roles"), "{}", twice.stderr);
    fake.trick("AssumeRole", 99, Trick::Refuse(403, "AccessDenied", "not authorized to perform: sts:AssumeRole"));
    let refused = report(&fake, &s3, SETTINGS);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("role/"), "{}", refused.stderr);
}
