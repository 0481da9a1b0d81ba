//! Text with holes: `{{name}}`, `{{name:line:sh}}`. A hole names a capture of the rule's patterns.

use std::collections::BTreeMap;

/// The values a template may use, by name.
pub(crate) type Vars = BTreeMap<String, String>;

/// How many characters the `line` and `slug` filters leave.
const LINE_CHARS_MAX: usize = 120;

#[derive(Debug, Clone, Default)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Hole { value: Value, filters: Vec<Filter> },
}

#[derive(Debug, Clone)]
enum Value {
    Name(String),
    /// The argument of a call: a template of the calling rule.
    Given(Template),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    /// One word for a POSIX shell, whatever the value is.
    Shell,
    /// The first line, cut to a length a person reads.
    Line,
    /// Lower case letters, digits and dashes.
    Slug,
}

impl Template {
    /// Reads the text. The error is a fragment that says what is wrong and what to write.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((hole, behind)) = after.split_once("}}") else {
                return Err("a `{{` is never closed; write `{{name}}`".to_owned());
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(parse_hole(hole)?);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Fills the holes. A name without a value is empty, as is a group that took no part.
    pub(crate) fn render(&self, vars: &Vars) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole { value, filters } => {
                    let value = match value {
                        Value::Name(name) => vars.get(name).cloned().unwrap_or_default(),
                        Value::Given(template) => template.render(vars),
                    };
                    out.push_str(
                        &filters
                            .iter()
                            .fold(value, |value, filter| filter.apply(&value)),
                    );
                }
            }
        }
        out
    }

    /// The names the holes ask for.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(_) => {}
                Part::Hole {
                    value: Value::Name(name),
                    ..
                } => names.push(name.as_str()),
                Part::Hole {
                    value: Value::Given(template),
                    ..
                } => names.extend(template.names()),
            }
        }
        names
    }

    /// The first hole that would put an unquoted value into a shell command.
    pub(crate) fn unquoted(&self) -> Option<&str> {
        self.0.iter().find_map(|part| match part {
            Part::Hole {
                value: Value::Name(name),
                filters,
            } if !matches!(filters.last(), Some(Filter::Shell | Filter::Slug)) => {
                Some(name.as_str())
            }
            Part::Text(_) | Part::Hole { .. } => None,
        })
    }

    /// The same text with the named holes given by other templates.
    pub(crate) fn give(&self, given: &BTreeMap<String, Self>) -> Self {
        let parts = self.0.iter().cloned().map(|part| match part {
            Part::Hole {
                value: Value::Name(name),
                filters,
            } => {
                let value = given
                    .get(&name)
                    .cloned()
                    .map_or(Value::Name(name), Value::Given);
                Part::Hole { value, filters }
            }
            other @ (Part::Text(_) | Part::Hole { .. }) => other,
        });
        Self(parts.collect())
    }
}

fn parse_hole(hole: &str) -> Result<Part, String> {
    let mut words = hole.split(':').map(str::trim);
    let name = words.next().unwrap_or_default();
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_name {
        return Err(format!(
            "`{{{{{hole}}}}}` does not start with a name; write `{{{{name}}}}` with a-z, 0-9 and _"
        ));
    }
    let filters = words
        .map(|word| match word {
            "sh" => Ok(Filter::Shell),
            "line" => Ok(Filter::Line),
            "slug" => Ok(Filter::Slug),
            other => Err(format!("`{other}` is not a filter; use sh, line or slug")),
        })
        .collect::<Result<_, _>>()?;
    Ok(Part::Hole {
        value: Value::Name(name.to_owned()),
        filters,
    })
}

impl Filter {
    fn apply(self, value: &str) -> String {
        match self {
            Self::Shell => format!("'{}'", value.replace('\0', "").replace('\'', r"'\''")),
            Self::Line => {
                let line = value.trim().lines().next().unwrap_or_default().trim_end();
                line.chars().take(LINE_CHARS_MAX).collect()
            }
            Self::Slug => slug(value),
        }
    }
}

fn slug(value: &str) -> String {
    let dashed: String = value
        .to_lowercase()
        .chars()
        .take(LINE_CHARS_MAX)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        "unnamed".to_owned()
    } else {
        words.join("-")
    }
}
