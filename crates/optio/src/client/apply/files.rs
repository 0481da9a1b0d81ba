//! The files of `optio apply`: found, read, and cut into objects.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::input;
use crate::failure::Failure;

/// Directories within directories that are looked into.
const DEPTH_MAX: usize = 32;

/// How deep directories are looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Their own files.
    Shallow,
    /// Those of the directories inside them, too.
    Deep,
}

/// An object of a file.
#[derive(Debug)]
pub(super) struct Object {
    /// Which file, and where in it.
    pub(super) place: String,
    /// Where the paths in it start from.
    pub(super) dir: PathBuf,
    /// The object.
    pub(super) value: Value,
}

/// Reads all files; what is wrong with some of them is told for all at once.
pub(super) fn read(paths: &[PathBuf], reach: Reach) -> Result<(Vec<Object>, Vec<String>), Failure> {
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    for path in files(paths, reach)? {
        match input::json(&path) {
            Ok(value) => objects.extend(cut(&path, value)),
            Err(failure) => problems.push(failure.message),
        }
    }
    Ok((objects, problems))
}

/// The object of a file, or those of the list in it.
fn cut(path: &Path, value: Value) -> Vec<Object> {
    let dir = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let file = path.display().to_string();
    let object = |place, value| Object {
        place,
        dir: dir.clone(),
        value,
    };
    match value {
        Value::Array(values) => values
            .into_iter()
            .enumerate()
            .map(|(number, value)| object(format!("{file}[{number}]"), value))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![object(file, value)]
        }
    }
}

/// The files themselves, and of each directory its `*.json` in the order of their names.
fn files(paths: &[PathBuf], reach: Reach) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        inside(path, reach, DEPTH_MAX, &mut files)?;
        if files.len() == before {
            let words = format!("there is no *.json in {}", path.display());
            let remedy = match reach {
                Reach::Shallow => vec!["-R looks into the directories in it, too".to_owned()],
                Reach::Deep => Vec::new(),
            };
            return Err(Failure::usage(words).with(remedy));
        }
    }
    Ok(files)
}

fn inside(dir: &Path, reach: Reach, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| Failure::usage(format!("cannot read {}: {error}", dir.display()));
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            if reach == Reach::Deep && 0 < depth {
                inside(&entry, reach, depth - 1, files)?;
            }
        } else if entry.extension().is_some_and(|it| it == "json") {
            files.push(entry);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_directory_is_read_in_the_order_of_its_names_and_deeper_only_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        fs::create_dir(dir.path().join("m")).unwrap();
        write("z.json", "{\"z\": 1}");
        write("a.json", "[{\"a\": 1}, 2]");
        write("m/b.json", "{}");
        write("n.txt", "{}");
        write("x.json", "{");
        let paths = [dir.path().to_path_buf()];
        let places = |reach| {
            let (objects, problems) = read(&paths, reach).unwrap();
            assert!(problems[0].contains("x.json is not JSON"), "{problems:?}");
            let names = objects
                .iter()
                .map(|it| it.place.rsplit('/').next().unwrap().to_owned());
            names.collect::<Vec<_>>()
        };
        assert_eq!(places(Reach::Shallow), ["a.json[0]", "a.json[1]", "z.json"]);
        assert_eq!(
            places(Reach::Deep),
            ["a.json[0]", "a.json[1]", "b.json", "z.json"]
        );
        let empty = tempfile::tempdir().unwrap();
        let failure = read(&[empty.path().to_path_buf()], Reach::Shallow).unwrap_err();
        assert!(failure.message.contains("no *.json"), "{failure}");
    }
}
