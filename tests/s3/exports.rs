//! A dataset in a bucket: the files of the folder, whatever the server does, and after a run that was stopped each file old or new.

use super::*;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};

const DATASETS: &str = "datasets";
const TO: &str = "s3://datasets/team/natlens";

type Files = BTreeMap<String, Vec<u8>>;

fn serve(script: impl Fn(&Request) -> Fault + Send + Sync + 'static) -> FakeS3 {
    let fake = FakeS3::start(5, script);
    fake.allow_writing(DATASETS, "team/natlens/");
    fake
}

fn variables(fake: &FakeS3) -> Vec<(String, String)> {
    fake.variables()
}

fn export(account: &Account, fake: &FakeS3, more: &[&str]) -> Run {
    let own = variables(fake);
    let own: Vec<(&str, &str)> = own.iter().map(|(name, value)| (&**name, &**value)).collect();
    let run = natlens_in(account.0.path(), &own, &[&["export", "bundle", "--to", TO, "--no-cache"][..], more].concat());
    assert_eq!(fake.refused(), Vec::<String>::new(), "signatures");
    for secret in [SECRET, TOKEN, KEY_ID] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{secret}: {}", run.stderr);
    }
    run
}

/// What a run writes into a folder.
fn expected(account: &Account, more: &[&str]) -> Files {
    let to = account.0.path().join("dataset");
    let _ = std::fs::remove_dir_all(&to);
    let args = [&["export", "bundle", "--to", "dataset", "--no-cache"][..], more].concat();
    let run = natlens(account.0.path(), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let names = bundle::files(&to).into_iter().filter(|path| !path.ends_with("_natlens/lock"));
    let name = |path: &Path| path.strip_prefix(&to).expect("below").to_str().expect("UTF-8").to_owned();
    names.map(|path| (name(&path), std::fs::read(&path).expect("a file"))).collect()
}

fn found(fake: &FakeS3) -> Files {
    let below = |key: String| key.strip_prefix("team/natlens/").expect("below").to_owned();
    fake.objects(DATASETS).into_iter().map(|(key, bytes)| (below(key), bytes)).collect()
}

#[test]
fn a_bucket_gets_the_files_of_the_folder() {
    let account = Account::new("--seed 41");
    let expect = expected(&account, &[]);
    for fake in [
        serve(|_| Fault::None),
        serve(|request| if request.number % 3 == 0 { Fault::Error(503, "SlowDown") } else { Fault::None }),
        serve(|request| if request.number % 4 == 0 { Fault::Lost } else { Fault::None }),
    ] {
        let run = export(&account, &fake, &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(found(&fake), expect);
        assert_eq!(export(&account, &fake, &[]).code, 0);
        assert_eq!(found(&fake), expect, "again");
    }
}

#[test]
fn what_the_month_has_no_more_goes_and_other_months_stay() {
    let account = Account::new("--seed 42");
    let fake = serve(|_| Fault::None);
    let october = expected(&account, &["--month", "2026-10"]);
    // A second file of an account that now has one, and what another account has: no manifest tells of either.
    let own = october.keys().find(|name| name.starts_with("traffic/account_id=")).expect("traffic");
    let stale = own.replace("part-00000", "part-00001");
    let others = "traffic/account_id=999999999999/month=2026-10/part-00000.parquet";
    let kept = ["traffic/account_id=999999999999/month=2026-09/part-00000.parquet", "traffic/README"];
    for name in kept.iter().chain([&&*stale, &others]) {
        fake.put(DATASETS, &format!("team/natlens/{name}"), b"old");
    }
    let before = found(&fake);
    let refused = export(&account, &fake, &["--month", "2026-10"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("no manifest of 2026-10 names this file"),
        "{}",
        refused.stderr
    );
    assert_eq!(found(&fake), before, "nothing was changed");
    assert_eq!(export(&account, &fake, &["--month", "2026-10", "--replace"]).code, 0);
    let data = |files: std::collections::BTreeMap<String, Vec<u8>>| -> Vec<_> {
        files.into_iter().filter(|(name, _)| !name.starts_with("_natlens/")).collect()
    };
    let mut expect = october;
    expect.extend(kept.map(|name| (name.to_owned(), b"old".to_vec())));
    assert_eq!(data(found(&fake)), data(expect));
}

#[test]
fn a_bucket_that_may_not_be_written_is_said() {
    let account = Account::new("--seed 43 --logs-only");
    let fake = serve(|request| if request.method == "PUT" { Fault::Error(403, "AccessDenied") } else { Fault::None });
    let run = export(&account, &fake, &[]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("hint:") && run.stderr.contains("export 2026-10 again"), "{}", run.stderr);
    assert!(run.stdout.is_empty() && found(&fake).is_empty());
}

#[test]
fn killed_at_any_request_every_file_is_old_or_new_and_the_next_run_does_the_rest() {
    let account = Account::new("--seed 44");
    let (old, new) = (expected(&account, &["--cost-basis", "net"]), expected(&account, &["--cost-basis", "list"]));
    for stop in [0, 1, 3, 6, 9, 11, 14] {
        // The server stands still at so many changes.
        let changes = std::sync::atomic::AtomicUsize::new(0);
        let fake = serve(move |request| {
            if request.method != "GET" && changes.fetch_add(1, std::sync::atomic::Ordering::SeqCst) >= stop {
                std::thread::sleep(std::time::Duration::from_mins(1));
            }
            Fault::None
        });
        for (name, bytes) in &old {
            fake.put(DATASETS, &format!("team/natlens/{name}"), bytes);
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_natlens"))
            .args(["export", "bundle", "--to", TO, "--no-cache", "--cost-basis", "list"])
            .current_dir(account.0.path())
            .env_clear()
            .envs(variables(&fake))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let stands = || fake.requests().iter().filter(|request| request.method != "GET").count() > stop;
        while !stands() && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.kill().and_then(|()| child.wait().map(drop)).expect("killed");
        let left = found(&fake);
        for (name, bytes) in left.iter().filter(|(name, _)| !name.ends_with(".replacing.json")) {
            assert!(old.get(name) == Some(bytes) || new.get(name) == Some(bytes), "{stop}: {name}");
        }
        let next = serve(|_| Fault::None);
        for (name, bytes) in &left {
            next.put(DATASETS, &format!("team/natlens/{name}"), bytes);
        }
        assert_eq!(export(&account, &next, &["--cost-basis", "list"]).code, 0);
        assert_eq!(found(&next), new, "{stop}");
    }
}
