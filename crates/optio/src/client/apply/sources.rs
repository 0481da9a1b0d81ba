//! Texts that stand elsewhere than in the file: `MEMBERFrom` names a variable of the environment or a file, so that
//! secrets stand in no file, and long texts in files of their own.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};

/// What a member's name ends with whose text stands elsewhere.
pub(super) const ENDING: &str = "From";

/// Where texts are looked for.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    /// The environment.
    pub(super) env: &'a BTreeMap<String, String>,
    /// Where relative paths start from.
    pub(super) dir: &'a Path,
}

impl Sources<'_> {
    /// Puts every text that stands elsewhere into its member.
    pub(super) fn fill(&self, members: &mut Map<String, Value>) -> Result<(), String> {
        let elsewhere: Vec<String> = members
            .keys()
            .filter(|name| name.len() > ENDING.len() && name.ends_with(ENDING))
            .cloned()
            .collect();
        for name in elsewhere {
            let source = members.remove(&name).unwrap_or_default();
            let text = self.text(&name, &source)?;
            let member = name.trim_end_matches(ENDING).to_owned();
            if members.contains_key(&member) {
                return Err(format!(
                    "{member} stands here, and {name} names another place"
                ));
            }
            members.insert(member, Value::String(text));
        }
        Ok(())
    }

    /// The text at a place, without the line end behind it.
    pub(super) fn text(&self, name: &str, source: &Value) -> Result<String, String> {
        let members = source.as_object().filter(|it| it.len() == 1);
        let named = |place: &str| members?.get(place)?.as_str();
        let text = match (named("env"), named("file")) {
            (Some(variable), _) => self
                .env
                .get(variable)
                .filter(|text| !text.is_empty())
                .cloned()
                .ok_or_else(|| format!("{name}: the environment has no {variable}; set it"))?,
            (None, Some(file)) => {
                let path = self.dir.join(file);
                std::fs::read_to_string(&path)
                    .map_err(|error| format!("{name}: cannot read {}: {error}", path.display()))?
            }
            (None, None) => {
                return Err(format!(
                    "{name}: must be {{\"env\": NAME}} or {{\"file\": PATH}}"
                ));
            }
        };
        let line = text.strip_suffix('\n').unwrap_or(&text);
        Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_taken_from_the_environment_or_a_file_beside_the_one_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("prompt.md"), "one\ntwo\n").unwrap();
        let env = BTreeMap::from([
            (
                "REPO".to_owned(),
                "https://github.com/ada/engine".to_owned(),
            ),
            ("EMPTY".to_owned(), String::new()),
        ]);
        let sources = Sources {
            env: &env,
            dir: dir.path(),
        };
        let fill = |value: Value| {
            let mut members = value.as_object().unwrap().clone();
            sources.fill(&mut members).map(|()| Value::Object(members))
        };
        let filled = fill(
            json!({ "name": "a", "From": 1, "promptFrom": { "file": "prompt.md" }, "repoUrlFrom": { "env": "REPO" } }),
        );
        let meant = json!({ "name": "a", "From": 1, "prompt": "one\ntwo", "repoUrl": "https://github.com/ada/engine" });
        assert_eq!(filled.unwrap(), meant);
        for (bad, words) in [
            (
                json!({ "aFrom": { "env": "NOBODY" } }),
                "aFrom: the environment has no NOBODY",
            ),
            (
                json!({ "aFrom": { "env": "EMPTY" } }),
                "aFrom: the environment has no EMPTY",
            ),
            (
                json!({ "aFrom": { "file": "none.md" } }),
                "aFrom: cannot read ",
            ),
            (json!({ "aFrom": "REPO" }), "aFrom: must be {\"env\""),
            (
                json!({ "aFrom": { "env": "REPO", "file": "prompt.md" } }),
                "aFrom: must be {\"env\"",
            ),
            (
                json!({ "a": 1, "aFrom": { "env": "REPO" } }),
                "a stands here",
            ),
        ] {
            let error = fill(bad.clone()).unwrap_err();
            assert!(error.starts_with(words), "{bad}: {error}");
        }
    }
}
