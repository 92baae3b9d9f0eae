//! Athena's list of the files that a statement wrote: a line an object, its address.
//! Source: <https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html>.

/// The names below an address of the files in a list, sorted.
pub(super) fn names(list: &[u8], address: &str) -> Result<Vec<String>, String> {
    let list = str::from_utf8(list).map_err(|_| "Athena's list of its files is no text".to_owned())?;
    let mut names = Vec::new();
    for line in list.lines().map(|line| line.trim().trim_matches('"')).filter(|line| !line.is_empty()) {
        let name = line.strip_prefix(address).ok_or_else(|| format!("{line} in Athena's list is elsewhere"))?;
        names.push(name.to_owned());
    }
    names.sort();
    Ok(names)
}
