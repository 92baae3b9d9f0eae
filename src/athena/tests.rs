//! Questions to an Athena that is a table of answers.

use super::*;
use crate::aws::Trouble;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;

const AT: &str = "s3://work/natlens/";
const SQL: &str = "SELECT * FROM flow_logs JOIN natlens_peers p ON p.a = b JOIN natlens_peers_more q ON 'x' = q.x";

#[derive(Debug, Default)]
struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Target for Memory {
    fn shown(&self, name: &str) -> String {
        format!("{AT}{name}")
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let files = self.0.lock().expect("one thread");
        Ok(files.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.lock().expect("one thread").get(name).cloned())
    }

    fn put(&self, name: &str, bytes: Vec<u8>, over: Over) -> Result<bool, StoreError> {
        let mut files = self.0.lock().expect("one thread");
        if over == Over::Keep && files.contains_key(name) {
            return Ok(false);
        }
        files.insert(name.to_owned(), bytes);
        Ok(true)
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.0.lock().expect("one thread").remove(name);
        Ok(())
    }
}

impl ReadAddress for Memory {
    fn read(&self, address: &str) -> Result<Vec<u8>, StoreError> {
        let name = address.strip_prefix(AT).expect("lists are here");
        Ok(Target::read(self, name)?.expect("a list that was named"))
    }
}

/// What becomes of the next UNLOADs, then all succeed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// After a file, with what may be tried again.
    Again,
    /// Done, but the list names a file that is not there.
    OneMissing,
    /// Done, but a file more is there.
    OneMore,
}

struct Fake<'a> {
    files: &'a Memory,
    fates: RefCell<Vec<Fate>>,
    limits: Limits,
    scanned: u64,
    statements: RefCell<Vec<String>>,
}

impl<'a> Fake<'a> {
    fn new(files: &'a Memory, fates: &[Fate]) -> Self {
        let fates = RefCell::new(fates.iter().rev().copied().collect());
        Self { files, fates, limits: Limits::default(), scanned: 1000, statements: RefCell::default() }
    }

    fn put(&self, name: &str) {
        self.files.put(name, b"PAR1".to_vec(), Over::Replace).expect("memory");
    }
}

impl Engine for Fake<'_> {
    fn limits(&self) -> Result<Limits, AwsError> {
        Ok(self.limits.clone())
    }

    fn run(&self, statement: &dyn Fn(u32) -> String) -> Result<Done, Undone> {
        for attempt in 1.. {
            let text = statement(attempt);
            self.statements.borrow_mut().push(text.clone());
            let Some(to) = text.rsplit_once(") TO '").and_then(|(_, rest)| rest.split('\'').next()) else {
                return Ok(Done::default());
            };
            let folder = to.strip_prefix(AT).expect("below the user's address").to_owned();
            assert!(self.files.names(&folder).expect("memory").is_empty(), "UNLOAD into a folder with files");
            self.put(&format!("{folder}0"));
            let fate = self.fates.borrow_mut().pop();
            if fate == Some(Fate::Again) {
                continue;
            }
            let mut list = format!("{AT}{folder}0\n");
            match fate {
                Some(Fate::OneMissing) => list.extend([AT, &folder, "1\n"]),
                Some(Fate::OneMore) => self.put(&format!("{folder}1")),
                Some(Fate::Again) | None => {}
            }
            self.files.put("q-manifest.csv", list.into_bytes(), Over::Replace).expect("memory");
            let manifest = Some(format!("{AT}q-manifest.csv"));
            return Ok(Done { id: "q".to_owned(), scanned: self.scanned, millis: 20, manifest });
        }
        unreachable!("attempts go on for ever")
    }
}

const TEXT: Scan =
    Scan { estimate: Bytes::new(1000), text: Bytes::new(1000), columns: Bytes::new(0), most: Bytes::new(1000) };

fn question(flow_logs: &str) -> Question {
    let columns = vec![Column { name: "a", kind: ColumnKind::Text }, Column { name: "end", kind: ColumnKind::Number }];
    Question {
        sql: SQL.to_owned(),
        references: vec![Reference { name: "natlens_peers", columns, file: b"peers".to_vec() }],
        flow_logs: flow_logs.to_owned(),
        scan: TEXT,
    }
}

fn asked(question: &Question, engine: &Fake<'_>, unique: &str, most: Option<Bytes>) -> Result<Answer, AthenaError> {
    on_terms(question, engine, unique, Terms { most, refresh: false })
}

fn on_terms(question: &Question, engine: &Fake<'_>, unique: &str, terms: Terms) -> Result<Answer, AthenaError> {
    let work = Work { target: engine.files, address: AT.to_owned(), unique: unique.to_owned(), read: engine.files };
    ask(question, engine, &work, terms, &|_| {})
}

#[test]
fn small_tables_have_names_by_their_content_and_the_result_is_athenas_list() {
    let files = Memory::default();
    let engine = Fake::new(&files, &[]);
    let answer = asked(&question("a"), &engine, "u", None).expect("an answer");
    let hash = sha256(b"peers");
    let statements = engine.statements.borrow();
    assert_eq!(
        statements[0],
        format!(
            "CREATE EXTERNAL TABLE IF NOT EXISTS `natlens_peers_{}` (`a` string, `end` bigint) STORED AS PARQUET \
             LOCATION '{AT}reference/natlens_peers/sha256={hash}/'",
            &hash[..16]
        )
    );
    let named = format!("JOIN natlens_peers_{} p ON p.a = b JOIN natlens_peers_more q ON 'x' = q.x", &hash[..16]);
    assert!(statements[1].contains(&named), "{}", statements[1]);
    assert!(statements[1].starts_with("UNLOAD (\nSELECT"), "{}", statements[1]);
    let file = format!("reference/natlens_peers/sha256={hash}/part-00000.parquet");
    assert_eq!(Target::read(&files, &file).expect("memory"), Some(b"peers".to_vec()));
    assert_eq!((answer.files, answer.scanned), (vec![format!("{}0", answer.folder)], 1000));
}

#[test]
fn the_same_question_is_answered_once_and_another_is_not() {
    let files = Memory::default();
    let first = asked(&question("a"), &Fake::new(&files, &[]), "one", None).expect("an answer");
    let again = Fake::new(&files, &[]);
    assert_eq!(asked(&question("a"), &again, "two", None).expect("an answer"), first);
    assert!(again.statements.borrow().is_empty());
    let other = Fake::new(&files, &[]);
    let second = asked(&question("b"), &other, "three", None).expect("an answer");
    assert_ne!(second.folder, first.folder);
    // An answer whose files are gone is none.
    files.delete(&first.files[0]).expect("memory");
    let anew = Fake::new(&files, &[]);
    let third = asked(&question("a"), &anew, "four", None).expect("an answer");
    assert_ne!(third.folder, first.folder);
}

#[test]
fn who_asks_to_refresh_gets_a_new_answer_that_is_kept_from_then_on() {
    let files = Memory::default();
    let first = asked(&question("a"), &Fake::new(&files, &[]), "one", None).expect("an answer");
    let refresh = Terms { refresh: true, ..Terms::default() };
    let second = on_terms(&question("a"), &Fake::new(&files, &[]), "two", refresh).expect("an answer");
    assert_ne!(second.folder, first.folder);
    assert_eq!(asked(&question("a"), &Fake::new(&files, &[]), "three", None).expect("an answer"), second);
}

const GB: u64 = 1 << 30;

#[test]
fn what_was_read_is_held_against_the_listing() {
    let scan = |text: u64, columns: u64, most| Scan {
        estimate: Bytes::new(text.saturating_add(columns)),
        text: Bytes::new(text),
        columns: Bytes::new(columns),
        most: Bytes::new(most),
    };
    for (situation, scan, scanned, expect) in [
        ("text", scan(1000, 0, 1000), 1000, Reading::AsListed),
        ("text and the small tables", scan(1000, 0, 1000), 9000, Reading::AsListed),
        ("two objects of a thousand are missing", scan(1000, 0, 1000), 998, Reading::Less),
        ("an account is missing", scan(1000, 0, 1000), 700, Reading::Less),
        ("half of it is missing", scan(1000, 0, 1000), 499, Reading::FarLess),
        ("nothing was seen", scan(1000, 0, 1000), 0, Reading::FarLess),
        ("other months, too", scan(GB, 0, GB), 3 * GB, Reading::More),
        ("two tables over one folder", scan(GB, 0, 2 * GB), 2 * GB, Reading::AsListed),
        ("columns are about", scan(0, 1000, 5000), 600, Reading::AsListed),
        ("columns, some", scan(0, 1000, 5000), 400, Reading::Less),
        ("columns, hardly any", scan(0, 1000, 5000), 200, Reading::FarLess),
        ("small files whole", scan(0, GB, 3 * GB), 3 * GB, Reading::AsListed),
        ("text and Parquet", scan(1000, 1000, 5000), 1400, Reading::Less),
        ("no overflow", scan(u64::MAX, 0, u64::MAX), u64::MAX, Reading::AsListed),
    ] {
        assert_eq!(scan.judge(scanned), expect, "{situation}");
    }
}

#[test]
fn an_answer_of_a_part_of_the_logs_is_an_error_and_not_kept() {
    let files = Memory::default();
    let blind = Fake { scanned: 100, ..Fake::new(&files, &[]) };
    let found = asked(&question("a"), &blind, "u", None).expect_err("it read a tenth");
    let folder = "s3://work/natlens/runs/";
    assert!(matches!(&found, AthenaError::FarLess { folder: at, .. } if at.starts_with(folder)), "{found}");
    let next = Fake::new(&files, &[]);
    asked(&question("a"), &next, "v", None).expect("an answer");
    assert!(!next.statements.borrow().is_empty());
}

#[test]
fn a_kept_answer_is_not_held_against_another_listing() {
    let files = Memory::default();
    let engine = Fake { scanned: 990, ..Fake::new(&files, &[]) };
    let first = asked(&question("a"), &engine, "u", None).expect("an answer");
    assert_eq!((first.reading, first.listed), (Reading::Less, 1000));
    // What is only estimated, of all that the bucket holds by now, is no part of the question.
    let scan = Scan { estimate: Bytes::new(9000), most: Bytes::new(9000), text: Bytes::new(990), ..TEXT };
    let next = Fake::new(&files, &[]);
    assert_eq!(asked(&Question { scan, ..question("a") }, &next, "v", None).expect("an answer"), first);
    assert!(next.statements.borrow().is_empty());
    // All times serve the estimate only.
    let few = Scan { estimate: Bytes::new(9000), most: Bytes::new(9000), ..TEXT };
    let answer = asked(&Question { scan: few, ..question("b") }, &Fake::new(&files, &[]), "w", None);
    assert_eq!(answer.expect("an answer").reading, Reading::AsListed);
}

#[test]
fn what_a_failed_attempt_left_is_no_part_of_the_result() {
    let files = Memory::default();
    let engine = Fake::new(&files, &[Fate::Again, Fate::Again]);
    let answer = asked(&question("a"), &engine, "u", None).expect("an answer");
    assert!(answer.folder.ends_with("/u-3/"), "{}", answer.folder);
    assert_eq!(answer.files, [format!("{}0", answer.folder)]);
}

#[test]
fn a_result_that_is_not_athenas_list_is_refused() {
    for fate in [Fate::OneMissing, Fate::OneMore] {
        let files = Memory::default();
        let found = asked(&question("a"), &Fake::new(&files, &[fate]), "u", None);
        assert!(matches!(found, Err(AthenaError::NotWhole { .. })), "{found:?}");
        // It is not kept as an answer.
        assert!(
            asked(&question("a"), &Fake::new(&files, &[]), "v", None).expect("an answer").folder.ends_with("/v-1/")
        );
    }
}

#[test]
fn nothing_starts_that_would_read_too_much() {
    let files = Memory::default();
    let mut engine = Fake::new(&files, &[]);
    let found = asked(&question("a"), &engine, "u", Some(Bytes::new(999)));
    assert!(matches!(found, Err(AthenaError::OverScan(_))), "{found:?}");
    engine.limits.scan_cutoff = Some(500);
    let found = asked(&question("a"), &engine, "u", None);
    assert!(matches!(found, Err(AthenaError::OverCutoff(..))), "{found:?}");
    engine.limits = Limits { engine: Some("Athena engine version 2".to_owned()), ..Limits::default() };
    let found = asked(&question("a"), &engine, "u", None);
    assert!(matches!(found, Err(AthenaError::Engine(_))), "{found:?}");
    assert!(engine.statements.borrow().is_empty() && files.names("").expect("memory").is_empty());
}

#[test]
fn hints_are_those_of_what_failed() {
    let error = AwsError {
        trouble: Trouble::Credentials,
        action: "athena:StartQueryExecution".to_owned(),
        at: String::new(),
        why: "expired".to_owned(),
        hint: Some("sign in again".to_owned()),
    };
    assert_eq!(AthenaError::Undone(Undone::Aws(error)).hint().as_deref(), Some("sign in again"));
}
