//! The one template language of prompts: `{{name}}`, `{{default name "text"}}`,
//! `{{#if name}} … {{else}} … {{/if}}`, `{{#unless name}} … {{/unless}}`, nested as one likes, and `\{{` where two
//! braces are meant.
//!
//! The text is read by Handlebars' own parser, which also removes the line of a tag that stands alone in
//! it; what it may hold and what it means is decided here.

use std::collections::BTreeSet;

use handlebars::template::{HelperTemplate, Parameter, Template as Parsed, TemplateElement};
use serde_json::{Map, Value};

/// Bytes of a template.
pub const BYTES_MAX: usize = 256 << 10;
/// Blocks within blocks.
pub const DEPTH_MAX: usize = 32;

/// Why a text is no template. Says where, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// It is too long.
    #[error("the template has {0} bytes; at most {BYTES_MAX} are allowed")]
    TooLong(usize),
    /// It does not parse.
    #[error(
        "line {line}, column {column}: {words}; write {{{{name}}}}, {{{{#if name}}}} … {{{{/if}}}}, and \\{{{{ where \
         two braces are meant"
    )]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        words: String,
    },
    /// It uses something of Handlebars that prompts do not have.
    #[error(
        "`{0}` cannot be used in a prompt; there are {{{{name}}}}, {{{{default name \"text\"}}}}, {{{{#if name}}}}, \
         {{{{else}}}} and {{{{#unless name}}}}; write \\{{{{ where two braces are meant"
    )]
    NotHere(String),
    /// Blocks lie too deep in each other.
    #[error("blocks may lie in each other {DEPTH_MAX} times")]
    TooDeep,
    /// It asks for values that there are not.
    #[error("unknown: {}; known are {}", .unknown.join(", "), .known.join(", "))]
    Unknown {
        /// What it asks for.
        unknown: Vec<String>,
        /// What there is.
        known: Vec<String>,
    },
}

/// A template that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value {
        name: String,
        default: Option<String>,
    },
    If {
        name: String,
        wanted: bool,
        then: Vec<Self>,
        otherwise: Vec<Self>,
    },
}

/// What became of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The values it asked for and that were not there: they stand in the text as they were written.
    pub missing: Vec<String>,
}

impl Template {
    /// Understands a text.
    ///
    /// # Errors
    /// [`BadTemplate`], which says where and what to write instead.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        if BYTES_MAX < text.len() {
            return Err(BadTemplate::TooLong(text.len()));
        }
        if DEPTH_MAX < depth(text) {
            return Err(BadTemplate::TooDeep);
        }
        let parsed = Parsed::compile(text).map_err(|error| {
            let (line, column) = error.pos().unwrap_or((1, 1));
            let reason = error.reason().to_string();
            let words = reason.lines().next().unwrap_or_default().to_owned();
            BadTemplate::Syntax {
                line,
                column,
                words,
            }
        })?;
        let parts = parts(&parsed)?;
        Ok(Self { parts })
    }

    /// The values it asks for.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        collect(&self.parts, &mut names);
        names
    }

    /// Sees to it that it asks only for what there is. A name with dots is looked up in what its first part
    /// names.
    ///
    /// # Errors
    /// [`BadTemplate::Unknown`] with all that is unknown.
    pub fn check(&self, known: &[&str]) -> Result<(), BadTemplate> {
        let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let names = self.names();
        let unknown: Vec<String> = names
            .into_iter()
            .filter(|name| !known.contains(&first(name).as_str()))
            .map(str::to_owned)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(BadTemplate::Unknown {
            unknown,
            known: known.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    /// Puts the values in. A value that is not there stays as it was written and is named; in a condition
    /// it is false, as are an empty text, `false`, `0` and nothing.
    #[must_use]
    pub fn render(&self, values: &Map<String, Value>) -> Rendered {
        let (mut text, mut missing) = (String::new(), BTreeSet::new());
        render(&self.parts, values, &mut text, &mut missing);
        Rendered {
            text,
            missing: missing.into_iter().collect(),
        }
    }
}

/// How deep blocks lie in each other at most: the parser and we go down as deep as the text says.
fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0_usize);
    let bytes = text.as_bytes();
    for pair in bytes.windows(3) {
        match pair {
            b"{{#" => {
                now += 1;
                most = most.max(now);
            }
            b"{{/" => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

fn parts(parsed: &Parsed) -> Result<Vec<Part>, BadTemplate> {
    let mut found = Vec::new();
    for element in &parsed.elements {
        found.extend(part(element)?);
    }
    Ok(found)
}

fn part(element: &TemplateElement) -> Result<Option<Part>, BadTemplate> {
    Ok(Some(match element {
        TemplateElement::RawString(text) => Part::Text(text.clone()),
        TemplateElement::Comment(_) => return Ok(None),
        TemplateElement::Expression(expression) | TemplateElement::HtmlExpression(expression) => {
            value(expression)?
        }
        TemplateElement::HelperBlock(block) => condition(block)?,
        TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
            return Err(BadTemplate::NotHere("{{*…}}".to_owned()));
        }
        TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_) | _ => {
            return Err(BadTemplate::NotHere("{{>…}}".to_owned()));
        }
    }))
}

fn value(expression: &HelperTemplate) -> Result<Part, BadTemplate> {
    let word = word(&expression.name).unwrap_or_default();
    let params: Vec<&Parameter> = expression.params.iter().collect();
    match params.as_slice() {
        [] if expression.hash.is_empty() && is_name(&word) => Ok(Part::Value {
            name: word,
            default: None,
        }),
        [name, Parameter::Literal(default)] if word == "default" => {
            let name = self::word(name).filter(|name| is_name(name));
            let name = name.ok_or_else(|| BadTemplate::NotHere("default".to_owned()))?;
            Ok(Part::Value {
                name,
                default: Some(plain(default)),
            })
        }
        _ => Err(BadTemplate::NotHere(word)),
    }
}

fn condition(block: &HelperTemplate) -> Result<Part, BadTemplate> {
    let word = word(&block.name).unwrap_or_default();
    let wanted = match word.as_str() {
        "if" => true,
        "unless" => false,
        _ => return Err(BadTemplate::NotHere(format!("#{word}"))),
    };
    let name = match block.params.as_slice() {
        [name] => self::word(name).filter(|name| is_name(name)),
        _ => None,
    };
    let name =
        name.ok_or_else(|| BadTemplate::NotHere(format!("#{word} with more than a name")))?;
    let within = |parsed: &Option<Parsed>| parsed.as_ref().map_or(Ok(Vec::new()), parts);
    Ok(Part::If {
        name,
        wanted,
        then: within(&block.template)?,
        otherwise: within(&block.inverse)?,
    })
}

fn word(parameter: &Parameter) -> Option<String> {
    parameter.as_name().map(str::to_owned)
}

/// Letters, digits, underscores and hyphens, with dots between parts.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.split('.')
        .all(|part| !part.is_empty() && part.chars().all(fits))
}

fn collect<'a>(parts: &'a [Part], names: &mut BTreeSet<&'a str>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value { name, .. } => {
                names.insert(name);
            }
            Part::If {
                name,
                then,
                otherwise,
                ..
            } => {
                names.insert(name);
                collect(then, names);
                collect(otherwise, names);
            }
        }
    }
}

fn render(
    parts: &[Part],
    values: &Map<String, Value>,
    text: &mut String,
    missing: &mut BTreeSet<String>,
) {
    for part in parts {
        match part {
            Part::Text(words) => text.push_str(words),
            Part::Value { name, default } => {
                let value = find(name, values).map(plain);
                match (value, default) {
                    (Some(value), None) => text.push_str(&value),
                    (Some(value), Some(_)) if !value.is_empty() => text.push_str(&value),
                    (_, Some(default)) => text.push_str(default),
                    (None, None) => {
                        text.push_str(&format!("{{{{{name}}}}}"));
                        missing.insert(name.clone());
                    }
                }
            }
            Part::If {
                name,
                wanted,
                then,
                otherwise,
            } => {
                let holds = find(name, values).is_some_and(is_true);
                let chosen = if holds == *wanted { then } else { otherwise };
                render(chosen, values, text, missing);
            }
        }
    }
}

fn find<'a>(name: &str, values: &'a Map<String, Value>) -> Option<&'a Value> {
    // A name with dots may be one name, too.
    if let Some(value) = values.get(name) {
        return Some(value);
    }
    let mut parts = name.split('.');
    let first = values.get(parts.next()?)?;
    parts.try_fold(first, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        Value::Object(members) => members.get(part),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// A value as it stands in a text: a text without its quotes, nothing as nothing, the rest as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            !matches!(plain(value).as_str(), "" | "false" | "0")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(text: &str, values: Value) -> Rendered {
        let Value::Object(values) = values else {
            panic!("an object is needed");
        };
        Template::parse(text).unwrap().render(&values)
    }

    fn text(template: &str, values: Value) -> String {
        let rendered = rendered(template, values);
        assert_eq!(rendered.missing, [""; 0], "{template}");
        rendered.text
    }

    #[test]
    fn values_are_put_in_as_they_are() {
        let values = json!({ "NAME": "Ada & <co>", "n": 7, "nothing": null, "list": [1, 2], "a": { "b": ["x"] } });
        assert_eq!(
            text("Hi {{NAME}}, {{ n }}.", values.clone()),
            "Hi Ada & <co>, 7."
        );
        assert_eq!(
            text("[{{nothing}}] {{list}} {{a.b.0}}", values),
            "[] [1,2] x"
        );
    }

    #[test]
    fn a_condition_is_false_where_nothing_is_said_or_it_is_said_to_be_false() {
        let template = "{{#if X}}yes{{else}}no{{/if}}";
        for (values, expected) in [
            (json!({}), "no"),
            (json!({ "X": "" }), "no"),
            (json!({ "X": "false" }), "no"),
            (json!({ "X": "0" }), "no"),
            (json!({ "X": 0 }), "no"),
            (json!({ "X": [] }), "no"),
            (json!({ "X": "no" }), "yes"),
            (json!({ "X": true }), "yes"),
        ] {
            assert_eq!(text(template, values.clone()), expected, "{values}");
        }
        assert_eq!(text("{{#unless X}}no{{/unless}}", json!({})), "no");
    }

    #[test]
    fn blocks_lie_in_each_other_and_a_tag_alone_in_its_line_leaves_none() {
        let template =
            "{{#if a}}\nA\n{{#if b}}\nB\n{{else}}\nnot B\n{{/if}}\n{{else if c}}\nC\n{{/if}}\nend";
        assert_eq!(text(template, json!({ "a": 1, "b": 1 })), "A\nB\nend");
        assert_eq!(text(template, json!({ "a": 1 })), "A\nnot B\nend");
        assert_eq!(text(template, json!({ "c": 1 })), "C\nend");
        assert_eq!(text(template, json!({})), "end");
    }

    #[test]
    fn a_default_stands_in_for_what_is_missing_or_empty() {
        let template = r#"{{default who "nobody"}}"#;
        assert_eq!(text(template, json!({})), "nobody");
        assert_eq!(text(template, json!({ "who": "" })), "nobody");
        assert_eq!(text(template, json!({ "who": "ada" })), "ada");
    }

    #[test]
    fn what_is_missing_stays_visible_and_is_named_once() {
        let rendered = rendered("{{who}} and {{who}} {{#if who}}x{{/if}}", json!({}));
        assert_eq!(rendered.text, "{{who}} and {{who}} ");
        assert_eq!(rendered.missing, ["who"]);
    }

    #[test]
    fn two_braces_can_be_meant() {
        assert_eq!(
            text(r"style=\{{ color: red }}", json!({})),
            "style={{ color: red }}"
        );
    }

    #[test]
    fn a_value_that_looks_like_a_template_is_none() {
        assert_eq!(
            text("{{a}}", json!({ "a": "{{b}}", "b": "secret" })),
            "{{b}}"
        );
    }

    #[test]
    fn what_is_no_template_says_where_and_what_to_write() {
        for (template, words) in [
            ("a\n{{#if x}}\nb", "line"),
            ("{{ color: red }}", "`color:` cannot be used"),
            ("{{#each x}}{{/each}}", "`#each` cannot be used"),
            ("{{> other}}", "cannot be used"),
            ("{{lookup a b}}", "`lookup` cannot be used"),
            ("{{../x}}", "cannot be used"),
            ("{{#if (eq a b)}}{{/if}}", "with more than a name"),
        ] {
            let error = Template::parse(template).unwrap_err().to_string();
            assert!(error.contains(words), "{template}: {error}");
        }
        let deep = "{{#if a}}".repeat(DEPTH_MAX + 1) + &"{{/if}}".repeat(DEPTH_MAX + 1);
        assert_eq!(Template::parse(&deep), Err(BadTemplate::TooDeep));
    }

    #[test]
    fn what_nobody_will_give_is_refused_with_what_there_is() {
        let template = Template::parse("{{TASK_ID}} {{#if TSK}}{{payload.ref}}{{/if}}").unwrap();
        assert_eq!(template.check(&["TASK_ID", "TSK", "payload"]), Ok(()));
        let error = template.check(&["TASK_ID"]).unwrap_err().to_string();
        assert_eq!(error, "unknown: TSK, payload.ref; known are TASK_ID");
    }
}
