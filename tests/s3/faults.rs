//! What goes wrong and stays wrong ends in the right exit code, by name, and nothing of it is kept for the next run.

use super::*;

/// The report of an account on which this goes wrong.
fn on(
    account: &Account,
    variables: &[(&str, &str)],
    script: impl Fn(&Request) -> Fault + Send + Sync + 'static,
) -> (FakeS3, Run) {
    let fake = account.serve(script);
    let folder = tempfile::tempdir().expect("a folder");
    let args = [&["report", REMOTE, "-vv"][..], &JSON].concat();
    let cache = folder.path().join("cache");
    let variables = [&[("NATLENS_CACHE_DIR", arg(&cache)), ("RUST_LOG", "trace")][..], variables].concat();
    let run = over(&fake, folder.path(), &variables, &args);
    for file in bundle::files(folder.path()) {
        let bytes = std::fs::read(&file).expect("a file");
        for secret in [SECRET, TOKEN, KEY_ID] {
            assert!(
                !bytes.windows(secret.len()).any(|found| found == secret.as_bytes()),
                "{secret} in {}",
                file.display()
            );
        }
    }
    (fake, run)
}

const FEW: [(&str, &str); 1] = [("AWS_MAX_ATTEMPTS", "3")];

fn of_logs(request: &Request) -> bool {
    request.key.contains("/flow-logs/")
}

#[test]
fn trouble_has_its_exit_code() {
    let account = Account::new("");
    let check = |what: &str, code: i32, words: &[&str], script: fn(&Request) -> Fault| {
        let (fake, run) = on(&account, &FEW, script);
        assert_eq!(run.code, code, "{what}: {}", run.stderr);
        for word in words {
            assert!(run.stderr.contains(word), "{what}: no {word} in {}", run.stderr);
        }
        assert!(fake.requests().len() < 400, "{what}: {} requests", fake.requests().len());
    };
    check("a closed bucket", 4, &["s3:ListBucket", "AccessDenied", "hint: allow"], |_| {
        Fault::Error(403, "AccessDenied")
    });
    check("wrong key", 4, &["InvalidAccessKeyId", "hint: sign in"], |_| Fault::Error(403, "InvalidAccessKeyId"));
    check("expired", 4, &["ExpiredToken", "hint: sign in"], |_| Fault::Error(400, "ExpiredToken"));
    check("no bucket", 1, &["NoSuchBucket", "hint: "], |_| Fault::Error(404, "NoSuchBucket"));
    check("down", 5, &["503", "at attempt 3", "hint: run it again"], |_| Fault::Error(503, "SlowDown"));
    check("no answer", 5, &["at attempt 3"], |_| Fault::Closed);
    check("no listing of logs", 5, &["SlowDown"], |request| {
        let is_logs = request.query.get("prefix").is_some_and(|prefix| prefix.contains("flow-logs"));
        if is_logs { Fault::Error(503, "SlowDown") } else { Fault::None }
    });
    check("logs may not be listed", 3, &["flow-logs", "AccessDenied"], |request| {
        let is_logs = request.query.get("prefix").is_some_and(|prefix| prefix.contains("flow-logs"));
        if is_logs { Fault::Error(403, "AccessDenied") } else { Fault::None }
    });
    check("no log may be read", 4, &["s3:GetObject", "AccessDenied"], |request| {
        if of_logs(request) { Fault::Error(403, "AccessDenied") } else { Fault::None }
    });
    check("no log can be read", 5, &["InternalError"], |request| {
        if of_logs(request) { Fault::Error(500, "InternalError") } else { Fault::None }
    });
    check("one log cannot be read", 3, &["20261008T0600Z", "InternalError"], |request| {
        if request.key.contains("20261008T0600Z") { Fault::Error(500, "InternalError") } else { Fault::None }
    });
    check("the bill cannot be read", 5, &["billing", "SlowDown"], |request| {
        if request.key.contains("/billing/") { Fault::Error(503, "SlowDown") } else { Fault::None }
    });
    check("expired in the middle", 4, &["ExpiredToken", "hint: sign in"], |request| {
        if request.number > 30 { Fault::Error(403, "ExpiredToken") } else { Fault::None }
    });
    check("a token again", 5, &["the same continuation token twice"], |request| {
        let page = |key| {
            format!(
                "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>{key}</Key><Size>1</Size></Contents></ListBucketResult>"
            )
        };
        let is_logs = request.query.get("prefix").is_some_and(|prefix| prefix.ends_with("flow-logs/"));
        if is_logs { Fault::Page(page(format!("team/bundle/flow-logs/{}", request.number))) } else { Fault::None }
    });
    check("a page again and again", 5, &["the same page again and again"], |request| {
        let page = format!(
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken><Contents><Key>team/bundle/flow-logs/a</Key><Size>1</Size></Contents></ListBucketResult>",
            request.number
        );
        let is_logs = request.query.get("prefix").is_some_and(|prefix| prefix.ends_with("flow-logs/"));
        if is_logs { Fault::Page(page) } else { Fault::None }
    });
}

#[test]
fn no_credentials_are_said_before_anything_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let variables = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_EC2_METADATA_DISABLED", "true")];
    let run = natlens_in(folder.path(), &variables, &["report", REMOTE]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("credentials") && run.stderr.contains("hint: sign in"), "{}", run.stderr);
    let wrong = [("AWS_ENDPOINT_URL", "127.0.0.1"), ("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let run = natlens_in(folder.path(), &wrong, &["report", REMOTE]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("AWS_ENDPOINT_URL"), "{}", run.stderr);
}

#[test]
fn a_bad_moment_changes_nothing() {
    let account = Account::new("--records 9000 --objects 2 --bill-format cur-legacy-zip");
    let expect = account.local(&[]);
    let check = |what: &str, script: fn(&Request) -> Fault| {
        let (_, run) = on(&account, &[], script);
        same(what, &run, &expect);
    };
    check("another Region", |_| Fault::Region("eu-central-1"));
    check("one token that is refused", |request| {
        if request.number == 20 { Fault::Error(400, "ExpiredToken") } else { Fault::None }
    });
    check("a flipped bit", |request| if request.before == 0 { Fault::Flipped } else { Fault::None });
    check("cut at each KB", |request| if of_logs(request) { Fault::Cut(1024) } else { Fault::None });
    check(
        "slow drip",
        |request| if of_logs(request) && request.number % 5 == 0 { Fault::Drip(700) } else { Fault::None },
    );
    check("cut pages", |request| if request.is_list() && request.before < 2 { Fault::Cut(300) } else { Fault::None });
    check("empty answers", |request| {
        if request.is_list() && request.before == 0 { Fault::Page(String::new()) } else { Fault::None }
    });
}

#[test]
fn what_is_not_as_it_was_listed_is_refused_by_name_and_not_kept() {
    let account = Account::new("");
    let expect = account.local(&[]);
    let is_one = |request: &Request| request.key.contains("20261008T0600Z");
    for (what, words, fault) in [
        ("another ETag", "ETag", Fault::OtherEtag),
        ("gone", "not there any more", Fault::Error(404, "NoSuchKey")),
        ("changed", "PreconditionFailed", Fault::Error(412, "PreconditionFailed")),
        ("a bit that stays flipped", "checksum", Fault::Flipped),
    ] {
        let days = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
        let bad = std::sync::Arc::clone(&days);
        let fake = account.serve(move |request| {
            if is_one(request) && bad.load(std::sync::atomic::Ordering::SeqCst) { fault.clone() } else { Fault::None }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let args = [&["report", REMOTE, "--cache-dir", "cache"][..], &JSON].concat();
        let run = over(&fake, folder.path(), &[], &args);
        assert_eq!(run.code, 3, "{what}: {}", run.stderr);
        assert!(run.stderr.contains("20261008T0600Z") && run.stderr.contains(words), "{what}: {}", run.stderr);
        assert_eq!(said(&run)["inputs"][0]["unreadable"], 6, "{what}");
        let strict = over(&fake, folder.path(), &[], &[&args[..], &["--strict"]].concat());
        assert_eq!((strict.code, strict.stdout.as_str()), (1, ""), "{what}");
        days.store(false, std::sync::atomic::Ordering::SeqCst);
        let before = fake.requests().len();
        same(what, &over(&fake, folder.path(), &[], &args), &expect);
        let logs = fake.requests().split_off(before).into_iter().filter(of_logs).count();
        assert_eq!(logs, 6, "{what}: the others were kept");
    }
}

#[test]
fn an_object_that_was_replaced_after_it_was_listed_is_refused() {
    let account = Account::new("--bill-format none");
    let fake = std::sync::Arc::new(std::sync::OnceLock::<FakeS3>::new());
    let inner = std::sync::Arc::clone(&fake);
    let _ = fake.set(account.serve(move |request| {
        let of_one = request.key.contains("20261008T0600Z") && request.before == 0;
        if let Some(fake) = inner.get().filter(|_| of_one) {
            fake.put(BUCKET, &request.key, b"another content");
        }
        Fault::None
    }));
    let fake = fake.get().expect("it is set");
    let run = report(fake, &[]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("was replaced after it was listed"), "{}", run.stderr);
}

#[test]
fn a_zipped_bill_of_many_ranges_is_read_while_the_server_is_slow() {
    let account = Account::new("--bill-format none");
    // Larger than what is fetched ahead of its reader, and a few of them at once.
    let header = "identity/LineItemId,bill/PayerAccountId,lineItem/UsageAccountId,lineItem/LineItemType,lineItem/UsageStartDate,\
        lineItem/ProductCode,lineItem/UsageType,lineItem/Operation,lineItem/UsageAmount,lineItem/CurrencyCode,\
        lineItem/UnblendedCost,lineItem/ResourceId,product/region\n";
    for part in 1..=3 {
        let mut text = header.to_owned();
        while text.len() < 22 << 20 {
            let id = format!("{part}-{}-{}", text.len(), "x".repeat(600));
            let line = format!(
                "{id},1,1,Usage,2026-10-02T00:00:00Z,AmazonEC2,NatGateway-Bytes,NatGateway,1.0,USD,0.045,\
                 arn:aws:ec2:us-east-1:1:natgateway/nat-{part},us-east-1\n"
            );
            text.push_str(&line);
        }
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file(
            "a.csv",
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
        )
        .expect("a member");
        std::io::Write::write_all(&mut zip, text.as_bytes()).expect("written");
        let bytes = zip.finish().expect("an archive").into_inner();
        assert!(bytes.len() > 20 << 20, "{} bytes are too few ranges", bytes.len());
        bundle::write(&account.bundle().join(format!("billing/part-{part}.csv.zip")), &bytes);
    }
    let expect = account.local(&["--threads", "3"]);
    assert!(
        expect["nat_gateways"].as_array().is_some_and(|all| all.iter().any(|row| row["nat_gateway_id"] == "nat-3"))
    );
    let fake =
        account.serve(|request| if request.number % 5 == 0 { Fault::Error(503, "SlowDown") } else { Fault::None });
    same("zips", &report(&fake, &["--threads", "3"]), &expect);
}
