//! From what Handlebars' parser has read to what a prompt may hold.

use handlebars::template::{HelperTemplate, Parameter, Template as Parsed, TemplateElement};

use super::{Asked, BadTemplate, DEPTH_MAX, Part, Place, plain};

pub(super) fn parts(text: &str) -> Result<Vec<Part>, BadTemplate> {
    if DEPTH_MAX < depth(text) {
        return Err(BadTemplate::TooDeep);
    }
    let start = Place { line: 1, column: 1 };
    let parsed = Parsed::compile(text).map_err(|error| {
        let place = error
            .pos()
            .map_or(start, |(line, column)| Place { line, column });
        unread(text, place)
    })?;
    parts_of(&parsed, start)
}

/// What is wrong with a text that the parser does not understand: it lists all that it would have understood.
fn unread(text: &str, place: Place) -> BadTemplate {
    let (place, words) = unclosed(text).map_or_else(
        || {
            (
                place,
                "what stands here between braces cannot be read".to_owned(),
            )
        },
        |(at, words)| (place_of(text, at), words),
    );
    BadTemplate::Syntax { place, words }
}

/// The first tag or block that is not closed as it should be, by its place in bytes.
fn unclosed(text: &str) -> Option<(usize, String)> {
    let mut blocks: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while let Some((start, end)) = tag_after(text, at) {
        let Some(end) = end else {
            return Some((
                start,
                "these braces are not closed: `}}` is missing".to_owned(),
            ));
        };
        let tag = text.get(start..end).unwrap_or_default();
        let inner = tag.trim_matches(|c: char| "{}~".contains(c) || c.is_whitespace());
        if let Some(block) = inner.strip_prefix('#') {
            blocks.push((start, block.split_whitespace().next().unwrap_or_default()));
        } else if let Some(closed) = inner.strip_prefix('/') {
            match blocks.pop() {
                Some((_, block)) if block == closed.trim() => {}
                Some((_, block)) => {
                    return Some((start, format!("`{{{{/{block}}}}}` is expected here")));
                }
                None => return Some((start, "there is no block to be closed".to_owned())),
            }
        }
        at = end;
    }
    let (start, block) = blocks.pop()?;
    Some((
        start,
        format!("this block is not closed: `{{{{/{block}}}}}` is missing"),
    ))
}

/// Where the next tag starts and, where it does, ends.
fn tag_after(text: &str, at: usize) -> Option<(usize, Option<usize>)> {
    let mut from = at;
    loop {
        let start = from + text.get(from..)?.find("{{")?;
        if !text.get(..start)?.ends_with('\\') {
            let length = text.get(start..)?.find("}}").map(|length| length + 2);
            return Some((start, length.map(|length| start + length)));
        }
        from = start + 2;
    }
}

fn place_of(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    Place {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
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

/// The parser does not say where an `{{else if}}` stands; it is said to stand where its block does.
fn parts_of(parsed: &Parsed, block: Place) -> Result<Vec<Part>, BadTemplate> {
    let mut found = Vec::new();
    for (number, element) in parsed.elements.iter().enumerate() {
        let place = parsed.mapping.get(number).map_or(block, |at| Place {
            line: at.0,
            column: at.1,
        });
        found.extend(part(element, place)?);
    }
    Ok(found)
}

fn part(element: &TemplateElement, place: Place) -> Result<Option<Part>, BadTemplate> {
    Ok(Some(match element {
        TemplateElement::RawString(text) => Part::Text(text.clone()),
        TemplateElement::Comment(_) => return Ok(None),
        TemplateElement::Expression(expression) | TemplateElement::HtmlExpression(expression) => {
            value(expression, place)?
        }
        TemplateElement::HelperBlock(block) => condition(block, place)?,
        TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
            return Err(not_here(place, "{{*…}}"));
        }
        TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_) | _ => {
            return Err(not_here(place, "{{>…}}"));
        }
    }))
}

fn value(expression: &HelperTemplate, place: Place) -> Result<Part, BadTemplate> {
    let word = said(&expression.name);
    let params: Vec<&Parameter> = expression.params.iter().collect();
    match params.as_slice() {
        [] if expression.hash.is_empty() && is_name(&word) => Ok(Part::Value {
            asked: Asked { name: word, place },
            default: None,
        }),
        [name, Parameter::Literal(default)] if word == "default" && is_name(&said(name)) => {
            let name = said(name);
            Ok(Part::Value {
                asked: Asked { name, place },
                default: Some(plain(default)),
            })
        }
        _ => Err(not_here(place, &word)),
    }
}

fn condition(block: &HelperTemplate, place: Place) -> Result<Part, BadTemplate> {
    let word = said(&block.name);
    let wanted = match word.as_str() {
        "if" => true,
        "unless" => false,
        _ => return Err(not_here(place, &format!("#{word}"))),
    };
    let name = match block.params.as_slice() {
        [name] => Some(said(name)).filter(|name| is_name(name)),
        _ => None,
    };
    let name = name.ok_or_else(|| not_here(place, &format!("#{word} with more than a name")))?;
    let within = |parsed: &Option<Parsed>| {
        let parsed = parsed.as_ref();
        parsed.map_or(Ok(Vec::new()), |parsed| parts_of(parsed, place))
    };
    Ok(Part::If {
        asked: Asked { name, place },
        wanted,
        then: within(&block.template)?,
        otherwise: within(&block.inverse)?,
    })
}

fn not_here(place: Place, what: &str) -> BadTemplate {
    BadTemplate::NotHere {
        place,
        what: what.to_owned(),
    }
}

/// A name as it was written; a text, a number or an expression is none.
fn said(parameter: &Parameter) -> String {
    parameter.as_name().unwrap_or_default().to_owned()
}

/// Letters, digits, underscores and hyphens, with dots between parts.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.split('.')
        .all(|part| !part.is_empty() && part.chars().all(fits))
}
