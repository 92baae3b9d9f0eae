//! The bundle's folder, here or in a bucket: which parts it has, and the settings that hold for it.

use super::AwsArgs;
use super::aws;
use super::layers::Layers;
use super::plan::{Refusal, failed};
use crate::collect::bundle as collect;
use crate::sources::objects::{Address, MOST_OF_SETTINGS, Store, named};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A bundle that is there.
#[derive(Debug)]
pub(super) struct Bundle {
    path: PathBuf,
    /// Who has it, and what lies directly in it, if it is in a bucket.
    remote: Option<(Arc<dyn Store>, Vec<String>)>,
}

const HINT: &str = "a bundle is a folder with flow-logs/, billing/ and inventory/";

impl Bundle {
    /// Looks for the bundle and reads the settings that hold for it: its own first.
    pub(super) fn open(path: &Path, args: &AwsArgs) -> Result<(Self, Layers), Refusal> {
        let path = path.to_path_buf();
        let Some(address) = path.to_str().and_then(Address::parse) else {
            if !path.is_dir() {
                return Err(failed(format!("{}: no such folder", path.display()), HINT));
            }
            if collect::is_between(&path) {
                return Err(between(&path));
            }
            let layers = Layers::read(Some(&path))?;
            return Ok((Self { path, remote: None }, layers));
        };
        let mut layers = Layers::read(None)?;
        if !address.is_sound() {
            return Err(failed(format!("{address}: is no address of a bucket"), "write it as s3://BUCKET/PREFIX"));
        }
        let store = aws::store(args, &layers)?;
        let names = store.names(&address.bucket, &address.folder())?;
        if names.is_empty() {
            return Err(failed(format!("{address}: there is nothing"), HINT));
        }
        // Looked for only where its folder is: most buckets may be read and no more.
        let mark = collect::BETWEEN.split_once('/').map_or("", |(folder, _)| folder);
        if names.iter().any(|name| name == mark)
            && store.find(&address.bucket, &format!("{}{}", address.folder(), collect::BETWEEN))?.is_some()
        {
            return Err(between(&path));
        }
        let bundle = Self { path, remote: Some((Arc::clone(&store), names)) };
        if let Some(file) = bundle.part("natlens.toml") {
            let name = file.display().to_string();
            let read = named(&name, Some(&store)).map_err(|error| error.to_string());
            let bytes = read.and_then(|object| object.read(MOST_OF_SETTINGS).map_err(|error| error.to_string()));
            let bytes = bytes.map_err(|why| match store.trouble() {
                Some(error) => Refusal::from(error),
                None => failed(format!("{name}: {why}"), HINT),
            })?;
            layers.put_first(bundle.path.clone(), name, &String::from_utf8_lossy(&bytes))?;
        }
        Ok((bundle, layers))
    }

    /// A reader of buckets, if any of the inputs lies in one.
    pub(super) fn store<'a>(
        &self,
        mut inputs: impl Iterator<Item = &'a str>,
        args: &AwsArgs,
        layers: &Layers,
    ) -> Result<Option<Arc<dyn Store>>, Refusal> {
        match &self.remote {
            Some((store, _)) => Ok(Some(Arc::clone(store))),
            None if inputs.any(|input| Address::parse(input).is_some()) => aws::store(args, layers).map(Some),
            None => Ok(None),
        }
    }

    /// Where its part of this name is, if it has one.
    pub(super) fn part(&self, name: &str) -> Option<PathBuf> {
        let path = under(&self.path, name);
        let is_there = match &self.remote {
            Some((_, names)) => names.iter().any(|found| found == name),
            None => path.exists(),
        };
        is_there.then_some(path)
    }

    /// As it was named.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn between(path: &Path) -> Refusal {
    let what = format!("{}: `natlens collect` is under way or was cut off: its files are of two runs", path.display());
    failed(what, "run the same `natlens collect` again, which finishes it")
}

/// A path in a folder, either of which may be an address of a bucket.
pub(super) fn under(base: &Path, path: &str) -> PathBuf {
    match base.to_str() {
        _ if Address::parse(path).is_some() => PathBuf::from(path),
        Some(base) if Address::parse(base).is_some() => format!("{}/{path}", base.trim_end_matches('/')).into(),
        _ => base.join(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_that_says_them() {
        let check = |base: &str, path: &str, expect: &str| {
            assert_eq!(under(Path::new(base), path), Path::new(expect), "{base} {path}");
        };
        check("bundle", "logs", "bundle/logs");
        check("bundle", "/logs", "/logs");
        check("bundle", "s3://logs/a", "s3://logs/a");
        check("s3://b/p/", "logs", "s3://b/p/logs");
        check("s3://b", "logs/*.gz", "s3://b/logs/*.gz");
        check("s3://b", "s3://logs/a", "s3://logs/a");
    }
}
