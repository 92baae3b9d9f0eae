//! The time of a report that is no whole month, as it is typed.

use super::InputArgs;
use clap::Args;

/// A time that is no whole month.
#[derive(Clone, Debug, Args)]
pub struct SpanArgs {
    /// First instant of the report, UTC: YYYY-MM-DD or an RFC 3339 time
    #[arg(long, value_name = "TIME", env = "NATLENS_FROM", hide_env_values = true, requires = "to")]
    pub from: Option<String>,
    /// First instant after the report, UTC
    #[arg(long, value_name = "TIME", env = "NATLENS_TO", hide_env_values = true, requires = "from")]
    pub to: Option<String>,
}

/// The same for commands whose `--to` is a place.
#[derive(Clone, Debug, Args)]
pub struct UntilArgs {
    /// First instant of a part of a month, UTC: YYYY-MM-DD or an RFC 3339 time
    #[arg(long, value_name = "TIME", env = "NATLENS_FROM", hide_env_values = true, requires = "to")]
    pub from: Option<String>,
    /// First instant after it, UTC
    #[arg(
        id = "to",
        long = "until",
        value_name = "TIME",
        env = "NATLENS_TO",
        hide_env_values = true,
        requires = "from"
    )]
    pub to: Option<String>,
}

impl InputArgs<UntilArgs> {
    /// As every other command has them.
    #[must_use]
    pub fn plain(&self) -> InputArgs {
        let Self {
            given,
            flow_logs,
            inventory,
            billing,
            metrics,
            dns,
            dns_look_back,
            cost_basis,
            prices,
            ip_ranges,
            log_format,
            month,
            span: UntilArgs { from, to },
            threads,
            memory_limit,
            no_cache,
            cache_dir,
            aws,
        } = self.clone();
        InputArgs {
            given,
            flow_logs,
            inventory,
            billing,
            metrics,
            dns,
            dns_look_back,
            cost_basis,
            prices,
            ip_ranges,
            log_format,
            month,
            span: SpanArgs { from, to },
            threads,
            memory_limit,
            no_cache,
            cache_dir,
            aws,
        }
    }
}
