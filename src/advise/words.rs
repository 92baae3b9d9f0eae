//! Words that the reasons of all decisions share. No figures: those are rounded where people read them.

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<T: AsRef<str>>(names: &[T]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// `S3 traffic`, `sqs traffic of shop`.
pub(super) fn traffic_of(service: &str, vpc_name: Option<&str>) -> String {
    let service = match service {
        "s3" => "S3",
        "dynamodb" => "DynamoDB",
        other => other,
    };
    format!("{service} traffic{}", vpc_name.map(|name| format!(" of {name}")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_like_english() {
        for (names, expect) in
            [(&[][..], ""), (&["a"], "a"), (&["a", "b"], "a and b"), (&["a", "b", "c"], "a, b and c")]
        {
            assert_eq!(list(names), expect);
        }
    }
}
