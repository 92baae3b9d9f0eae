//! Views of common questions, in SQL that Athena, Trino, Spark and `DuckDB` read alike. A sum in which a part is not known is NULL, and
//! shares are for reading only: they are floats, and nothing is added up from them.

use super::{DATABASE, statement};
use std::fmt::Write as _;

/// Name, what it answers, the query with `{db}` for the database.
const VIEWS: [(&str, &str, &str); 4] = [
    (
        "cost_by_service_and_month",
        "What did we pay for, month by month?",
        "SELECT month, account_id, service, service_region,
  sum(upload_bytes) AS upload_bytes,
  sum(download_bytes) AS download_bytes,
  CASE WHEN count(*) = count(usd) THEN CAST(sum(usd) AS decimal(38,12)) END AS usd
FROM {db}.traffic
GROUP BY month, account_id, service, service_region",
    ),
    (
        "top_clients",
        "Who caused it? Filter by month and client_rank, for example client_rank <= 20.",
        "SELECT month, account_id, client, kind, name, vpc_id, upload_bytes, download_bytes, usd,
  row_number() OVER (PARTITION BY month ORDER BY upload_bytes + download_bytes DESC, client, vpc_id) AS client_rank
FROM {db}.clients",
    ),
    (
        "unobserved_share",
        "How much of the bill does no flow log explain?",
        "SELECT month, account_id, nat_gateway_id, name, region, vpc_id,
  data_usd, attributed_usd, unobserved_usd,
  CAST(unobserved_usd AS double) / NULLIF(CAST(data_usd AS double), 0) AS unobserved_share,
  diagnosis
FROM {db}.nat_gateways",
    ),
    (
        "what_would_pay",
        "Which endpoints would pay, and which that exist do not?",
        "SELECT month, account_id, action, endpoint_type, service, region, vpc_id, az_ids, bytes,
  avoided_usd, endpoint_hours_usd, endpoint_data_usd, net_usd, break_even_gb, reason
FROM {db}.decisions
WHERE action IN ('create', 'fix', 'share', 'remove')",
    ),
];

/// All of them.
pub(super) fn all() -> String {
    let mut text = String::new();
    for (name, question, query) in VIEWS {
        let query = query.replace("{db}", DATABASE);
        let _ = writeln!(text, "-- {question}");
        statement(&mut text, &format!("CREATE OR REPLACE VIEW {DATABASE}.{name} AS\n{query}"));
    }
    text
}
