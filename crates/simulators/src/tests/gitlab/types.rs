//! What a widely used client of GitLab, `@gitbeaker/core`, expects of GitLab's answers, and whether an
//! answer is so. GitLab publishes a description of its API in its repository only.
//!
//! The declarations are written by hand there and do not say what may be null, which in GitLab is much:
//! null fits everything here. What they are good for is which fields there are and of which kind.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

/// The declarations, which are read once: of interfaces their heads and bodies, of other types what they
/// stand for.
static TYPES: LazyLock<BTreeMap<String, Type>> = LazyLock::new(|| {
    let text = crate::tests::description("gitlab-types", "index.d.ts");
    read(&text)
});

/// A declaration.
struct Type {
    /// What it extends.
    parents: Vec<String>,
    /// What is between its braces, or the type it stands for.
    body: String,
    is_interface: bool,
}

fn read(text: &str) -> BTreeMap<String, Type> {
    let mut types = BTreeMap::new();
    for keyword in ["interface", "type"] {
        let mut rest = text;
        let start = format!("\n{keyword} ");
        while let Some(at) = rest.find(&start) {
            rest = &rest[at + start.len()..];
            let is_interface = keyword == "interface";
            let end = if is_interface { '{' } else { '=' };
            let (head, body) = rest.split_once(end).unwrap();
            let (name, parents) = head.split_once(" extends ").unwrap_or((head, ""));
            let body = if is_interface {
                body[..closing(body)].to_owned()
            } else {
                body.split(";\n")
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            };
            let declared = Type {
                parents: split(parents, ','),
                body,
                is_interface,
            };
            types.insert(name.trim().to_owned(), declared);
        }
    }
    types
}

/// Where the brace closes that was opened just before.
fn closing(text: &str) -> usize {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The parts between a sign, where it stands inside no bracket and no quotes.
fn split(text: &str, sign: char) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut quoted) = (Vec::new(), String::new(), 0, false);
    for c in text.chars() {
        match c {
            '\'' => quoted = !quoted,
            '{' | '<' | '(' | '[' if !quoted => depth += 1,
            '}' | '>' | ')' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        if c == sign && depth == 0 && !quoted {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    let parts = parts.iter().map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

/// The fields of a body, each with its type.
fn members(body: &str) -> Vec<String> {
    split(body, ';')
}

/// The arguments of a generic type, such as `Pick<A, 'b'>`.
fn arguments<'a>(text: &'a str, name: &str) -> Option<Vec<String>> {
    let inner: &'a str = text.strip_prefix(name)?.strip_prefix('<')?;
    Some(split(inner.strip_suffix('>')?, ','))
}

fn quoted(text: &str) -> Vec<String> {
    let names = split(text, '|');
    names
        .iter()
        .map(|name| name.trim_matches('\'').to_owned())
        .collect()
}

/// The fields of a type: whether each may be missing, and its type.
fn fields(text: &str) -> BTreeMap<String, (bool, String)> {
    let text = text.trim();
    if let Some(of) = arguments(text, "MappedOmit") {
        let (mut all, without) = (fields(&of[0]), quoted(&of[1]));
        all.retain(|name, _| !without.contains(name));
        return all;
    }
    if let Some(of) = arguments(text, "Pick") {
        let (mut all, only) = (fields(&of[0]), quoted(&of[1]));
        all.retain(|name, _| only.contains(name));
        return all;
    }
    if text.starts_with("Record<") {
        return BTreeMap::new();
    }
    let (mut all, body) = (BTreeMap::new(), inline(text).map(str::to_owned));
    let body = body.unwrap_or_else(|| {
        let declared = TYPES
            .get(text)
            .unwrap_or_else(|| panic!("no type {text} is declared"));
        for parent in &declared.parents {
            all.extend(fields(parent));
        }
        declared.body.clone()
    });
    for member in members(&body) {
        let (name, kind) = member.split_once(':').unwrap();
        let may_lack = name.ends_with('?');
        let name = name.trim_end_matches('?').trim_matches('\'').to_owned();
        all.insert(name, (may_lack, kind.trim().to_owned()));
    }
    all
}

/// What is between the braces of a type without a name.
fn inline(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}')
}

/// What is wrong with an answer that is to be of a type; nothing if it is as declared.
pub(super) fn faults(kind: &str, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(kind, value, "", &mut faults);
    faults
}

fn check(kind: &str, value: &Value, at: &str, faults: &mut Vec<String>) {
    let kind = kind.trim();
    if value.is_null() {
        return;
    }
    let choices = split(kind, '|');
    if 1 < choices.len() {
        let fits = |choice: &String| {
            let mut wrong = Vec::new();
            check(choice, value, at, &mut wrong);
            wrong.is_empty()
        };
        if !choices.iter().any(fits) {
            faults.push(format!("{at}: {value} is none of {kind}"));
        }
        return;
    }
    if let Some(item) = kind.strip_suffix("[]") {
        let item = item.trim_start_matches('(').trim_end_matches(')');
        match value.as_array() {
            Some(list) => {
                for (number, it) in list.iter().enumerate() {
                    check(item, it, &format!("{at}[{number}]"), faults);
                }
            }
            None => faults.push(format!("{at}: {value} is no list")),
        }
        return;
    }
    let fits = match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "unknown" | "any" => true,
        "null" | "undefined" => false,
        literal if literal.starts_with('\'') => value.as_str() == Some(literal.trim_matches('\'')),
        _ => return check_object(kind, value, at, faults),
    };
    if !fits {
        faults.push(format!("{at}: {value} is no {kind}"));
    }
}

fn check_object(kind: &str, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(declared) = TYPES.get(kind)
        && !declared.is_interface
    {
        return check(&declared.body, value, at, faults);
    }
    let Some(object) = value.as_object() else {
        faults.push(format!("{at}: {value} is no {kind}"));
        return;
    };
    for (name, (may_lack, kind)) in fields(kind) {
        match object.get(&name) {
            Some(field) => check(&kind, field, &format!("{at}.{name}"), faults),
            None if may_lack => {}
            None => faults.push(format!("{at}: {name} is missing")),
        }
    }
}

#[test]
fn a_wrong_answer_is_noticed() {
    let user = serde_json::json!({ "id": 1, "name": "Ada", "username": "ada", "state": "active",
        "avatar_url": "a", "web_url": "w", "created_at": "c" });
    let right = serde_json::json!({ "user": user, "state": "approved", "created_at": "c" });
    let kind = "MergeRequestReviewerSchema";
    assert_eq!(faults(kind, &right), Vec::<String>::new());
    for (pointer, value) in [
        ("/state", serde_json::json!("happy")),
        ("/user", serde_json::json!({})),
        ("/user/id", serde_json::json!("1")),
        ("/created_at", serde_json::json!(7)),
    ] {
        let mut wrong = right.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(!faults(kind, &wrong).is_empty(), "{pointer}");
    }
}
