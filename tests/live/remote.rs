//! A bundle that is collected into a bucket: the same files as in a folder, nothing written elsewhere, of one run or refused.

use super::fake::Fake;
use super::month::{COLLECT, metered};
use super::s3::{FakeS3, Fault, Request};
use super::{CANARIES, common::Run, common::natlens_in, files, natlens, variables};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const BUCKET: &str = "collected";
const TO: &str = "s3://collected/team/natlens";
const INTO_BUCKET: [&str; 5] = ["collect", "--to", TO, "--month", "2026-10"];

fn serve(script: impl Fn(&Request) -> Fault + Send + Sync + 'static) -> FakeS3 {
    let s3 = FakeS3::start(5, script);
    s3.allow_key(CANARIES[0], CANARIES[1]);
    s3.allow_writing(BUCKET, "team/natlens/");
    s3
}

fn with<'a>(fake: &'a Fake, s3: &'a str) -> Vec<(&'static str, &'a str)> {
    let mut all = variables(fake).to_vec();
    all.push(("AWS_ENDPOINT_URL_S3", s3));
    all
}

fn run(folder: &Path, fake: &Fake, s3: &FakeS3, args: &[&str]) -> Run {
    let run = natlens_in(folder, &with(fake, &s3.address()), args);
    assert_eq!(s3.refused(), Vec::<String>::new(), "signatures");
    for canary in CANARIES {
        assert!(!run.stdout.contains(canary) && !run.stderr.contains(canary), "{canary} was shown: {}", run.stderr);
    }
    run
}

/// Starts a run that stands still at some request.
fn start(folder: &Path, fake: &Fake, s3: &FakeS3, stands: impl Fn(&Request) -> bool) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_natlens"))
        .args(INTO_BUCKET)
        .current_dir(folder)
        .env_clear()
        .envs(with(fake, &s3.address()))
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    while !s3.requests().iter().any(&stands) {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// What users see of the bundle, and whether there is more.
fn seen(s3: &FakeS3) -> (BTreeMap<String, Vec<u8>>, bool) {
    let all = s3.objects(BUCKET).into_iter();
    let below = all.map(|(key, bytes)| (key.strip_prefix("team/natlens/").expect("below").to_owned(), bytes));
    let (hidden, seen): (BTreeMap<_, _>, BTreeMap<_, _>) = below.partition(|(name, _)| name.starts_with('.'));
    (seen, !hidden.is_empty())
}

/// What a run writes into a folder.
fn expected(fake: &Fake) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(natlens(folder.path(), fake, &COLLECT).code, 0);
    files(&folder.path().join("bundle")).into_iter().filter(|(name, _)| !name.starts_with('.')).collect()
}

#[test]
fn a_bucket_gets_the_files_of_the_folder() {
    let fake = Fake::start(metered());
    let expect = expected(&fake);
    let folder = tempfile::tempdir().expect("a folder");
    for s3 in [
        serve(|_| Fault::None),
        serve(|request| if request.number % 3 == 0 { Fault::Error(503, "SlowDown") } else { Fault::None }),
        serve(|request| if request.number % 4 == 0 { Fault::Lost } else { Fault::None }),
    ] {
        let whole = run(folder.path(), &fake, &s3, &INTO_BUCKET);
        assert_eq!(whole.code, 0, "{}", whole.stderr);
        assert!(
            whole.stderr.contains(&format!("{TO}: next, `natlens report {TO} --month 2026-10`")),
            "{}",
            whole.stderr
        );
        assert_eq!(seen(&s3), (expect.clone(), false));
        let again = run(folder.path(), &fake, &s3, &INTO_BUCKET);
        assert!(again.code == 1 && again.stderr.contains("--replace"), "{}", again.stderr);
        s3.put(BUCKET, "team/natlens/inventory/111122223333/us-east-1/stale.json", b"{}");
        s3.put(BUCKET, "team/natlens/inventory/mine.json", b"{}");
        let replaced = run(folder.path(), &fake, &s3, &[&INTO_BUCKET[..], &["--replace"]].concat());
        assert_eq!(replaced.code, 0, "{}", replaced.stderr);
        let mut more = expect.clone();
        more.insert("inventory/mine.json".to_owned(), b"{}".to_vec());
        assert_eq!(seen(&s3), (more, false));
    }
    assert!(files(folder.path()).is_empty(), "nothing of it is kept here");
}

#[test]
fn a_bundle_between_two_runs_is_refused_and_the_next_run_makes_it_whole() {
    let fake = Fake::start(metered());
    let expect = expected(&fake);
    let is_move = |request: &Request| request.method == "PUT" && !request.key.contains("/.natlens");
    let stands = Arc::new(AtomicBool::new(true));
    let still = Arc::clone(&stands);
    let s3 = serve(move |request| {
        while is_move(request) && still.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Fault::None
    });
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = start(folder.path(), &fake, &s3, is_move);
    let report = run(folder.path(), &fake, &s3, &["report", TO]);
    assert!(report.code == 1 && report.stderr.contains("its files are of two runs"), "{}", report.stderr);
    // Somebody is at work: seen by a lock that changes.
    let second = run(folder.path(), &fake, &s3, &INTO_BUCKET);
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert!(second.stderr.contains("another `natlens collect` is writing into this bundle"), "{}", second.stderr);
    child.kill().and_then(|()| child.wait().map(drop)).expect("killed");
    stands.store(false, Ordering::SeqCst);
    // The lock of a run that was killed is left alone for a while.
    let third = run(folder.path(), &fake, &s3, &[&INTO_BUCKET[..], &["--replace"]].concat());
    assert_eq!(third.code, 0, "{}", third.stderr);
    assert!(third.stderr.contains("is or was at work here"), "{}", third.stderr);
    assert_eq!(seen(&s3), (expect, false));
}

#[test]
fn what_may_not_be_written_is_said_with_the_permission() {
    let fake = Fake::start(metered());
    let s3 = serve(|_| Fault::None);
    s3.allow_writing(BUCKET, "elsewhere/");
    let folder = tempfile::tempdir().expect("a folder");
    let denied = run(folder.path(), &fake, &s3, &INTO_BUCKET);
    assert_eq!(denied.code, 4, "{}", denied.stderr);
    assert!(denied.stderr.contains("allow s3:PutObject on arn:aws:s3:::collected/*"), "{}", denied.stderr);
    assert!(fake.asked().iter().all(|asked| !asked.action.starts_with("ec2")), "nothing is asked for in vain");
    let wrong = run(folder.path(), &fake, &s3, &["collect", "--to", "s3://x", "--month", "2026-10"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
}
