//! A run that ends in the middle, and two at once.

use super::fake::Fake;
use super::month::{COLLECT, metered};
use super::{files, natlens, variables};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts a run, and comes back when the fake has been asked so often and answers no more.
fn hanging(folder: &Path, fake: &Fake, requests: usize) -> Child {
    fake.hang_after(requests);
    let mut child = Command::new(env!("CARGO_BIN_EXE_natlens"))
        .args(COLLECT)
        .current_dir(folder)
        .env_clear()
        .envs(variables(fake))
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    while fake.asked().len() <= requests {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before request {requests}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child
}

/// What users see of a bundle.
fn seen(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    files(&folder.join("bundle")).into_iter().filter(|(name, _)| !name.starts_with('.')).collect()
}

#[test]
fn killed_after_any_request_nothing_is_seen_and_the_next_run_is_whole() {
    let whole = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(metered());
    assert_eq!(natlens(whole.path(), &fake, &COLLECT).code, 0);
    let requests = fake.asked().len();
    assert!(requests > 14, "{requests}");
    let folder = tempfile::tempdir().expect("a folder");
    for killed_after in (0..requests).step_by(3) {
        let fake = Fake::start(metered());
        let mut child = hanging(folder.path(), &fake, killed_after);
        child.kill().and_then(|()| child.wait().map(drop)).expect("killed");
        assert!(seen(folder.path()).is_empty(), "after {killed_after}: {:?}", seen(folder.path()).keys());
    }
    let fake = Fake::start(metered());
    let run = natlens(folder.path(), &fake, &COLLECT);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(seen(folder.path()), seen(whole.path()));
    let hidden: Vec<String> =
        files(&folder.path().join("bundle")).into_keys().filter(|name| name.starts_with('.')).collect();
    assert_eq!(hidden, [".natlens-collect.lock"]);
}

#[test]
fn two_runs_refuse_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(metered());
    let mut first = hanging(folder.path(), &fake, 5);
    let second = natlens(folder.path(), &Fake::start(metered()), &COLLECT);
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert!(
        second.stderr.contains("bundle: another `natlens collect` is writing into this bundle\nhint: wait"),
        "{}",
        second.stderr
    );
    fake.hang_after(usize::MAX);
    assert!(first.wait().expect("an end").success());
    assert!(!seen(folder.path()).is_empty());
}
