//! Tags of anything that has an id, as all descriptions together tell of them.

use crate::model::several::agree;
use std::collections::{BTreeMap, BTreeSet};

/// The tags of one resource: key to value. A key with two values in two descriptions has [`crate::model::several::SEVERAL`].
pub type Tags = BTreeMap<String, String>;

/// Every value that was seen, by resource id and key.
pub type TagValues = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// One value for each key.
pub(super) fn settle(seen: TagValues) -> BTreeMap<String, Tags> {
    let one = |values: &BTreeSet<String>| agree(values.iter().map(|value| Some(value.as_str())));
    let tags = |keys: BTreeMap<String, BTreeSet<String>>| {
        keys.into_iter().filter_map(|(key, values)| Some((key, one(&values)?))).collect()
    };
    seen.into_iter().map(|(id, keys)| (id, tags(keys))).collect()
}
