//! What is kept from run to run changes no byte of any answer, whatever happens to the inputs or to the cache.

#[path = "common/bundle.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod bundle;
mod common;

use bundle::files;
use common::{Run, arg, natlens};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

/// A simulated account and a cache of its own.
struct Account {
    folder: tempfile::TempDir,
}

impl Account {
    fn new(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut args = vec!["simulate", "--to", "bundle", "--records", "1500", "--clients", "20"];
        args.extend(options.split_whitespace());
        if !args.contains(&"--objects") {
            args.extend(["--objects", "4"]);
        }
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "simulate {options}: {}", run.stderr);
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn run(&self, more: &[&str]) -> Run {
        natlens(self.folder.path(), &[&["report", "bundle", "--cache-dir", "cache"], more].concat())
    }

    fn without(&self, more: &[&str]) -> Run {
        natlens(self.folder.path(), &[&["report", "bundle", "--no-cache"], more].concat())
    }

    /// A run with the cache as it is gives what a run without any gives.
    fn check(&self, situation: &str, more: &[&str]) {
        same(situation, &self.run(more), &self.without(more));
    }

    fn kept(&self, kind: &str) -> Vec<PathBuf> {
        let all = if self.path("cache").exists() { files(&self.path("cache")) } else { Vec::new() };
        all.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == kind)).collect()
    }

    /// How many objects each pack holds, sorted.
    fn packed(&self) -> Vec<u64> {
        let size = |path: PathBuf| std::fs::metadata(path).expect("a file").len();
        let mut sizes: Vec<u64> = self.kept("objects").into_iter().map(|path| (size(path) - 48) / 16).collect();
        sizes.sort_unstable();
        sizes
    }

    /// Flow log objects, large ones first.
    fn objects(&self) -> Vec<PathBuf> {
        let mut all = files(&self.path("bundle/flow-logs"));
        all.sort_by_key(|path| std::cmp::Reverse(std::fs::metadata(path).expect("a file").len()));
        all
    }
}

fn same(situation: &str, found: &Run, expect: &Run) {
    assert_eq!(found.code, expect.code, "{situation}: {}", found.stderr);
    assert_eq!(found.stderr, expect.stderr, "{situation}");
    let differs = found.stdout.lines().zip(expect.stdout.lines()).find(|(found, expect)| found != expect);
    assert!(found.stdout == expect.stdout, "{situation}: {differs:?}");
}

/// Makes a file look unused for a day; whether it was used is then in its time.
fn age(path: &Path) {
    let file = std::fs::File::options().append(true).open(path).expect("the file");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).expect("a time");
}

fn was_used(path: &Path) -> bool {
    let time = std::fs::metadata(path).expect("the file").modified().expect("a time");
    time > SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

const JSON: &[&str] = &["--format", "json"];

#[test]
fn the_second_run_prints_what_the_first_did_in_every_form() {
    for options in [
        "--vantage nat --rules",
        "--vantage instance --pods",
        "--vantage vpc",
        "--vantage hub",
        "--vantage two-logs",
        "--vantage v2 --log-file-format default-gz",
    ] {
        let account = Account::new(options);
        account.check(&format!("{options}, first run"), JSON);
        let reports = account.kept("json");
        let [report] = &reports[..] else { panic!("{options}: {:?}", account.kept("json")) };
        let packs = account.kept("parquet");
        assert!(!packs.is_empty(), "{options}");
        age(report);
        for form in [JSON, &[], &["--format", "markdown"], &["--format", "csv", "--table", "destinations"], &["-vv"]] {
            account.check(&format!("{options}, {form:?}"), form);
        }
        assert!(was_used(report), "{options}");
        assert_eq!(account.kept("json").len(), 2, "{options}: with services by client and without");
        account.check(options, &["--group-by", "service,day", "--format", "json"]);
        account.check(options, &["--group-by", "service,day", "--format", "json"]);
        assert_eq!(
            (account.kept("json").len(), account.kept("parquet")),
            (3, packs),
            "{options}: another report, the same counts"
        );
    }
}

#[test]
fn a_report_that_has_more_serves_those_who_want_less() {
    let account = Account::new("--vantage nat");
    account.check("for people", &[]);
    let reports = account.kept("json");
    assert_eq!(reports.len(), 1);
    age(&reports[0]);
    account.check("JSON", JSON);
    assert!(was_used(&reports[0]));
    account.check("services by client", &["--format", "csv", "--table", "client-services"]);
    account.check("clients", &["--format", "csv", "--table", "clients"]);
    assert_eq!(account.kept("json"), reports);
}

#[test]
fn explanations_use_what_was_counted() {
    let account = Account::new("--vantage vpc");
    account.run(JSON);
    let packs = account.kept("parquet");
    for path in &packs {
        age(path);
    }
    let explain = |cache: &[&str]| natlens(account.folder.path(), &[&["explain", "bundle", "s3"], cache].concat());
    same("explain", &explain(&["--cache-dir", "cache"]), &explain(&["--no-cache"]));
    assert!(packs.iter().all(|path| was_used(path)));
}

#[test]
fn a_new_object_costs_only_itself() {
    let account = Account::new("--vantage nat");
    let objects = account.objects();
    let (later, aside) = (objects[1].clone(), account.path("aside"));
    std::fs::rename(&later, &aside).expect("a file can be moved");
    account.check("first run", JSON);
    let count = u64::try_from(objects.len()).expect("few");
    assert_eq!(account.packed(), [count - 1]);
    std::fs::rename(&aside, &later).expect("a file can be moved");
    account.check("one more", JSON);
    account.check("one more, again", JSON);
    assert_eq!(account.packed(), [1, count - 1]);
    let copy = later.with_file_name("again.log.gz");
    std::fs::copy(&later, &copy).expect("a file can be copied");
    account.check("one delivered twice", JSON);
    account.check("one delivered twice, again", JSON);
    assert_eq!(account.packed(), [1, 1, count - 1]);
    std::fs::remove_file(&copy).expect("a file can be removed");
    std::fs::remove_file(&objects[0]).expect("a file can be removed");
    account.check("one less", JSON);
    assert_eq!(account.packed(), [1, 1, count - 1], "nothing was read");
}

#[test]
fn every_change_of_an_input_is_seen() {
    let account = Account::new("--vantage nat --rules");
    let check = |situation: &str, more: &[&str]| {
        let more = [JSON, more].concat();
        account.check(situation, &more);
        account.check(&format!("{situation}, again"), &more);
    };
    check("first run", &[]);
    let object = account.objects().remove(0);
    let (bytes, time) =
        (std::fs::read(&object).expect("a file"), std::fs::metadata(&object).expect("a file").modified());
    let mut other = bytes.clone();
    let middle = other.len() / 2;
    other[middle] ^= 0x55;
    std::fs::write(&object, &other).expect("a file can be written");
    let file = std::fs::File::options().append(true).open(&object).expect("the file");
    file.set_modified(time.expect("a time")).expect("a time can be set");
    #[cfg(unix)]
    check("other bytes under the same size and time", &[]);
    std::fs::write(&object, &bytes).expect("a file can be written");
    check("the old bytes at a new time", &[]);
    std::fs::write(&object, &bytes[..middle]).expect("a file can be written");
    check("an object that breaks off", &[]);
    check("an object that breaks off", &["--strict"]);
    std::fs::write(&object, &bytes).expect("a file can be written");
    for part in ["inventory", "billing", "dns", "metrics"] {
        let gone = files(&account.path(&format!("bundle/{part}"))).remove(0);
        std::fs::remove_file(&gone).expect("a file can be removed");
        check(&format!("{} is gone", gone.display()), &[]);
    }
    std::fs::write(
        account.path("bundle/natlens.toml"),
        "[[rules]]\ncidr = \"0.0.0.0/0\"\nport = 443\nname = \"tls\"\n",
    )
    .expect("a file");
    check("other rules", &[]);
    std::fs::write(account.path("bundle/prices.csv"), "region,item,usd\nus-east-1,nat-gateway-gb,0.5\n")
        .expect("a file");
    check("prices", &[]);
    std::fs::write(account.path("bundle/prices.csv"), "region,item,usd\nus-east-1,nat-gateway-gb,0.7\n")
        .expect("a file");
    check("other prices", &[]);
    let ranges = r#"{"syncToken": "7", "createDate": "2026-10-01-00-00-00", "prefixes": [{"ip_prefix": "3.5.0.0/16", "region": "us-east-1",
        "service": "S3", "network_border_group": "us-east-1"}], "ipv6_prefixes": []}"#;
    std::fs::write(account.path("bundle/ip-ranges.json"), ranges).expect("a file");
    check("other ranges", &[]);
    check("a month", &["--month", "2026-10"]);
    check("a month without records", &["--month", "2026-09"]);
    check("a day", &["--from", "2026-10-05", "--to", "2026-10-06"]);
    check("fewer rows", &["--top", "1"]);
    check("list prices", &["--cost-basis", "list"]);
    check("a limit", &["--fail-on", "saving>0"]);
    check("one thread", &["--threads", "1"]);
}

fn copy_all(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("below"));
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        std::fs::copy(file, target).expect("a copy");
    }
}

#[test]
fn a_damaged_entry_is_made_again() {
    let account = Account::new("--vantage nat");
    // Something to say on stderr, and a code of its own.
    let object = account.objects().remove(0);
    let bytes = std::fs::read(&object).expect("a file");
    std::fs::write(object.with_file_name("broken.log.gz"), &bytes[..bytes.len() / 2]).expect("a file");
    let expect = account.without(JSON);
    assert_eq!(expect.code, 3);
    same("first run", &account.run(JSON), &expect);
    same("second run", &account.run(JSON), &expect);
    let (cache, whole) = (account.path("cache"), account.path("whole"));
    copy_all(&cache, &whole);
    let names: Vec<PathBuf> =
        files(&whole).iter().map(|path| path.strip_prefix(&whole).expect("below").to_owned()).collect();
    assert!(names.len() >= 3, "{names:?}");
    for name in &names {
        let entry = std::fs::read(whole.join(name)).expect("the entry");
        let places = (0..9).map(|at| at * (entry.len() - 1) / 8);
        let flipped = places.clone().map(|at| {
            let mut damaged = entry.clone();
            damaged[at] ^= 0x10;
            (format!("byte {at}"), damaged)
        });
        let cut = places.map(|at| (format!("cut at {at}"), entry[..at].to_vec()));
        let of_another = names.iter().filter(|other| *other != name).map(|other| {
            (format!("{} in its place", other.display()), std::fs::read(whole.join(other)).expect("the other"))
        });
        for (damage, content) in flipped.chain(cut).chain(of_another) {
            copy_all(&whole, &cache);
            if name.extension().is_some_and(|extension| extension != "json") {
                // Else nobody would look below it.
                std::fs::remove_dir_all(cache.join("reports")).expect("a folder can be removed");
            }
            std::fs::write(cache.join(name), content).expect("the entry can be damaged");
            same(&format!("{}: {damage}", name.display()), &account.run(JSON), &expect);
            let made_again = std::fs::read(cache.join(name)).ok();
            let is_pack = name.extension().is_some_and(|extension| extension == "parquet");
            assert!(
                made_again.is_none_or(|again| again == entry) || is_pack,
                "{}: {damage} is still there",
                name.display()
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_an_entrys_place_is_not_waited_for() {
    let account = Account::new("--vantage nat");
    let expect = account.without(JSON);
    same("first run", &account.run(JSON), &expect);
    let (cache, whole) = (account.path("cache"), account.path("whole"));
    copy_all(&cache, &whole);
    for path in files(&whole) {
        let name = path.strip_prefix(&whole).expect("below");
        copy_all(&whole, &cache);
        if name.extension().is_some_and(|extension| extension != "json") {
            std::fs::remove_dir_all(cache.join("reports")).expect("a folder can be removed");
        }
        std::fs::remove_file(cache.join(name)).expect("the entry");
        let made = std::process::Command::new("mkfifo").arg(cache.join(name)).status().expect("mkfifo runs");
        assert!(made.success());
        same(&name.to_string_lossy(), &account.run(JSON), &expect);
        let _ = std::fs::remove_file(cache.join(name));
    }
}

/// Moves all objects but the first aside; each call of what it gives moves the next one back.
fn one_by_one(account: &Account) -> impl Iterator<Item = ()> + use<> {
    let mut objects = account.objects();
    objects.sort();
    let aside = account.path("aside");
    std::fs::create_dir(&aside).expect("a folder");
    let hidden: Vec<(PathBuf, PathBuf)> =
        objects.drain(1..).enumerate().map(|(at, path)| (aside.join(at.to_string()), path)).collect();
    for (hidden, path) in &hidden {
        std::fs::rename(path, hidden).expect("a file can be moved");
    }
    hidden.into_iter().map(|(hidden, path)| std::fs::rename(hidden, path).expect("a file can be moved"))
}

#[test]
fn small_packs_do_not_pile_up() {
    let account = Account::new("--vantage nat --logs-only");
    let later = one_by_one(&account);
    account.run(JSON);
    let (mut most, mut days, mut small) = (0, 1, None);
    for () in later {
        account.run(JSON);
        days += 1;
        let packed = account.packed();
        assert_eq!(packed.iter().sum::<u64>(), days, "each object is in one pack: {packed:?}");
        most = packed.len().max(most);
        if packed.len() == 8 {
            small = Some(days);
            copy_all(&account.path("cache"), &account.path("small"));
        }
    }
    assert!(days > 20, "{days}");
    assert_eq!(most, 8, "the ninth run puts eight together");
    account.check("from packs that were put together", &["--top", "1", "--format", "json"]);
    // A run that was ended after it wrote the new pack and before it removed the old ones.
    let (before, objects) = (account.packed(), small.expect("eight packs"));
    for file in files(&account.path("small")) {
        let again = account.path("cache").join(file.strip_prefix(account.path("small")).expect("below"));
        std::fs::copy(file, again).expect("a copy");
    }
    assert_eq!(account.packed().iter().sum::<u64>(), days + objects);
    account.check("old and new packs", &["--top", "2", "--format", "json"]);
    assert_eq!(account.packed(), before);
}

#[test]
fn under_a_memory_limit_nothing_is_packed() {
    let account = Account::new("--logs-only");
    let limited = ["--format", "json", "--memory-limit", "2GiB"];
    account.check("first", &limited);
    assert_eq!(account.packed(), [0; 0]);
    let reports = account.kept("json");
    assert_eq!(reports.len(), 1, "the report is kept when all else is done");
    age(&reports[0]);
    account.check("again", &limited);
    assert!(was_used(&reports[0]));
}

/// A run that nobody waits for yet.
fn begin(account: &Account) -> Child {
    let args = ["report", "bundle", "--cache-dir", "cache", "--format", "json", "--threads", "2"];
    Command::new(env!("CARGO_BIN_EXE_natlens"))
        .args(args)
        .current_dir(account.folder.path())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

fn end(child: Child) -> Run {
    let output = child.wait_with_output().expect("it ends");
    Run {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("text on stdout"),
        stderr: String::from_utf8(output.stderr).expect("text on stderr"),
    }
}

#[test]
fn runs_may_share_a_cache_and_be_killed() {
    let account = Account::new("--vantage nat");
    let expect = account.without(JSON);
    let started = std::time::Instant::now();
    same("alone", &account.run(JSON), &expect);
    let took = started.elapsed();
    let objects = u64::try_from(account.objects().len()).expect("few");
    for round in 0..6u32 {
        // From nothing, from what was counted, and from small packs that will be put together.
        match round {
            0 | 3 => std::fs::remove_dir_all(account.path("cache")).expect("a folder can be removed"),
            1 | 4 => std::fs::remove_dir_all(account.path("cache/reports")).expect("a folder can be removed"),
            _ => {
                let aside = account.path("aside");
                for object in &account.objects()[..9] {
                    std::fs::rename(object, &aside).expect("a file can be moved");
                    std::fs::rename(&aside, object).expect("a file can be moved");
                    account.run(&["--format", "json", "--top", "1"]);
                }
            }
        }
        let killed = [begin(&account), begin(&account)];
        for (at, mut child) in (0..).zip(killed) {
            // Anywhere in a run, and a little after it.
            std::thread::sleep(took * (round * 5 + at * 3 + 1) / 40);
            child.kill().expect("a process can be killed");
            child.wait().expect("it ends");
        }
        let (one, two) = (begin(&account), begin(&account));
        for (run, which) in [(end(one), "first"), (end(two), "second")] {
            same(&format!("round {round}, {which} of two"), &run, &expect);
        }
        same(&format!("round {round}, afterwards"), &account.run(JSON), &expect);
        account.check(&format!("round {round}, from what was counted"), &["--top", "3", "--format", "json"]);
        assert!(account.packed().iter().sum::<u64>() >= objects, "round {round}: {:?}", account.packed());
    }
}

#[test]
fn a_cache_that_cannot_be_written_costs_one_warning() {
    let account = Account::new("--logs-only");
    std::fs::write(account.path("cache"), "a file").expect("a file");
    let (run, expect) = (account.run(&[]), account.without(&[]));
    assert_eq!((run.code, &run.stdout), (0, &expect.stdout));
    assert_eq!(run.stderr.matches("warning: ").count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("hint: ") && run.stderr.contains("--no-cache"), "{}", run.stderr);
    same("quiet", &account.run(&["--quiet"]), &account.without(&["--quiet"]));
}

#[test]
fn the_cache_is_where_the_user_keeps_caches() {
    let account = Account::new("--logs-only");
    let home = account.path("home");
    let at = |name: &str| account.path(name).display().to_string();
    let run = |variables: &[(&str, &str)]| {
        let run = common::natlens_in(account.folder.path(), variables, &["report", "bundle"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    };
    run(&[("HOME", arg(&home)), ("NATLENS_NO_CACHE", "true")]);
    run(&[]);
    assert!(!home.exists());
    run(&[("HOME", arg(&home))]);
    assert!(home.join(".cache/natlens/rollup").is_dir());
    run(&[("HOME", "/nowhere"), ("XDG_CACHE_HOME", &at("xdg"))]);
    assert!(account.path("xdg/natlens/reports").is_dir());
    run(&[("XDG_CACHE_HOME", "/nowhere"), ("NATLENS_CACHE_DIR", "named")]);
    assert!(account.path("named/rollup").is_dir());
}
