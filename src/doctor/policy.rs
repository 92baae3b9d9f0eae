//! The IAM policy for exactly what the settings use, made of the calls that the program declares.
//!
//! Source: Service Authorization Reference. EC2's describe calls, CloudWatch's metrics and Cost Explorer know no resource, so that
//! theirs is `*`; a Region narrows the first two.

use super::wants::{Address, Wants, Whose, is_write, service};
use crate::aws::Call;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What Athena does in the name of whoever asks it, beside reading the flow logs and writing the result: it looks tables up, declares
/// the small ones, and looks where buckets are (<https://docs.aws.amazon.com/athena/latest/ug/managed-policies.html>).
const BY_ATHENA: [&str; 5] =
    ["glue:CreateTable", "glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "s3:GetBucketLocation"];

/// How Athena writes results and what it says about them, in the name of whoever asks it: in parts, which natlens itself never does.
/// A workgroup may insist on a place of its own for the latter (same source; `UNLOAD` still writes where it is told to).
const WRITTEN_BY_ATHENA: [&str; 3] = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"];

/// The policy document.
#[must_use]
pub fn policy(wants: &Wants, calls: &[Call], whose: Whose) -> Value {
    let used: Vec<Call> = calls.iter().copied().filter(|call| wants.uses(*call, whose)).collect();
    let of = |name: &str| -> Vec<&str> {
        used.iter().filter(|call| service(**call) == name).map(|call| call.action).collect()
    };
    let partition = partition(wants);
    let mut statements = Vec::new();
    let mut add = |sid: &str, actions: &[&str], resources: Vec<String>, condition: Option<Value>| {
        if !actions.is_empty() {
            statements.push(statement(sid, actions, &resources, condition));
        }
    };
    let everything = || vec!["*".to_owned()];
    let (who, roles): (Vec<&str>, Vec<&str>) =
        of("sts").into_iter().partition(|action| !action.ends_with("AssumeRole"));
    add("Who", &who, everything(), None);
    add("Accounts", &roles, wants.roles().into_iter().map(str::to_owned).collect(), None);
    let regions = wants.regions_of(whose);
    let here = || (!regions.is_empty()).then(|| json!({"StringEquals": {"aws:RequestedRegion": regions}}));
    add("Inventory", &of("ec2"), everything(), here());
    add("Metrics", &of("cloudwatch"), everything(), here());
    add("Bill", &of("ce"), everything(), None);
    add("Logs", &of("logs"), everything(), here());
    let athena = of("athena");
    add("Athena", &athena, vec![format!("arn:{partition}:athena:*:*:workgroup/*")], here());
    add("ByAthena", if athena.is_empty() { &[] } else { &BY_ATHENA }, everything(), here());
    let of_s3 = |kind: fn(Call) -> bool| -> Vec<&str> {
        used.iter().filter(|call| service(**call) == "s3" && kind(**call)).map(|call| call.action).collect()
    };
    let list = of_s3(is_of_bucket);
    let read = of_s3(|call| !is_of_bucket(call) && !is_write(call));
    let write = of_s3(is_write);
    let looked_at = wants.looked_at(whose);
    let targets: Vec<Address> = wants.targets_of(whose).cloned().collect();
    let owner = wants.bucket_owner.as_ref().map(|owner| ("StringEquals", json!({"aws:ResourceAccount": owner})));
    for (number, (bucket, prefixes)) in buckets(&looked_at).into_iter().enumerate() {
        let mut condition: Map<String, Value> =
            owner.iter().map(|(test, of)| ((*test).to_owned(), of.clone())).collect();
        if !prefixes.contains("") {
            let begin: Vec<String> = prefixes.iter().map(|prefix| format!("{}*", literal(prefix))).collect();
            condition.insert("StringLike".to_owned(), json!({"s3:prefix": begin}));
        }
        let condition = (!condition.is_empty()).then_some(Value::Object(condition));
        add(&format!("List{}", number + 1), &list, vec![format!("arn:{partition}:s3:::{bucket}")], condition);
    }
    let condition = owner.map(|(test, of)| json!({test: of}));
    let by_athena: Vec<Address> = match whose {
        Whose::Credentials if wants.athena => wants.targets.iter().chain(&wants.athena_output).cloned().collect(),
        _ => Vec::new(),
    };
    let groups = [
        ("Read", read, &looked_at),
        ("Write", write, &targets),
        ("WriteByAthena", WRITTEN_BY_ATHENA.to_vec(), &by_athena),
    ];
    for (sid, actions, addresses) in groups {
        let objects = buckets(addresses).into_iter().flat_map(|(bucket, prefixes)| {
            prefixes.into_iter().map(move |prefix| format!("arn:{partition}:s3:::{bucket}/{}*", literal(prefix)))
        });
        if !addresses.is_empty() {
            add(sid, &actions, objects.collect(), condition.clone());
        }
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn statement(sid: &str, actions: &[&str], resources: &[String], condition: Option<Value>) -> Value {
    let mut statement = json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources});
    if let (Value::Object(fields), Some(condition)) = (&mut statement, condition) {
        fields.insert("Condition".to_owned(), condition);
    }
    statement
}

/// `s3:ListBucket` and its like are about a bucket, all others about its objects.
fn is_of_bucket(call: Call) -> bool {
    call.action.starts_with("s3:ListBucket") || call.action.starts_with("s3:GetBucket")
}

/// Buckets with what is read in them, without what a shorter prefix holds already.
fn buckets(addresses: &[Address]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for address in addresses {
        all.entry(&address.bucket).or_default().insert(&address.prefix);
    }
    for prefixes in all.values_mut() {
        let whole = prefixes.clone();
        prefixes.retain(|prefix| !whole.iter().any(|other| other != prefix && prefix.starts_with(other)));
    }
    all
}

/// `*` and `?` of a key are signs in a policy, `${` begins a variable.
fn literal(prefix: &str) -> String {
    prefix.replace('$', "${$}").replace('*', "${*}").replace('?', "${?}")
}

/// Of the first Region or role that tells; AWS's own otherwise.
fn partition(wants: &Wants) -> &str {
    let role = wants.accounts.iter().find_map(|account| account.role_arn.split(':').nth(1));
    let of_region = |region: &String| match region.split('-').next().unwrap_or_default() {
        "cn" => "aws-cn",
        "eusc" => "aws-eusc",
        "us" if region.starts_with("us-gov-") => "aws-us-gov",
        "us" if region.starts_with("us-iso-") => "aws-iso",
        "us" if region.starts_with("us-isob-") => "aws-iso-b",
        _ => "aws",
    };
    wants.regions.first().map(of_region).or(role).unwrap_or("aws")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::call;
    use crate::doctor::wants::{Account, Live};
    use proptest::prelude::*;

    const ROLE: &str = "arn:aws:iam::444455556666:role/natlens";

    fn addresses() -> Vec<Address> {
        let parse = |part, text| Address::parse(part, text).expect("an address");
        vec![
            parse("flow-logs", "s3://logs/vpc/AWSLogs/*/vpcflowlogs/"),
            parse("flow-logs", "s3://logs/vpc/"),
            parse("billing", "s3://bill/a/b?c/d"),
            parse("dns", "s3://dns"),
        ]
    }

    fn target() -> Address {
        Address::parse("target", "s3://out/natlens/").expect("an address")
    }

    fn wants(bits: u16) -> Wants {
        let bit = |n: u16| bits >> n & 1 == 1;
        let live = [Live::Inventory, Live::Metrics, Live::Bill, Live::Logs];
        let account =
            Account { role_arn: ROLE.to_owned(), has_external_id: true, regions: vec!["eu-west-1".to_owned()] };
        Wants {
            addresses: if bit(0) { addresses() } else { Vec::new() },
            roles_of_buckets: if bit(9) {
                [("logs", ROLE), ("out", ROLE)].map(|(b, r)| (b.to_owned(), r.to_owned())).into()
            } else {
                BTreeMap::new()
            },
            targets: if bit(8) { vec![target()] } else { Vec::new() },
            athena: bit(10),
            athena_output: None,
            bucket_owner: bit(1).then(|| "111122223333".to_owned()),
            live: live.into_iter().zip(2..).filter(|(_, n)| bit(*n)).map(|(live, _)| live).collect(),
            regions: if bit(6) { vec!["us-east-1".to_owned()] } else { Vec::new() },
            accounts: if bit(7) { vec![account] } else { Vec::new() },
        }
    }

    fn actions(policy: &Value) -> Vec<&str> {
        let statements = policy["Statement"].as_array().expect("an array");
        statements
            .iter()
            .filter(|statement| statement["Sid"] != "WriteByAthena")
            .flat_map(|statement| statement["Action"].as_array().expect("an array"))
            .map(|action| action.as_str().expect("a text"))
            .collect()
    }

    proptest! {
        #[test]
        fn what_is_used_is_allowed_and_nothing_else(bits in 0..0x800_u16) {
            let (wants, calls) = (wants(bits), call::all());
            for whose in [Whose::Credentials, Whose::Roles] {
                let policy = policy(&wants, &calls, whose);
                let by_athena = |action: &&str| !BY_ATHENA.contains(action);
                let allowed: BTreeSet<&str> = actions(&policy).into_iter().filter(by_athena).collect();
                let used: BTreeSet<&str> =
                    calls.iter().filter(|call| wants.uses(**call, whose)).map(|call| call.action).collect();
                prop_assert_eq!(&allowed, &used);
                prop_assert!(allowed.iter().all(|action| !action.contains('*')));
            }
            // What is wanted live is asked for by somebody, and by one of them only.
            for call in &calls {
                let by = [Whose::Credentials, Whose::Roles].map(|whose| wants.uses(*call, whose));
                let expect = match service(*call) {
                    "ec2" => wants.live.contains(&Live::Inventory),
                    "cloudwatch" => wants.live.contains(&Live::Metrics),
                    "ce" => wants.live.contains(&Live::Bill),
                    "logs" => wants.live.contains(&Live::Logs),
                    "athena" => wants.athena,
                    "s3" if is_write(*call) => !wants.targets.is_empty(),
                    "s3" => !(wants.addresses.is_empty() && wants.targets.is_empty()),
                    _ => continue,
                };
                // Of several buckets some may be read by a role, the others by the credentials.
                let both = service(*call) == "s3" && !wants.roles_of_buckets.is_empty();
                prop_assert_eq!(if both { by[0] | by[1] } else { by[0] ^ by[1] }, expect, "{}", call.action);
            }
        }
    }

    #[test]
    fn every_call_belongs_to_a_part_and_writes_are_for_targets_only() {
        let everything = wants(0x57f);
        for call in call::all() {
            let used = everything.uses(call, Whose::Credentials) || wants(0x1ff).uses(call, Whose::Credentials);
            assert!(used, "{}: no setting uses it, so no policy would allow it", call.action);
            let without_target = [0x7f, 0xff].map(|bits| wants(bits).uses(call, Whose::Credentials));
            assert!(!is_write(call) || without_target == [false; 2], "{}", call.action);
        }
        let writes: Vec<&str> =
            call::all().into_iter().filter(|call| is_write(*call)).map(|call| call.action).collect();
        let athena = ["athena:StartQueryExecution", "athena:StopQueryExecution"];
        assert_eq!(writes, [&athena[..], &["s3:DeleteObject", "s3:PutObject"]].concat());
    }

    #[test]
    fn writing_is_allowed_under_the_target_and_nowhere_else() {
        let wants = Wants {
            addresses: vec![Address::parse("flow-logs", "s3://logs/vpc/").expect("an address")],
            targets: vec![target()],
            ..Wants::default()
        };
        let policy = policy(&wants, &crate::aws::s3::WRITES, Whose::Credentials);
        let expect = json!([{
            "Sid": "Write", "Effect": "Allow", "Action": ["s3:PutObject", "s3:DeleteObject"],
            "Resource": ["arn:aws:s3:::out/natlens/*"],
        }]);
        assert_eq!(policy["Statement"], expect);
    }

    #[test]
    fn athena_writes_in_parts_into_the_target_and_where_the_workgroup_insists() {
        let output = Address::parse("athena-output", "s3://lists/athena/");
        let by_athena = |wants: &Wants, whose| {
            let policy = policy(wants, &call::all(), whose);
            let statements = policy["Statement"].as_array().expect("an array").iter();
            statements
                .filter(|one| one["Sid"] == "WriteByAthena")
                .map(|one| one["Resource"].clone())
                .collect::<Vec<_>>()
        };
        let both = Wants { athena_output: output, ..wants(0x500) };
        let expect = json!(["arn:aws:s3:::lists/athena/*", "arn:aws:s3:::out/natlens/*"]);
        assert_eq!(by_athena(&both, Whose::Credentials), [expect]);
        // Athena acts for whoever starts the statement, whoever else writes into the bucket.
        let of_role = wants(0x700);
        assert_eq!(by_athena(&of_role, Whose::Credentials), [json!(["arn:aws:s3:::out/natlens/*"])]);
        assert!(by_athena(&of_role, Whose::Roles).is_empty());
        assert!(by_athena(&Wants { athena: false, ..both }, Whose::Credentials).is_empty());
    }

    #[test]
    fn a_bucket_of_a_role_is_in_that_policy_alone() {
        let wants = Wants { targets: Vec::new(), live: BTreeSet::new(), ..wants(0x201) };
        let resources = |whose| {
            let policy = policy(&wants, &call::all(), whose);
            policy["Statement"].to_string()
        };
        let (own, role) = (resources(Whose::Credentials), resources(Whose::Roles));
        assert!(own.contains(":::bill/") && own.contains(":::dns/") && !own.contains(":::logs"), "{own}");
        assert!(own.contains(r#"["sts:AssumeRole"]"#) && own.contains(ROLE), "{own}");
        assert!(role.contains(":::logs/vpc/*") && !role.contains("bill") && !role.contains("AssumeRole"), "{role}");
    }

    #[test]
    fn buckets_are_narrowed_to_what_is_read() {
        let wants = Wants { addresses: addresses(), bucket_owner: Some("111122223333".to_owned()), ..Wants::default() };
        let calls = [
            Call { action: "s3:GetObject", purpose: "" },
            Call { action: "s3:ListBucket", purpose: "" },
            Call { action: "s3:PutObject", purpose: "" },
            Call { action: "ec2:DescribeVpcs", purpose: "" },
        ];
        let owner = json!({"aws:ResourceAccount": "111122223333"});
        let list = |sid: &str, bucket: &str, begin: Option<&str>| {
            let condition = match begin {
                Some(begin) => json!({"StringEquals": owner, "StringLike": {"s3:prefix": [begin]}}),
                None => json!({"StringEquals": owner}),
            };
            json!({"Sid": sid, "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket], "Condition": condition})
        };
        let expect = json!({"Version": "2012-10-17", "Statement": [
            list("List1", "arn:aws:s3:::bill", Some("a/*")),
            list("List2", "arn:aws:s3:::dns", None),
            list("List3", "arn:aws:s3:::logs", Some("vpc/*")),
            {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Condition": {"StringEquals": owner},
             "Resource": ["arn:aws:s3:::bill/a/*", "arn:aws:s3:::dns/*", "arn:aws:s3:::logs/vpc/*"]},
        ]});
        assert_eq!(policy(&wants, &calls, Whose::Credentials), expect);
        assert_eq!(literal("a$*?b"), "a${$}${*}${?}b");
    }
}
