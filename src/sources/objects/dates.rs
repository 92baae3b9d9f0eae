//! What AWS's own folder names say about time: which objects cannot hold records of a window. Only a coarse filter; what it
//! lets through is judged record by record. `sql::text` leaves out the same days of flow logs.
//!
//! Known are the folders of VPC flow logs and of Resolver query logs, in both layouts
//! (<https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html>,
//! <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-choosing-target-resource.html>).

use crate::model::period::{DAY_SECONDS, Month, Window, delivered};

/// What a folder can hold for a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: all of it is of another time.
    Outside,
    /// Its folders may tell more.
    Above,
    /// Nothing in it can be told apart by its name.
    Within,
}

/// The services whose folders go by day.
const DATED: [&str; 2] = ["vpcflowlogs", "vpcdnsquerylogs"];
/// Folders between the service's and the year's: a Region, or a VPC.
const BETWEEN: usize = 1;

/// Where a folder stands, by its path from the root of the bucket or of the folder that was given. Ends with `/`, or is empty.
#[must_use]
pub fn standing(folder: &str, window: Option<Window>) -> Standing {
    let Some(window) = window else { return Standing::Within };
    let mut parts = folder.split('/').filter(|part| !part.is_empty());
    if !parts.any(|part| part == "AWSLogs") {
        return Standing::Above;
    }
    let Some(_account) = parts.next() else { return Standing::Above };
    let Some(service) = parts.next() else { return Standing::Above };
    if !DATED.contains(&value(service)) {
        return Standing::Within;
    }
    let mut dates = parts.skip(BETWEEN);
    let Some(year) = dates.next() else { return Standing::Above };
    let Some(span) = span(year, dates.next(), dates.next()) else { return Standing::Within };
    let padded = delivered(window);
    if span.end <= padded.start || padded.end <= span.start {
        Standing::Outside
    } else if padded.start <= span.start && span.end <= padded.end || span.end - span.start <= DAY_SECONDS {
        Standing::Within
    } else {
        Standing::Above
    }
}

/// Whether an object of this key can hold records of the window.
#[must_use]
pub fn may_hold(key: &str, window: Option<Window>) -> bool {
    window.is_none() || standing(key.rsplit_once('/').map_or("", |(folder, _)| folder), window) != Standing::Outside
}

/// `2026` and `year=2026`.
fn value(part: &str) -> &str {
    part.split_once('=').map_or(part, |(_, value)| value)
}

/// The seconds of a year, a month or a day; `None` for what is none.
fn span(year: &str, month: Option<&str>, day: Option<&str>) -> Option<Window> {
    let number = |part: &str, digits: usize| {
        let text = value(part);
        let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        if plain { text.parse::<i16>().ok() } else { None }
    };
    let year = number(year, 4)?;
    let of_month = |month: i16| Some(Month::new(year, i8::try_from(month).ok()?)?.window());
    let Some(month) = month else {
        return Some(Window { start: of_month(1)?.start, end: of_month(12)?.end });
    };
    let month = of_month(number(month, 2)?)?;
    let Some(day) = day else { return Some(month) };
    let start = month.start + (i64::from(number(day, 2)?) - 1) * DAY_SECONDS;
    month.contains(start).then_some(Window { start, end: start + DAY_SECONDS })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(folder: &str, expect: Standing) {
        let october = Month::parse("2026-10").expect("a month").window();
        assert_eq!(standing(folder, Some(october)), expect, "{folder}");
        assert_eq!(standing(folder, None), Standing::Within, "{folder}: without a window");
    }

    #[test]
    fn folders_tell_their_time() {
        use Standing::{Above, Outside, Within};
        check("", Above);
        check("fire/2025/10/", Above);
        check("p/AWSLogs/", Above);
        check("p/AWSLogs/123456789012/vpcflowlogs/eu-west-1/", Above);
        check("p/AWSLogs/123456789012/CloudTrail/eu-west-1/2025/", Within);
        let region = "AWSLogs/123456789012/vpcflowlogs/eu-west-1";
        check(&format!("{region}/2026/"), Above);
        check(&format!("{region}/2025/"), Outside);
        check(&format!("{region}/2026/10/"), Within);
        check(&format!("{region}/2026/09/"), Above);
        check(&format!("{region}/2026/08/"), Outside);
        check(&format!("{region}/2026/09/29/"), Outside);
        check(&format!("{region}/2026/09/30/"), Within);
        check(&format!("{region}/2026/11/01/13/"), Within);
        check(&format!("{region}/2026/11/02/"), Outside);
        check(&format!("{region}/2026/11/31/"), Within);
        check(&format!("{region}/notes/"), Within);
        check("AWSLogs/123456789012/vpcdnsquerylogs/vpc-0a/2026/08/01/", Outside);
        let hive = "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-west-1";
        check(&format!("{hive}/year=2026/month=09/day=29/hour=23/"), Outside);
        check(&format!("{hive}/year=2026/month=09/day=30/"), Within);
    }

    #[test]
    fn part_of_a_month_may_lie_in_any_of_its_folders() {
        let october = Month::parse("2026-10").expect("a month").window();
        let day = Window { start: october.start + 9 * DAY_SECONDS, end: october.start + 10 * DAY_SECONDS };
        for folder in ["2026/", "2026/10/", "2026/10/31/", "2026/09/30/", "2026/09/29/", "2025/"] {
            let folder = format!("AWSLogs/123456789012/vpcflowlogs/eu-west-1/{folder}");
            assert_eq!(standing(&folder, Some(day)), standing(&folder, Some(october)), "{folder}");
        }
    }

    #[test]
    fn keys_are_judged_by_their_folders() {
        let october = Month::parse("2026-10").map(Month::window);
        let region = "AWSLogs/123456789012/vpcflowlogs/eu-west-1";
        for (key, expect) in [("2026/09/29/a.gz", false), ("2026/09/30/a.gz", true), ("a.gz", true), ("2025", true)] {
            assert_eq!(may_hold(&format!("{region}/{key}"), october), expect, "{key}");
        }
        assert!(may_hold("a.gz", october));
    }
}
