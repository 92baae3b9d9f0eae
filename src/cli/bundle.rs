//! The bundle's folder, here or in a bucket: which parts it has, and the settings that hold for it.

use super::aws::AwsArgs;
use super::layers::Layers;
use super::plan::{Refusal, failed};
use crate::sources::objects::{Address, Store, named};
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
    pub(super) fn open(path: &Path, aws: &AwsArgs) -> Result<(Self, Layers), Refusal> {
        let path = path.to_path_buf();
        let Some(address) = path.to_str().and_then(Address::parse) else {
            if !path.is_dir() {
                return Err(failed(format!("{}: no such folder", path.display()), HINT));
            }
            let settings = Layers::read(Some(&path))?;
            return Ok((Self { path, remote: None }, settings));
        };
        // How a bucket is reached is not said by what lies in it.
        let mut settings = Layers::read(None)?;
        if !address.is_sound() {
            return Err(failed(format!("{address}: is no address of a bucket"), "write it as s3://BUCKET/PREFIX"));
        }
        let store = aws.store(&settings)?;
        let names = store.names(&address.bucket, &address.folder())?;
        if names.is_empty() {
            return Err(failed(format!("{address}: there is nothing"), HINT));
        }
        let bundle = Self { path, remote: Some((Arc::clone(&store), names)) };
        let file = bundle.at("natlens.toml");
        if bundle.has(&file, "natlens.toml") {
            let name = file.display().to_string();
            let read = named(&name, Some(&store)).map_err(|error| error.to_string());
            let bytes = read.and_then(|object| object.read().map_err(|error| error.to_string()));
            let bytes = bytes.map_err(|why| match store.trouble() {
                Some(error) => Refusal::from(error),
                None => failed(format!("{name}: {why}"), HINT),
            })?;
            settings.put_first(&bundle.path, &name, &String::from_utf8_lossy(&bytes))?;
        }
        Ok((bundle, settings))
    }

    /// A reader of buckets, if any of the inputs lies in one.
    pub(super) fn store<'a>(
        &self,
        mut inputs: impl Iterator<Item = &'a str>,
        aws: &AwsArgs,
        settings: &Layers,
    ) -> Result<Option<Arc<dyn Store>>, Refusal> {
        match &self.remote {
            Some((store, _)) => Ok(Some(Arc::clone(store))),
            None if inputs.any(|input| Address::parse(input).is_some()) => aws.store(settings).map(Some),
            None => Ok(None),
        }
    }

    /// Where a part of it would be.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        under(&self.path, name)
    }

    /// Where a part of it is.
    pub(super) fn part(&self, name: &str) -> Option<PathBuf> {
        Some(self.at(name)).filter(|path| self.has(path, name))
    }

    /// Whether it has a part of this name, which would be there.
    pub(super) fn has(&self, part: &Path, name: &str) -> bool {
        match &self.remote {
            Some((_, names)) => names.iter().any(|found| found == name),
            None => part.exists(),
        }
    }

    /// As it was named.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
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
