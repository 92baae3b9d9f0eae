//! The time of a report that is no whole month, as it is typed.

use clap::Args;

/// A time that is no whole month.
#[derive(Clone, Debug, Args)]
pub struct SpanArgs {
    /// First instant of the report, UTC: YYYY-MM-DD or an RFC 3339 time
    #[arg(long, value_name = "TIME", env = "NATLENS_FROM", hide_env_values = true)]
    pub from: Option<String>,
    /// First instant after the report, UTC
    #[arg(long, value_name = "TIME", env = "NATLENS_TO", hide_env_values = true)]
    pub to: Option<String>,
}
