//! Settings files by precedence, and the one rule for what wins:
//! flag > `NATLENS_*` > the bundle's natlens.toml > ./natlens.toml > user settings > default.

use super::Exit;
use super::bundle::under;
use super::given::Given;
use super::origin::{Origin, Setting};
use super::plan::Refusal;
use crate::sources::objects::{MOST_OF_SETTINGS, read_file};
use crate::sources::settings::{self, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A settings file.
#[derive(Debug)]
pub struct Layer {
    /// The folder that its paths are relative to.
    base: PathBuf,
    /// Its path, as it is shown.
    name: String,
    settings: Settings,
    lines: BTreeMap<String, usize>,
}

/// The settings files that there are, the strongest first.
#[derive(Debug)]
pub struct Layers(Vec<Layer>);

fn bad(what: String) -> Refusal {
    Refusal { exit: Exit::Settings, what, hint: Some("correct the settings file".to_owned()) }
}

impl Layer {
    fn new(base: PathBuf, name: String, text: &str) -> Result<Self, Refusal> {
        let settings = settings::parse(&name, text).map_err(|error| bad(error.to_string()))?;
        Ok(Self { base, name, settings, lines: settings::lines(text) })
    }

    fn at(&self, key: &str) -> String {
        let line = self.lines.get(key).or_else(|| self.lines.get(key.split(['.', '[']).next().unwrap_or(key)));
        line.map_or_else(|| self.name.clone(), |line| format!("{}:{line}", self.name))
    }

    fn origin(&self, key: &str) -> Origin {
        Origin::File(self.at(key))
    }
}

impl Layers {
    /// Reads those that are there, the bundle's first.
    pub fn read(bundle: Option<&Path>) -> Result<Self, Refusal> {
        let user = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")))
            .map(|config| config.join("natlens/config.toml"));
        let mut layers = Vec::new();
        let mut seen = Vec::new();
        let places = [bundle.map(|bundle| bundle.join("natlens.toml")), Some(PathBuf::from("natlens.toml")), user];
        for path in places.into_iter().flatten() {
            let Ok(canonical) = path.canonicalize() else { continue };
            if seen.contains(&canonical) {
                continue;
            }
            let name = path.display().to_string();
            let read = read_file(&path, MOST_OF_SETTINGS).map_err(|error| bad(format!("{name}: {error}")))?;
            let text = String::from_utf8(read).map_err(|_| bad(format!("{name}: not text in UTF-8")))?;
            layers.push(Layer::new(path.parent().map(Path::to_path_buf).unwrap_or_default(), name, &text)?);
            seen.push(canonical);
        }
        Ok(Self(layers))
    }

    /// Adds the file of a bundle in a bucket. How buckets are reached is not said by what lies in one: it may be a stranger's.
    pub fn put_first(&mut self, base: PathBuf, name: String, text: &str) -> Result<(), Refusal> {
        let mut layer = Layer::new(base, name, text)?;
        layer.settings.aws = settings::Aws::default();
        layer.settings.accounts.clear();
        self.0.insert(0, layer);
        Ok(())
    }

    /// The files, the strongest first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|layer| layer.name.as_str())
    }
}

type Three<T> = (Option<T>, Option<T>, Option<T>);

/// Everything that can say what a setting is.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Command line and environment.
    pub given: &'a Given,
    /// Settings files.
    pub layers: &'a Layers,
}

impl Sources<'_> {
    fn given<T>(&self, key: &str, value: T) -> Setting<T> {
        Setting { value, origin: self.given.origin(key) }
    }

    /// What was given, else what the strongest file says that says anything.
    pub fn first<T>(&self, key: &str, given: Option<T>, set: impl Fn(&Settings) -> Option<T>) -> Option<Setting<T>> {
        self.first_as(key, key, given, set)
    }

    /// The same for a setting that has another name in files.
    pub fn first_as<T>(
        &self,
        key: &str,
        in_file: &str,
        given: Option<T>,
        set: impl Fn(&Settings) -> Option<T>,
    ) -> Option<Setting<T>> {
        let of = |layer: &Layer| set(&layer.settings).map(|value| Setting { value, origin: layer.origin(in_file) });
        given.map(|value| self.given(key, value)).or_else(|| self.layers.0.iter().find_map(of))
    }

    /// Three settings that belong together: from whoever is strongest and has any of them.
    pub fn first_of<T>(
        &self,
        keys: &[&str; 3],
        given: Option<Three<T>>,
        set: impl Fn(&Settings) -> Option<Three<T>>,
    ) -> Option<Three<Setting<T>>> {
        let each = |(a, b, c): Three<T>, origin: &dyn Fn(&str) -> Origin| {
            let with = |value: Option<T>, key: &str| value.map(|value| Setting { value, origin: origin(key) });
            (with(a, keys[0]), with(b, keys[1]), with(c, keys[2]))
        };
        if let Some(given) = given {
            return Some(each(given, &|key| self.given.origin(key)));
        }
        let of = |layer: &Layer| Some(each(set(&layer.settings)?, &|key| layer.origin(key)));
        self.layers.0.iter().find_map(of)
    }

    /// What was given, else what a file says in words that may not be understood.
    pub fn read<T>(
        &self,
        key: &str,
        given: Option<T>,
        set: impl Fn(&Settings) -> Option<&str>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Setting<T>>, Refusal> {
        let read = |text: &str| parse(text).ok_or_else(|| text.to_owned());
        let found = self.first(key, given.map(Ok), |settings| set(settings).map(read));
        found.map(|setting| understood(key, setting)).transpose()
    }

    /// The same for a list, of which a file's has to be understood word for word.
    pub fn read_all<T: Clone>(
        &self,
        key: &str,
        given: &[T],
        set: impl Fn(&Settings) -> &Vec<String>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Setting<Vec<T>>, Refusal> {
        let read = |texts: &Vec<String>| -> Result<Vec<T>, String> {
            texts.iter().map(|text| parse(text).ok_or_else(|| text.clone())).collect()
        };
        let given = (!given.is_empty()).then(|| Ok(given.to_vec()));
        let found = self.first(key, given, |settings| Some(set(settings)).filter(|all| !all.is_empty()).map(read));
        found.map_or_else(|| Ok(Setting::default(Vec::new())), |setting| understood(key, setting))
    }

    /// The elements of a list of tables in all files, the strongest file's first.
    pub fn all<T: Clone>(&self, key: &str, set: impl Fn(&Settings) -> &Vec<T>) -> Vec<Setting<T>> {
        let of = |layer: &Layer| -> Vec<Setting<T>> {
            let element = |(i, value): (usize, &T)| Setting {
                value: value.clone(),
                origin: layer.origin(&format!("{key}[{i}]")),
            };
            set(&layer.settings).iter().enumerate().map(element).collect()
        };
        self.layers.0.iter().flat_map(of).collect()
    }

    /// The elements of a list of tables in the strongest file that has any.
    pub fn strongest<T: Clone>(&self, key: &str, set: impl Fn(&Settings) -> &Vec<T>) -> Vec<Setting<T>> {
        let all = self.all(key, &set);
        let count = self.layers.0.iter().map(|layer| set(&layer.settings).len()).find(|count| *count > 0).unwrap_or(0);
        all.into_iter().take(count).collect()
    }

    /// Where a part of the bundle is: what was given, what a file says (from that file's folder), else its folder in the bundle.
    pub fn paths(
        &self,
        key: &str,
        given: &[String],
        set: impl Fn(&Settings) -> &Vec<String>,
        in_bundle: Option<PathBuf>,
    ) -> Setting<Vec<String>> {
        if !given.is_empty() {
            return self.given(key, given.to_vec());
        }
        if let Some(layer) = self.layers.0.iter().find(|layer| !set(&layer.settings).is_empty()) {
            let paths = set(&layer.settings).iter().map(|path| under(&layer.base, path).display().to_string());
            return Setting { value: paths.collect(), origin: layer.origin(key) };
        }
        let Some(path) = in_bundle else { return Setting::default(Vec::new()) };
        let path = path.display().to_string();
        Setting { value: vec![path.clone()], origin: Origin::Bundle(path) }
    }

    /// The same for a single file.
    pub fn file(
        &self,
        key: &str,
        given: Option<&PathBuf>,
        set: impl Fn(&Settings) -> Option<&String>,
        in_bundle: Option<PathBuf>,
    ) -> Setting<Option<PathBuf>> {
        if let Some(path) = given {
            return self.given(key, Some(path.clone()));
        }
        if let Some((layer, path)) = self.layers.0.iter().find_map(|layer| Some((layer, set(&layer.settings)?))) {
            return Setting { value: Some(under(&layer.base, path)), origin: layer.origin(key) };
        }
        let Some(path) = in_bundle else { return Setting::default(None) };
        let origin = Origin::Bundle(path.display().to_string());
        Setting { value: Some(path), origin }
    }
}

/// The value, or why it is none: what was given is checked by the command line, so that the words are a file's.
fn understood<T>(key: &str, setting: Setting<Result<T, String>>) -> Result<Setting<T>, Refusal> {
    let Setting { value, origin } = setting;
    match value {
        Ok(value) => Ok(Setting { value, origin }),
        Err(text) => Err(Refusal {
            exit: Exit::Settings,
            what: format!("{}: {key}: `{text}` is not understood", origin.parts().1),
            hint: Some(format!("see --{key} in `natlens report --help`")),
        }),
    }
}
