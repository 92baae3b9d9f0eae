//! `natlens collect` and `natlens doctor` against a scripted AWS of our own on loopback: what is written, what is asked, what is said when AWS refuses,
//! throttles, repeats itself or is gone.

#[path = "../common/mod.rs"]
mod common;
mod doctor;

#[path = "../common/bundle.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod bundle;
mod cbor;
mod fake;
#[path = "../common/http.rs"]
mod http;
mod inventory;
mod killed;
mod month;
mod remote;
mod roles;
#[path = "../common/s3.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod s3;
#[path = "../common/sigv4.rs"]
mod sigv4;
mod xml;

use common::{Run, natlens_in};
use fake::Fake;
use std::path::Path;

/// Credentials that must never be seen anywhere.
pub const CANARIES: [&str; 3] =
    ["AKIDCANARY0123456789", "SECRETCANARYabcdefghijklmnopqrstuvwxyz01", "TOKENCANARYxyz=="];

/// The environment in which the fake is AWS.
pub fn variables(fake: &Fake) -> [(&'static str, &str); 9] {
    let [key, secret, token] = CANARIES;
    [
        ("AWS_ENDPOINT_URL", fake.url()),
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_SESSION_TOKEN", token),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("NATLENS_NO_CACHE", "true"),
        ("RUST_LOG", "trace"),
        ("NATLENS_NOW", "2026-11-05T12:34:56Z"),
    ]
}

/// Runs natlens with the fake as AWS.
pub fn natlens(folder: &Path, fake: &Fake, args: &[&str]) -> Run {
    let run = natlens_in(folder, &variables(fake), args);
    for canary in CANARIES {
        assert!(!run.stdout.contains(canary) && !run.stderr.contains(canary), "{canary} was shown: {}", run.stderr);
    }
    run
}

/// Every file below a folder, with its text.
pub fn files(root: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let (mut found, mut folders) = (std::collections::BTreeMap::new(), vec![root.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                found.insert(name, std::fs::read(&path).expect("a readable file"));
            }
        }
    }
    found
}
