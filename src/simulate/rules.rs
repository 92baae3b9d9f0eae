//! `natlens.toml`: the user's rules for services that no address range names.

use super::SimulateError;
use super::account::Account;
use std::io::Write;
use std::path::Path;

/// One rule for each address behind which only a name tells which service it is.
pub(super) fn write(account: &Account, path: &Path) -> Result<(), SimulateError> {
    let io = |source| SimulateError::Io { path: path.to_owned(), source };
    let mut file = super::objects::create(path)?;
    writeln!(file, "# Addresses of AWS services that share their ranges with others.").map_err(io)?;
    for remote in account.destinations.all.iter().filter(|remote| remote.is_nameless()) {
        writeln!(file, "\n[[rules]]\ncidr = \"{}/32\"\nname = \"{}\"", remote.addr, remote.name).map_err(io)?;
        if let Some(region) = remote.region {
            writeln!(file, "region = \"{region}\"").map_err(io)?;
        }
    }
    file.flush().map_err(io)
}
