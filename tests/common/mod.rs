//! The real binary as a user runs it, without the environment of whoever runs the tests.

use std::path::Path;
use std::process::{Command, Output};

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// What went to stdout.
    pub stdout: String,
    /// What went to stderr.
    pub stderr: String,
}

/// Runs natlens in a folder with these environment variables and no others.
pub fn natlens_in(folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Run {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_natlens"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the binary starts");
    Run {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("text on stdout"),
        stderr: String::from_utf8(output.stderr).expect("text on stderr"),
    }
}

/// Runs natlens in a folder.
pub fn natlens(folder: &Path, args: &[&str]) -> Run {
    natlens_in(folder, &[], args)
}

/// A path as an argument.
pub fn arg(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
