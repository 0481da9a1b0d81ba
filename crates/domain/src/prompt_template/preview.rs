//! What a text would look like, and what is wrong with it.

use serde_json::{Map, Value};

use super::{TemplateKind, with_defaults};
use crate::template::{Asked, BadTemplate, Template};

/// A text as an agent would be given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The text.
    pub rendered: String,
    /// What is wrong with it, each in a sentence that names the place.
    pub warnings: Vec<String>,
}

/// Renders a text with parameters. What a task or a review is given stands there as an example, unless the
/// parameters say otherwise; a parameter that is not given has the default of its schema.
///
/// # Errors
/// [`BadTemplate`] where the text is no template.
pub fn preview(
    kind: TemplateKind,
    text: &str,
    params_schema: Option<&Map<String, Value>>,
    params: &Map<String, Value>,
) -> Result<Preview, BadTemplate> {
    let template = Template::parse(text)?;
    let examples = kind.given().unwrap_or_default().iter();
    let mut values: Map<String, Value> = examples
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    values.extend(with_defaults(params_schema, params));
    let mut warnings = Vec::new();
    if let Some(known) = kind.names(params_schema) {
        let refused = template.check(&known).err();
        warnings.extend(refused.map(|error| format!("it cannot be saved: {error}")));
    }
    let rendered = template.render(&values);
    let nothing = |asked: &Asked| {
        let Asked { name, place } = asked;
        format!("{place}: there is no value for {name}, which stays as it was written")
    };
    warnings.extend(rendered.missing.iter().map(nothing));
    Ok(Preview {
        rendered: rendered.text,
        warnings,
    })
}
