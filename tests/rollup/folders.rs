//! Layouts and kinds of folders: which tables they are, and what each of these takes.

use super::*;

/// The flow logs of each table by the text's first lines, and by the condition that leaves others in the same folder out.
fn tables(sql: &str) -> Vec<(String, Vec<String>, Vec<String>)> {
    let heads = sql.lines().filter_map(|line| line.strip_prefix("-- ")?.split_once(" (text): "));
    let table = |(table, ids): (&str, &str)| {
        let (_, own) = sql.split_once(&format!("FROM {table} s)")).expect("it is read");
        let (_, own) = own.split_once(" IN (").expect("a condition");
        let own = own[..own.find(')').expect("its end")].split(", ").map(|id| id.trim_matches('\'').to_owned());
        (table.to_owned(), ids.split(' ').map(str::to_owned).collect(), own.collect())
    };
    heads.map(table).collect()
}

#[test]
fn layouts_in_one_folder_are_tables_that_share_no_flow_log() {
    let account = Account::new("--vantage two-logs --seed 7");
    let emit = || account.athena(&["--emit-sql"]).stdout;
    let two = tables(&emit());
    assert_eq!(two.len(), 2);
    // The same fields in another order are another table: text binds by place.
    let turned = two[0].1[0].clone();
    let objects = files(&account.path("bundle/flow-logs"), &format!("_{turned}_"));
    assert!(two[0].1.len() > 1 && objects.len() > 1, "{two:?}");
    for object in &objects {
        let text = String::from_utf8(inflated(&fs::read(object).expect("an object"))).expect("text");
        let turn = |line: &str| line.split(' ').rev().collect::<Vec<_>>().join(" ") + "\n";
        fs::write(object, text.lines().map(turn).collect::<String>()).expect("an object");
    }
    let three = tables(&emit());
    assert_eq!(three.len(), 3, "{three:?}");
    assert!(three.iter().any(|(_, ids, _)| *ids == [turned.clone()]), "{three:?}");
    let mut all: Vec<&String> = Vec::new();
    for (table, ids, own) in &three {
        assert_eq!(ids, own, "{table}");
        all.extend(own);
    }
    all.sort();
    let mut expect: Vec<&String> = two.iter().flat_map(|(_, ids, _)| ids).collect();
    expect.sort();
    assert_eq!(all, expect, "each flow log in one table");
}

#[test]
fn a_folder_within_a_delivery_is_the_same_table() {
    let account = Account::new("--vantage nat --seed 7");
    let whole = tables(&account.athena(&["--emit-sql"]).stdout);
    for within in ["flow-logs/AWSLogs", "flow-logs"] {
        let logs = account.path("bundle").join(within);
        let logs = if within.ends_with("AWSLogs") { logs } else { vpcflowlogs(&logs) };
        let logs = logs.to_str().expect("a path");
        assert_eq!(tables(&account.athena(&["--emit-sql", "--flow-logs", logs]).stdout), whole, "{logs}");
    }
}

/// The folder of one account's flow logs.
fn vpcflowlogs(logs: &Path) -> PathBuf {
    let object = files(logs, "_vpcflowlogs_").remove(0);
    object.ancestors().find(|folder| folder.ends_with("vpcflowlogs")).expect("a delivery").to_path_buf()
}

#[test]
fn layouts_in_two_folders_are_the_tables_of_the_ddl() {
    let account = Account::new("--vantage two-logs --seed 7");
    let two = tables(&account.athena(&["--emit-sql"]).stdout);
    let several = &two.iter().find(|(_, ids, _)| ids.len() > 1).expect("a layout of several flow logs").1;
    // One flow log delivers elsewhere, and another to both.
    let logs = account.path("bundle/flow-logs");
    for (id, every) in [(&several[0], 1), (&several[1], 2)] {
        for file in files(&logs, &format!("_{id}_")).iter().step_by(every) {
            let other = logs.join("other").join(file.strip_prefix(&logs).expect("below"));
            fs::create_dir_all(other.parent().expect("a folder")).expect("a folder");
            fs::rename(file, other).expect("moved");
        }
    }
    let sql = account.athena(&["--emit-sql"]).stdout;
    let found = tables(&sql);
    assert_eq!(found.len(), 3, "{found:?}");
    let expect = [
        &["export", "bundle", "--no-cache", "--ddl", "--to", "s3://bucket/d", "--logs-at", "s3://bucket/l"],
        &MONTH[..],
    ]
    .concat();
    let ddl = natlens(account.folder.path(), &expect);
    assert_eq!(ddl.code, 0, "{}", ddl.stderr);
    for (table, ids, own) in &found {
        assert_eq!(ids, own, "{table}");
        let (before, after) = ddl.stdout.split_once(&format!("EXISTS natlens.{table} (")).expect("it is declared");
        let head = before.lines().rev().find(|line| line.contains(": text")).expect("a head");
        assert!(head.ends_with(&format!(" of {}.", ids.join(", "))), "{table}: {head}, not {ids:?}");
        let (_, place) = after.split_once("LOCATION 's3://bucket/l/").expect("a place");
        let place = place.split('\'').next().expect("its end");
        assert!(sql.contains(&format!("-- {table} (text): {}\n--   in {place}\n", ids.join(" "))), "{table}: {place}");
        // Whoever has one table over both folders counts nothing twice.
        let (_, source) = sql.split_once(&format!("FROM {table} s)")).expect("it is read");
        let source = source.split("UNION ALL").next().expect("a part");
        let condition = format!("substr(t.object, 1, {}) = '{place}'", place.len());
        assert_eq!(source.contains(&condition), ids.contains(&several[1]), "{table}");
    }
    account.remove("dns");
    account.check("two folders", "day");
}

#[test]
fn one_condition_on_days_is_not_for_two_kinds_of_folders() {
    let account = Account::new("--vantage nat");
    let days = ["--emit-sql", "--partitions", "day BETWEEN '2026/09/30' AND '2026/11/01'"];
    let run = account.athena(&days);
    assert!(run.code == 0 && run.stdout.contains("WHERE day BETWEEN"), "{}", run.stderr);
    let logs = account.path("bundle/flow-logs");
    let object = files(&logs, "/2026/10/").remove(0);
    let (delivery, name) = (vpcflowlogs(&logs), object.file_name().expect("a name"));
    let owner = delivery.parent().and_then(Path::file_name).expect("an account").to_str().expect("digits");
    let hive = format!(
        "AWSLogs/aws-account-id={owner}/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=10/day=09"
    );
    fs::create_dir_all(logs.join(&hive)).expect("a folder");
    fs::rename(&object, logs.join(hive).join(name)).expect("moved");
    let run = account.athena(&days);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("plain and in Hive folders") && run.stderr.contains("hint: leave it out"),
        "{}",
        run.stderr
    );
    for more in [&["--emit-sql"][..], &["--emit-sql", "--partitions", "aws_region = 'us-east-1'"]] {
        let run = account.athena(more);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
}
