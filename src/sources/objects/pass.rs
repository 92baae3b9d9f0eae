//! Everything that inputs hold, whatever its time, shown object by object and not kept: in a bucket of years there are millions, and a list
//! of them takes more than a kilobyte each.

use super::store::{Address, Entry, Store, StoreTrouble};
use super::{ListError, Object, PathOrGlob, Shown, is_glob, list, named_by};
use std::sync::Arc;

/// Shows the objects that [`list`] would list without a window, each once, in no order. What may not be listed is left out, as there.
pub fn pass(
    inputs: &[PathOrGlob],
    store: Option<&Arc<dyn Store>>,
    see: &mut (dyn FnMut(&Object) + Send),
) -> Result<(), ListError> {
    let addresses: Option<Vec<Address>> = inputs.iter().map(|input| Address::parse(&input.0)).collect();
    let (Some(store), Some(addresses)) = (store, addresses.filter(|addresses| are_apart(addresses))) else {
        list(inputs, store, None)?.objects.iter().for_each(see);
        return Ok(());
    };
    let mut denied = Vec::new();
    for address in &addresses {
        match at(address, store, Shown::of(inputs), see) {
            Err(ListError::Store(error)) if error.trouble == StoreTrouble::Denied => denied.push((address, error)),
            done => done?,
        }
    }
    let closed = denied.into_iter().find(|(address, _)| !store.is_allowed(&address.bucket));
    closed.map_or(Ok(()), |(_, error)| Err(error.into()))
}

fn at(
    address: &Address,
    store: &Arc<dyn Store>,
    shown: Shown,
    see: &mut (dyn FnMut(&Object) + Send),
) -> Result<(), ListError> {
    let (folder, mut found) = (address.folder(), false);
    store.pass(&address.bucket, &folder, &mut |entry| {
        if let Some(key) = key_of(&entry, &folder, shown) {
            found = true;
            see(&Object::stored(key, entry, store, None));
        }
    })?;
    if folder != address.key
        && let Some(entry) = store.find(&address.bucket, &address.key)?
    {
        found = true;
        see(&Object::stored(named_by(address, shown), entry, store, None));
    }
    if found { Ok(()) } else { Err(ListError::NotFound(address.to_string())) }
}

/// Whether all are plain addresses, and none lies below another.
fn are_apart(addresses: &[Address]) -> bool {
    let is_plain = |address: &Address| address.is_sound() && !is_glob(&address.key);
    let is_below =
        |one: &Address, other: &Address| one.bucket == other.bucket && one.folder().starts_with(&other.folder());
    let apart = |(at, one): (usize, &Address)| {
        addresses.iter().enumerate().all(|(other_at, other)| at == other_at || !is_below(one, other))
    };
    addresses.iter().all(is_plain) && addresses.iter().enumerate().all(apart)
}

/// What an object below a folder of a store is called; `None` for what is hidden, and for what consoles make in place of a folder.
pub(super) fn key_of(entry: &Entry, folder: &str, shown: Shown) -> Option<String> {
    let below = entry.key.strip_prefix(folder).unwrap_or(&entry.key);
    let is_hidden = below.split('/').any(|part| part.starts_with(['.', '_']) && !matches!(part, "." | ".."));
    let is_folder = entry.size == 0 && entry.key.ends_with('/');
    let key = || match shown {
        Shown::UnderInput => Address { bucket: entry.bucket.to_string(), key: entry.key.clone() }.to_string(),
        Shown::UnderRoot => below.to_owned(),
    };
    (!is_hidden && !is_folder).then(key)
}
