//! Simulated accounts to measure on, and random numbers that are the same in every run.

use natlens::model::period::Month;
use natlens::run::inputs::{Inputs, Loaded, load};
use natlens::simulate::{Options, simulate};
use natlens::sources::objects::{Object, PathOrGlob, list};
use tempfile::TempDir;

/// A bundle on disk, removed when it goes.
pub struct Account {
    folder: TempDir,
}

impl Account {
    /// Writes an account; `set` changes the options from their defaults.
    pub fn new(set: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::new(7, Month::new(2026, 10).expect("a month"));
        set(&mut options);
        let folder = TempDir::new().expect("a scratch folder");
        simulate(&options, folder.path(), &mut |_| ()).expect("the account is written");
        Self { folder }
    }

    /// The objects of a part whose keys end so.
    pub fn objects(&self, part: &str, ending: &str) -> Vec<Object> {
        let listing = list(&[PathOrGlob::new(self.path(part))], None, None).expect("the part is there");
        let objects: Vec<Object> = listing.objects.into_iter().filter(|object| object.key.ends_with(ending)).collect();
        assert!(!objects.is_empty(), "{part}: nothing ends with {ending}");
        objects
    }

    /// Everything but the records, as a report loads it.
    pub fn load(&self) -> Loaded {
        let (flow_logs, inventory) = (vec![self.path("flow-logs")], vec![self.path("inventory")]);
        let inputs = Inputs { flow_logs, inventory, ..Inputs::default() };
        load(&inputs, (None, None), 2, None, &mut natlens::diag::Warnings::default()).expect("the account is readable")
    }

    fn path(&self, part: &str) -> String {
        self.folder.path().join(part).display().to_string()
    }
}

/// Xorshift: quick, and good enough to defeat caches and predictors.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }
}

impl Default for Random {
    fn default() -> Self {
        Self(88_172_645_463_325_252)
    }
}
