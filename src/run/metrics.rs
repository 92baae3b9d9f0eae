//! Reads `CloudWatch` metrics: lists the files, takes each whole or not at all.

use super::inputs::{Given, InputError, list_inputs};
use crate::diag::{Code, Warnings};
use crate::model::metrics::Metrics;
use crate::model::period::Window;
use crate::report::InputRow;
use crate::sources::metrics::{MetricsDraft, MetricsWarning, read_document};
use crate::sources::objects::{MOST_OF_JSON, Object};

/// The kind of this input in the report.
pub const METRICS: &str = "metrics";

/// Metered bytes of the window; of all time without one.
pub fn read_metrics(
    given: &Given<'_>,
    window: Option<Window>,
    rows: &mut Vec<InputRow>,
    warnings: &mut Warnings,
) -> Result<Metrics, InputError> {
    let listing = list_inputs(METRICS, given, rows, warnings)?;
    let mut draft = MetricsDraft::default();
    let mut unreadable = 0;
    listing.objects.iter().for_each(Object::announce);
    for object in &listing.objects {
        let read = object.read(MOST_OF_JSON).map_err(|error| format!("{}: {error}", object.key));
        let read = read.and_then(|bytes| {
            read_document(&object.key, &bytes, window, &mut draft)
                .map_err(|error| format!("{}: {error} ({})", object.key, error.hint()))
        });
        if let Err(what) = read {
            unreadable += 1;
            warnings.add(Code::UnreadableObject, what);
        }
    }
    if let Some(row) = rows.iter_mut().find(|row| row.kind == METRICS) {
        row.unreadable += unreadable;
    }
    let (metrics, said) = draft.finish();
    for warning in said {
        match warning {
            MetricsWarning::Unusable(what) => warnings.add(Code::Metrics, what),
            MetricsWarning::Unknown(what) => warnings.add(Code::IncompleteMetrics, what),
            MetricsWarning::MissingPages(what) => warnings.add(Code::MissingPages, what),
        }
    }
    Ok(metrics)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bytes::Bytes;
    use crate::model::period::Month;

    #[test]
    fn files_are_read_and_what_cannot_be_is_named() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let document = |metric: &str| {
            format!(
                r#"{{"MetricDataResults": [{{"Id": "q", "Label": "nat-0a {metric}", "Timestamps": ["2026-10-01T00:00:00+00:00"],
                    "Values": [5.0], "StatusCode": "Complete"}}]}}"#
            )
        };
        std::fs::write(dir.path().join("a.json"), document("BytesInFromSource")).expect("a file");
        std::fs::write(dir.path().join("b.json"), document("BytesInFromDestination")).expect("a file");
        std::fs::write(dir.path().join("c.json"), document("NetworkIn")).expect("a file");
        std::fs::write(dir.path().join("d.json"), "{}").expect("a file");
        let (mut rows, mut warnings) = (Vec::new(), Warnings::default());
        let window = Month::parse("2026-10").map(Month::window);
        let given = [dir.path().display().to_string()];
        let metrics = read_metrics(&Given::all(&given, None), window, &mut rows, &mut warnings).expect("metrics");
        assert_eq!(metrics.of_gateway("nat-0a"), Some(Bytes::new(10)));
        assert_eq!((rows[0].kind, rows[0].objects, rows[0].unreadable), ("metrics", 4, 1));
        assert_eq!((warnings.count(Code::Metrics), warnings.count(Code::UnreadableObject)), (1, 1));
        let none = read_metrics(&Given::all(&[], None), window, &mut rows, &mut warnings).expect("none");
        assert_eq!((none, rows.len()), (Metrics::default(), 1));
    }
}
