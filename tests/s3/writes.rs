//! What is written to a bucket is there whole, once and where it was meant, whatever the server does.

use super::*;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use natlens::aws::s3::{Options, Writer};
use natlens::aws::{Access, Session};
use natlens::sources::objects::Address;
use natlens::sources::objects::store::StoreTrouble;
use natlens::target::{Over, Shared, Target};

const PREFIX: &str = "out/month";

fn serve(script: impl Fn(&Request) -> Fault + Send + Sync + 'static) -> FakeS3 {
    let fake = FakeS3::start(3, script);
    fake.allow_writing(BUCKET, "out/month/");
    fake
}

fn writer(fake: &FakeS3, options: Options) -> Writer {
    let credentials = Credentials::new(KEY_ID, SECRET, Some(TOKEN.to_owned()), None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(fake.address())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let address = Address { bucket: BUCKET.to_owned(), key: PREFIX.to_owned() };
    Writer::new(Session::of(config, Access::default()), options, &address).expect("an address")
}

fn put(target: &Writer, name: &str, text: &str, over: Over) -> bool {
    target.put(name, text.as_bytes().to_vec(), over).expect("written")
}

#[test]
fn files_come_to_lie_under_the_address_and_nowhere_else() {
    let fake = serve(|_| Fault::None);
    let options = Options { expected_bucket_owner: Some("123456789012".to_owned()), ..Options::default() };
    let target = writer(&fake, options);
    assert_eq!(target.shown("a"), "s3://audit-logs/out/month/a");
    assert_eq!(target.names(""), Ok(Vec::new()));
    assert_eq!(target.read("a/b ä+%.csv"), Ok(None));
    assert!(put(&target, "a/b ä+%.csv", "first", Over::Keep));
    assert!(!put(&target, "a/b ä+%.csv", "second", Over::Keep));
    assert_eq!(fake.objects(BUCKET)["out/month/a/b ä+%.csv"], b"first");
    assert!(put(&target, "a/b ä+%.csv", "second", Over::Replace));
    for name in ["c", "d", "e", "a/empty"] {
        assert!(put(&target, name, "", Over::Replace));
    }
    assert_eq!(target.read("a/b ä+%.csv"), Ok(Some(b"second".to_vec())));
    assert_eq!(target.read("c"), Ok(Some(Vec::new())));
    assert_eq!(target.names(""), Ok(["a/b ä+%.csv", "a/empty", "c", "d", "e"].map(str::to_owned).to_vec()));
    assert_eq!(target.names("a/e"), Ok(vec!["a/empty".to_owned()]));
    assert_eq!((target.delete("c"), target.delete("c")), (Ok(()), Ok(())));
    assert_eq!(target.read("c"), Ok(None));
    for name in ["../x", "", "a//b", "/a", "a/"] {
        assert!(target.put(name, Vec::new(), Over::Replace).is_err(), "{name}");
    }
    for request in fake.requests() {
        assert_eq!(request.header("x-amz-expected-bucket-owner"), Some("123456789012"), "{}", request.path);
    }
    assert_eq!(fake.refused(), Vec::<String>::new(), "signatures");
    fake.allow_writing(BUCKET, "elsewhere/");
    let denied = target.put("c", b"x".to_vec(), Over::Replace).expect_err("it is not allowed");
    assert_eq!(denied.trouble, StoreTrouble::Denied);
    assert!(denied.hint.expect("a hint").contains("s3:PutObject on arn:aws:s3:::audit-logs/*"));
}

#[test]
fn one_writer_wins_and_knows_it_even_where_its_answer_was_lost() {
    let lost =
        |request: &Request| if request.method == "PUT" && request.before == 0 { Fault::Lost } else { Fault::None };
    for fake in [serve(|_| Fault::None), serve(lost)] {
        let target = writer(&fake, Options::default());
        assert!(put(&target, "kept", "mine", Over::Keep));
        assert!(!put(&target, "kept", "another's", Over::Keep));
        let swap = |text: &str, version: Option<&str>| {
            target.swap("lock", text.as_bytes().to_vec(), version).expect("an answer")
        };
        assert_eq!(swap("nobody", Some("0123")), None);
        let first = swap("first", None).expect("nobody was first");
        assert_eq!(target.version("lock"), Ok(Some(first.clone())));
        assert_eq!(swap("second", None), None);
        let second = swap("second", Some(&first)).expect("nobody was first");
        assert_eq!(swap("third", Some(&first)), None);
        assert_eq!(target.version("lock"), Ok(Some(second)));
        assert_eq!(fake.objects(BUCKET)["out/month/lock"], b"second");
    }
}

#[test]
fn writing_bears_what_reading_bears() {
    for (what, k, fault) in [
        ("slow down", 2, Fault::Error(503, "SlowDown")),
        ("closed", 2, Fault::Closed),
        ("lost", 3, Fault::Lost),
        ("a conflict", 2, Fault::Error(409, "ConditionalRequestConflict")),
        ("an error", 3, Fault::Error(500, "InternalError")),
    ] {
        let fake = serve(move |request| if request.number % k == 0 { fault.clone() } else { Fault::None });
        let target = writer(&fake, Options::default());
        let large: String = "natlens ".repeat(140_000);
        for n in 0..8 {
            let over = if n % 2 == 0 { Over::Keep } else { Over::Replace };
            // One for which it is worth asking where the bucket is.
            let from = if n == 0 { 0 } else { large.len() - 1000 - n };
            assert!(put(&target, &format!("part-{n}-{from}"), &large[from..], over), "{what}: {n}");
        }
        target.delete(&format!("part-3-{}", large.len() - 1003)).expect("deleted");
        let found = fake.objects(BUCKET);
        assert_eq!(found.len(), 7, "{what}");
        let from = |key: &str| key.rsplit('-').next().and_then(|from| from.parse::<usize>().ok()).expect("a number");
        assert!(found.iter().all(|(key, bytes)| *bytes == large.as_bytes()[from(key)..]), "{what}");
        assert_eq!(fake.refused(), Vec::<String>::new(), "{what}");
    }
    let fake = serve(|request| if request.method == "PUT" { Fault::Error(503, "SlowDown") } else { Fault::None });
    let target = writer(&fake, Options { max_attempts: Some(3), ..Options::default() });
    let error = target.put("a", b"x".to_vec(), Over::Replace).expect_err("never");
    assert_eq!((error.trouble, fake.requests().len()), (StoreTrouble::Remote, 3));
    assert!(!error.what.contains(TOKEN) && !error.what.contains(KEY_ID), "{}", error.what);
}

#[test]
fn a_bucket_elsewhere_is_written_to_where_it_is() {
    let fake = serve(|_| Fault::Region("us-west-2"));
    let target = writer(&fake, Options::default());
    assert!(put(&target, "a", "text", Over::Replace));
    assert_eq!(fake.objects(BUCKET)["out/month/a"], b"text");
}
