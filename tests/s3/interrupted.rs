//! A run that is killed loses at most what it was reading; one that is interrupted says so by its exit code.

use super::*;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn start(fake: &FakeS3, folder: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_natlens"));
    command.args(["report", REMOTE, "--format", "json", "--cache-dir", "cache"]).current_dir(folder).env_clear();
    command.envs(fake.variables()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

#[test]
fn a_run_that_is_killed_at_any_moment_changes_nothing() {
    let account = Account::new("--objects 8");
    let expect = account.local(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut dice = bundle::Dice(7);
    #[expect(clippy::disallowed_methods, reason = "a test's own knob")]
    // 20 where nobody says how many; `test.sh` says 200.
    let rounds: usize = std::env::var("NATLENS_TEST_KILLS").map_or(20, |kills| kills.parse().expect("a number"));
    for round in 0..rounds {
        // After so many requests the server stands still, until the run is killed.
        let stop = 3 + dice.below(110) as u64;
        let fake = account.serve(move |request| {
            if request.number >= stop {
                std::thread::sleep(Duration::from_millis(if request.number == stop { 30 } else { 5 }));
            }
            Fault::None
        });
        let mut child = start(&fake, folder.path());
        while (fake.requests().len() as u64) < stop && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(dice.below(20_000) as u64));
        let _ = child.kill();
        child.wait().expect("a child");
        checked(&fake);
        if round % 4 == 3 {
            let good = account.serve(|_| Fault::None);
            let args = [&["report", REMOTE, "--cache-dir", "cache"][..], &JSON].concat();
            same(&format!("after {round} kills"), &over(&good, folder.path(), &[], &args), &expect);
            if round % 8 == 7 {
                std::fs::remove_dir_all(folder.path().join("cache")).expect("a folder");
            }
        }
    }
}

#[test]
fn two_runs_on_one_output_refuse_each_other() {
    let account = Account::new("--bill-format none");
    let fake = account.serve(|request| {
        if request.number > 5 {
            std::thread::sleep(Duration::from_mins(1));
        }
        Fault::None
    });
    let folder = account.0.path();
    let mut first = Command::new(env!("CARGO_BIN_EXE_natlens"));
    first
        .args(["report", REMOTE, "--no-cache", "-o", "out.json"])
        .current_dir(folder)
        .env_clear()
        .envs(fake.variables());
    let mut first = first.stderr(Stdio::piped()).spawn().expect("the binary starts");
    while fake.requests().len() <= 5 {
        assert!(first.try_wait().expect("a child").is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(2));
    }
    let args = ["report", "bundle", "--no-cache", "-o", "out.json"];
    let second = natlens(folder, &args);
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert!(second.stderr.contains("out.json: another run") && second.stderr.contains("hint: "), "{}", second.stderr);
    assert!(!folder.join("out.json").exists());
    assert_eq!(natlens(folder, &["report", "bundle", "--no-cache", "-o", "other.json"]).code, 0);
    first.kill().expect("it runs");
    first.wait().expect("a child");
    assert_eq!(natlens(folder, &args).code, 0, "a run that was killed claims nothing");
    let names = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let locks: Vec<_> = names.filter(|name| name.to_string_lossy().contains("lock")).collect();
    assert_eq!(locks, Vec::<std::ffi::OsString>::new(), "nothing is left behind");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_run_that_waits_for_the_network() {
    let account = Account::new("--bill-format none");
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let fake = account.serve(|request| {
            if request.number > 5 {
                std::thread::sleep(Duration::from_mins(1));
            }
            Fault::None
        });
        let mut child = start(&fake, account.0.path());
        while fake.requests().len() <= 5 {
            assert!(child.try_wait().expect("a child").is_none(), "it ended by itself");
            std::thread::sleep(Duration::from_millis(2));
        }
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill starts").success());
        assert_eq!(child.wait().expect("a child").code(), Some(code), "{signal}");
    }
}
