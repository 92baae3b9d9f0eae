//! Export tasks of `CloudWatch` Logs, which write a log group's streams into a bucket under a folder of their own.

/// Whether a folder's name is the id of an export task, a UUID
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateExportTask.html>).
#[must_use]
pub fn is_task_id(text: &str) -> bool {
    let hex = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(hex)
}

/// What a task's id stands below, of a path that ends with one: other tasks of the same export share it.
#[must_use]
pub fn above_task(path: &str) -> Option<&str> {
    let (above, last) = path.rsplit_once('/').unwrap_or(("", path));
    is_task_id(last).then_some(above)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_a_uuid_at_the_end() {
        let id = "0a1b2c3d-1111-2222-3333-444455556666";
        assert!(is_task_id(id));
        for other in ["", "0a1b2c3d", "0a1b2c3d-1111-2222-3333-44445555666", "0a1b2c3d-1111-2222-3333-44445555666g"] {
            assert!(!is_task_id(other), "{other}");
        }
        assert_eq!(above_task(id), Some(""));
        assert_eq!(above_task(&format!("a/b/{id}")), Some("a/b"));
        assert_eq!(above_task(&format!("a/{id}/b")), None);
    }
}
