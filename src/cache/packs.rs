//! Packs: files of counted objects. What a pack holds is said in a small file beside it, so that only packs that a run needs are
//! opened; each file carries its own checksum, the pack's in its name, so that it stays plain Parquet.

use super::pack::{Counted, FORM, of_batch, to_batch};
use super::{Cache, Key, files};
use crate::count::roles::Roles;
use crate::guard::caught;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::hash::Hash;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

const MAGIC: files::Magic = b"natlens objects1";
/// What the file beside a pack ends in.
const OBJECTS: &str = "objects";
const PACK: &str = "parquet";
/// Bytes of an identity.
const WIDTH: usize = size_of::<u128>();

/// One object of a pack: the pack, and its place there.
pub type At = (usize, usize);

/// How large a pack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Objects that are in no pack before it.
    pub objects: usize,
    /// Its file.
    pub bytes: u64,
}

/// The packs of counted objects that were read in one way.
#[derive(Debug)]
pub struct Packs<'a> {
    cache: &'a Cache,
    meaning: Key,
    folder: PathBuf,
    /// Those with most objects first.
    lists: Vec<List>,
    sizes: Vec<Size>,
    by_identity: HashMap<u128, At>,
}

/// A pack that is on disk.
#[derive(Debug)]
struct List {
    name: u128,
    /// How many objects it holds.
    len: usize,
}

/// What tells one way of counting from another: the roles of interfaces, and in `rest` all else that a fold looks at.
#[must_use]
pub fn meaning(cache: &Cache, roles: &Roles, rest: &str) -> Key {
    let mut state = Xxh3::new();
    roles.hash(&mut state);
    Key::of(cache.place(), &["rollup", FORM, &format!("{:032x}", state.digest128()), rest])
}

impl<'a> Packs<'a> {
    /// The packs that hold objects counted in this way.
    #[must_use]
    pub fn open(cache: &'a Cache, meaning: Key) -> Self {
        let folder = cache.place.folder.join(super::files::ROLLUP).join(meaning.to_string());
        let names = std::fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| name_of(&entry.ok()?.path()));
        let names: Vec<u128> = names.collect();
        let (lists, sizes, by_identity) = Default::default();
        let mut packs = Self { cache, meaning, folder, lists, sizes, by_identity };
        let mut found: Vec<(u128, Vec<u8>)> =
            names.into_iter().filter_map(|name| Some((name, packs.identities(name)?))).collect();
        // A run that ended before it removed the small packs that it had put together left both: the large one counts.
        found.sort_by_key(|(name, identities)| (std::cmp::Reverse(identities.len()), *name));
        for (name, identities) in found {
            packs.list(name, &identities);
        }
        packs
    }

    /// What the file beside a pack says, if it is whole.
    fn identities(&self, name: u128) -> Option<Vec<u8>> {
        let file = files::read(&self.path(name, OBJECTS)).ok()?;
        let identities = files::body(MAGIC, self.meaning.0 ^ name, &file).map(<[u8]>::to_vec);
        if identities.is_none() {
            self.remove(name);
        }
        identities
    }

    /// Takes the objects of a pack into the index.
    fn list(&mut self, name: u128, identities: &[u8]) {
        let (pack, mut objects) = (self.lists.len(), 0);
        for (identity, at) in identities.chunks_exact(WIDTH).zip(0..) {
            let identity = u128::from_le_bytes(identity.try_into().unwrap_or_default());
            if let Entry::Vacant(free) = self.by_identity.entry(identity) {
                free.insert((pack, at));
                objects += 1;
            }
        }
        if objects == 0 {
            return self.remove(name);
        }
        let bytes = std::fs::metadata(self.path(name, PACK)).map_or(0, |metadata| metadata.len());
        self.lists.push(List { name, len: identities.len() / WIDTH });
        self.sizes.push(Size { objects, bytes });
    }

    /// Where an object is.
    #[must_use]
    pub fn find(&self, identity: u128) -> Option<At> {
        self.by_identity.get(&identity).copied()
    }

    /// How large each pack is.
    #[must_use]
    pub fn sizes(&self) -> &[Size] {
        &self.sizes
    }

    /// The pack will be loaded, and stays.
    pub fn need(&self, pack: usize) {
        self.cache.need(&self.path(self.lists[pack].name, PACK), self.sizes[pack].bytes);
    }

    /// The objects of a pack in its order; `None`, and the pack is gone, if it is not what it was when it was written.
    #[must_use]
    pub fn load<'r>(&self, pack: usize, roles: &'r Roles) -> Option<Vec<Counted<'r>>> {
        let List { name, len } = self.lists[pack];
        let path = self.path(name, PACK);
        let objects = caught(|| read(&path, name, roles)).ok().flatten().filter(|objects| objects.len() == len);
        match &objects {
            Some(_) => files::used(&path, self.cache.place.now),
            None => self.remove(name),
        }
        objects
    }

    /// Keeps objects as one pack, and gives its name; `None` if it cannot be kept.
    pub fn keep(&self, objects: &[Counted<'_>]) -> Option<u128> {
        if !self.cache.can_keep() || !self.cache.has_room(0) {
            return None;
        }
        let bytes = caught(|| write(objects)).ok().flatten().filter(|bytes| self.cache.has_room(bytes.len()))?;
        let name = xxh3_128(&bytes);
        let identities: Vec<u8> = objects.iter().flat_map(|object| object.identity.to_le_bytes()).collect();
        let header = files::header(MAGIC, self.meaning.0 ^ name, &identities);
        // The list comes last: a pack without one is not used.
        let kept = self.cache.write(&self.path(name, PACK), &[&bytes])
            && self.cache.write(&self.path(name, OBJECTS), &[&header, &identities]);
        kept.then_some(name)
    }

    /// The objects of this pack are in other packs now.
    pub fn replaced(&self, pack: usize, by: &[u128]) {
        let name = self.lists[pack].name;
        // The same objects make the same pack.
        if !by.contains(&name) {
            self.remove(name);
        }
    }

    fn path(&self, name: u128, kind: &str) -> PathBuf {
        self.folder.join(format!("{name:032x}.{kind}"))
    }

    /// What cannot be removed will be tried again by the next run.
    fn remove(&self, name: u128) {
        for kind in [OBJECTS, PACK] {
            let _ = std::fs::remove_file(self.path(name, kind));
        }
    }
}

/// The name of the pack that a file says something of.
fn name_of(path: &Path) -> Option<u128> {
    let of_pack = path.extension().is_some_and(|kind| kind == OBJECTS);
    let stem = path.file_stem()?.to_str().filter(|stem| of_pack && stem.len() == 2 * WIDTH)?;
    u128::from_str_radix(stem, 16).ok()
}

/// Nothing is made of the file's content before its checksum is known to be right.
fn read<'r>(path: &Path, name: u128, roles: &'r Roles) -> Option<Vec<Counted<'r>>> {
    let mut file = files::open(path).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    if xxh3_128(&bytes) != name {
        return None;
    }
    drop(bytes);
    file.rewind().ok()?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).ok()?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).ok()?;
    let mut objects = Vec::with_capacity(rows);
    for batch in builder.with_batch_size(rows.max(1)).build().ok()? {
        objects.extend(of_batch(&batch.ok()?, roles)?);
    }
    Some(objects)
}

fn write(objects: &[Counted<'_>]) -> Option<Vec<u8>> {
    let batch = to_batch(objects)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).ok()?))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(None)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).ok()?;
    writer.write(&batch).ok()?;
    writer.close().ok()?;
    Some(bytes)
}
