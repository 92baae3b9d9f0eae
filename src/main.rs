//! The binary: parse, act, exit code. Signals end it at once, but for work that runs elsewhere and has to be stopped there; nothing
//! is left half written, because data is written last.

use clap::Parser;
use natlens::cancel::Cancel;
use natlens::cli::{self, Cli, Exit};
use natlens::guard;
use std::process::ExitCode;
use std::time::Duration;

/// What work may take to tidy up elsewhere after a signal.
const TIDY: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let cli = Cli::parse();
    guard::hush();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        cli::output::error("cannot start: no signal handling", None);
        return ExitCode::from(Exit::Failed as u8);
    };
    let exit = runtime.block_on(async {
        let cancel = Cancel::default();
        let shared = cancel.clone();
        let mut work = tokio::task::spawn_blocking(move || cli::act(cli, &shared));
        tokio::select! {
            done = &mut work => done.unwrap_or(Exit::Failed),
            signal = interrupted() => {
                cancel.ask();
                if cancel.is_minded() {
                    let _ = tokio::time::timeout(TIDY, work).await;
                }
                signal
            }
        }
    });
    // Work that a signal cut short is left behind, not waited for.
    runtime.shutdown_background();
    ExitCode::from(exit as u8)
}

#[cfg(unix)]
async fn interrupted() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => tokio::select! {
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
        },
        _ => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn interrupted() -> Exit {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Exit::Interrupted,
        Err(_) => std::future::pending().await,
    }
}
