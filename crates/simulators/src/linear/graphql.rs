//! As much of GraphQL as its clients need: one operation with variables, fields with arguments, and what
//! of an object is asked for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A field that is asked for.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// Its arguments, with the values of the variables.
    pub(super) arguments: Value,
    /// What is asked for of it.
    pub(super) fields: Vec<Self>,
}

impl Field {
    /// An argument that is a text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.arguments[name].as_str().unwrap_or_default()
    }

    /// Refuses arguments that it does not have.
    pub(super) fn takes(&self, names: &[&str]) -> Result<(), String> {
        known(&self.arguments, names, &self.name)
    }
}

/// Refuses members that there are not.
pub(super) fn known(object: &Value, names: &[&str], of: &str) -> Result<(), String> {
    let given = object.as_object().into_iter().flatten();
    for (name, _) in given {
        if !names.contains(&name.as_str()) {
            return Err(format!("Field \"{name}\" is not defined by \"{of}\"."));
        }
    }
    Ok(())
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) mutates: bool,
    pub(super) fields: Vec<Field>,
}

impl Operation {
    pub(super) fn read(text: &str, variables: &Value) -> Result<Self, String> {
        let mut reader = Reader {
            words: words(text),
            at: 0,
            variables: BTreeMap::new(),
        };
        let mutates = match reader.next()?.as_str() {
            "query" => false,
            "mutation" => true,
            other => return Err(format!("Syntax Error: Unexpected \"{other}\".")),
        };
        if reader.peek() != "(" && reader.peek() != "{" {
            reader.next()?;
        }
        reader.declare(variables)?;
        let fields = reader.fields()?;
        Ok(Self { mutates, fields })
    }
}

/// The words of a query: names, signs, texts in quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() || c == ',' => {}
            '"' => {
                let inner: String = chars.by_ref().take_while(|c| *c != '"').collect();
                words.push(format!("\"{inner}"));
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') => {
                let mut word = c.to_string();
                while let Some(next) =
                    chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
                {
                    word.push(next);
                }
                words.push(word);
            }
            sign => words.push(sign.to_string()),
        }
    }
    words
}

struct Reader {
    words: Vec<String>,
    at: usize,
    variables: BTreeMap<String, Value>,
}

impl Reader {
    fn peek(&self) -> &str {
        self.words.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> Result<String, String> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word.ok_or_else(|| "Syntax Error: Unexpected <EOF>.".to_owned())
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        let word = self.next()?;
        if word == sign {
            return Ok(());
        }
        Err(format!(
            "Syntax Error: Expected \"{sign}\", found \"{word}\"."
        ))
    }

    /// `($id: String!, $first: Int)`
    fn declare(&mut self, given: &Value) -> Result<(), String> {
        if self.peek() != "(" {
            return Ok(());
        }
        self.expect("(")?;
        while self.peek() != ")" {
            self.expect("$")?;
            let name = self.next()?;
            self.expect(":")?;
            let kind = self.next()?;
            let needed = self.peek() == "!";
            if needed {
                self.next()?;
            }
            let value = given[&name].clone();
            if needed && value.is_null() {
                return Err(format!(
                    "Variable \"${name}\" of required type \"{kind}!\" was not provided."
                ));
            }
            self.variables.insert(name, value);
        }
        self.expect(")")
    }

    fn fields(&mut self) -> Result<Vec<Field>, String> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while self.peek() != "}" {
            let name = self.next()?;
            let arguments = self.arguments()?;
            let inner = if self.peek() == "{" {
                self.fields()?
            } else {
                Vec::new()
            };
            fields.push(Field {
                name,
                arguments,
                fields: inner,
            });
        }
        self.expect("}")?;
        Ok(fields)
    }

    fn arguments(&mut self) -> Result<Value, String> {
        let mut arguments = Map::new();
        if self.peek() == "(" {
            self.expect("(")?;
            while self.peek() != ")" {
                let name = self.next()?;
                self.expect(":")?;
                arguments.insert(name, self.value()?);
            }
            self.expect(")")?;
        }
        Ok(Value::Object(arguments))
    }

    fn value(&mut self) -> Result<Value, String> {
        let word = self.next()?;
        if word == "$" {
            let name = self.next()?;
            let value = self.variables.get(&name).cloned();
            return value.ok_or_else(|| format!("Variable \"${name}\" is not defined."));
        }
        if let Some(text) = word.strip_prefix('"') {
            return Ok(Value::from(text));
        }
        Ok(serde_json::from_str(&word).unwrap_or(Value::from(word)))
    }
}

/// What is asked for of an object or a list. Of an object one must say what, of anything else one cannot.
pub(super) fn pick(value: &Value, fields: &[Field], of: &str) -> Result<Value, String> {
    match value {
        Value::Array(list) => list.iter().map(|it| pick(it, fields, of)).collect(),
        Value::Object(object) => {
            if fields.is_empty() {
                return Err(format!(
                    "Field of type \"{of}\" must have a selection of subfields."
                ));
            }
            let mut picked = Map::new();
            for field in fields {
                let Some(value) = object.get(&field.name) else {
                    let name = &field.name;
                    return Err(format!("Cannot query field \"{name}\" on type \"{of}\"."));
                };
                let value = limited(value, field);
                picked.insert(
                    field.name.clone(),
                    pick(&value, &field.fields, &field.name)?,
                );
            }
            Ok(Value::Object(picked))
        }
        Value::Null => Ok(Value::Null),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => {
            if fields.is_empty() {
                return Ok(value.clone());
            }
            Err(format!("Field \"{of}\" must not have a selection."))
        }
    }
}

/// A connection inside an object gives as many as are asked for.
fn limited(value: &Value, field: &Field) -> Value {
    let mut value = value.clone();
    let first = field.arguments["first"].as_u64().unwrap_or(50);
    if let Some(nodes) = value.get_mut("nodes").and_then(Value::as_array_mut) {
        nodes.truncate(usize::try_from(first).unwrap_or(usize::MAX));
    }
    value
}
