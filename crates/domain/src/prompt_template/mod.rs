//! The words that people keep for agents: a library of templates, each for one kind of prompt, and which of
//! them a prompt begins with.
//!
//! For a task and for a review these are the repository's own words, else those of the workspace, else ours.

use serde_json::{Map, Value};

use crate::{
    agent::spec::{Invalid, RUNTIMES},
    template::{Asked, BadTemplate, Template},
};

mod names;
mod preview;

pub use preview::{Preview, preview};

/// Bytes of a text that is kept.
pub const TEXT_BYTES_MAX: usize = 64 << 10;
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 255;
/// Characters of a description.
pub const DESCRIPTION_CHARS_MAX: usize = 4_096;
/// Bytes of a schema of parameters, as JSON.
pub const SCHEMA_BYTES_MAX: usize = 64 << 10;
/// Names that a warning repeats.
const WARNED_OF_MAX: usize = 5;

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TemplateKind {
    /// The words of tasks.
    Prompt,
    /// The words of reviews, of our own pull requests and of those of others.
    Review,
    /// What a job is told, with parameters.
    Job,
    /// What a task that a blueprint makes is told, with parameters.
    Task,
}

impl TemplateKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Prompt, Self::Review, Self::Job, Self::Task];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Review => "review",
            Self::Job => "job",
            Self::Task => "task",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Our own words, where somebody has to have the last ones.
    #[must_use]
    pub fn built_in(self) -> Option<&'static str> {
        match self {
            Self::Prompt => Some(include_str!("coding.md")),
            Self::Review => Some(include_str!("reviewing.md")),
            Self::Job | Self::Task => None,
        }
    }

    /// What every prompt of this kind is given, with an example of each value; `None` where it is given
    /// whatever its parameters are.
    fn given(self) -> Option<&'static [(&'static str, &'static str)]> {
        match self {
            Self::Prompt => Some(&names::OF_TASKS),
            Self::Review => Some(&names::OF_REVIEWS),
            Self::Job | Self::Task => None,
        }
    }

    /// What a text of this kind may ask for; `None` is anything.
    #[must_use]
    pub fn names(self, params_schema: Option<&Map<String, Value>>) -> Option<Vec<&str>> {
        match self.given() {
            Some(given) => Some(given.iter().map(|(name, _)| *name).collect()),
            None => params_schema.and_then(properties),
        }
    }

    /// Whether a text of this kind is a template that asks only for what there will be.
    ///
    /// # Errors
    /// [`BadTemplate`], which says where and what to write instead.
    pub fn check(
        self,
        text: &str,
        params_schema: Option<&Map<String, Value>>,
    ) -> Result<(), BadTemplate> {
        let template = Template::parse(text)?;
        self.names(params_schema)
            .map_or(Ok(()), |known| template.check(&known))
    }

    /// The rule that a text of this kind breaks, in words.
    pub(crate) fn broken(
        self,
        text: &str,
        params_schema: Option<&Map<String, Value>>,
    ) -> Option<String> {
        if text.trim().is_empty() || TEXT_BYTES_MAX < text.len() {
            return Some(format!("must be a text of at most {TEXT_BYTES_MAX} bytes"));
        }
        let checked = self.check(text, params_schema);
        checked.err().map(|error| error.to_string())
    }
}

/// The parameters that a schema names, unless it says that there may be others.
fn properties(schema: &Map<String, Value>) -> Option<Vec<&str>> {
    let open = matches!(
        schema.get("additionalProperties"),
        Some(Value::Bool(true) | Value::Object(_))
    );
    let named = schema.get("properties")?.as_object().filter(|_| !open)?;
    Some(named.keys().map(String::as_str).collect())
}

/// Parameters, with what their schema says of those that are not given.
#[must_use]
pub fn with_defaults(
    params_schema: Option<&Map<String, Value>>,
    params: &Map<String, Value>,
) -> Map<String, Value> {
    let named = params_schema.and_then(|schema| schema.get("properties")?.as_object());
    let defaults = named.into_iter().flatten().filter_map(|(name, about)| {
        let default = about.get("default")?;
        Some((name.clone(), default.clone()))
    });
    let given = params.iter();
    defaults
        .chain(given.map(|(name, value)| (name.clone(), value.clone())))
        .collect()
}

/// Whose words a prompt begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The repository's.
    Repository,
    /// The workspace's.
    Workspace,
    /// Ours.
    BuiltIn,
}

impl Origin {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Workspace => "workspace",
            Self::BuiltIn => "built-in",
        }
    }
}

/// The words that a prompt begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Whose they are.
    pub origin: Origin,
    /// The words: a template.
    pub template: String,
}

/// A prompt, and what was wrong with the words that it begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The prompt.
    pub text: String,
    /// What people who keep those words have to know.
    pub warning: Option<String>,
}

impl Prompt {
    /// What a history says of the run that is opened with it: which it is, and what its prompt lacks.
    #[must_use]
    pub fn opened(&self, number: i32) -> String {
        match &self.warning {
            None => format!("run {number}"),
            Some(warning) => format!("run {number}; {warning}"),
        }
    }
}

impl Words {
    /// Our own words of a kind.
    #[must_use]
    pub fn built_in(kind: TemplateKind) -> Self {
        Self {
            origin: Origin::BuiltIn,
            template: kind.built_in().unwrap_or_default().to_owned(),
        }
    }

    /// The words with these values. Words that are no template, which were stored before there were any, stand
    /// as they are.
    pub(crate) fn filled(&self, values: &Map<String, Value>) -> Prompt {
        let whose = match self.origin {
            Origin::Repository => "the repository's",
            Origin::Workspace => "the workspace's",
            Origin::BuiltIn => "the built-in",
        };
        match Template::parse(&self.template) {
            Ok(template) => {
                let rendered = template.render(values);
                let warning = warned_of(&rendered.missing).map(|names| {
                    format!("{whose} prompt template asks for what is not there: {names}")
                });
                Prompt {
                    text: rendered.text.trim().to_owned(),
                    warning,
                }
            }
            Err(error) => Prompt {
                text: self.template.trim().to_owned(),
                warning: Some(format!(
                    "{whose} prompt template is none, and is taken as it stands: {error}"
                )),
            },
        }
    }
}

/// Some of the names, where there are any.
fn warned_of(missing: &[Asked]) -> Option<String> {
    let first = missing.iter().take(WARNED_OF_MAX).map(ToString::to_string);
    let names = first.collect::<Vec<_>>().join(", ");
    let more = missing.len().saturating_sub(WARNED_OF_MAX);
    match (missing.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(names),
        (false, more) => Some(format!("{names} and {more} more")),
    }
}

/// Everything a person decides about a template of the library.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateSpec {
    /// Unique in its workspace among those of its kind.
    pub name: String,
    /// What it is for.
    pub kind: TemplateKind,
    /// The text.
    pub template: String,
    /// For people.
    pub description: Option<String>,
    /// A JSON Schema of the parameters; anything may be asked for where there is none.
    pub params_schema: Option<Map<String, Value>>,
    /// Which agent program is to be given it, where nobody says.
    pub default_agent_type: Option<String>,
    /// Whether it is what prompts of its kind begin with in this workspace, where the repository does not say.
    pub is_default: bool,
}

impl TemplateSpec {
    /// A template with nothing but a text.
    #[must_use]
    pub fn new(name: &str, kind: TemplateKind, template: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            template: template.to_owned(),
            description: None,
            params_schema: None,
            default_agent_type: None,
            is_default: false,
        }
    }

    /// Checks every rule and returns all that are broken.
    ///
    /// # Errors
    /// The broken rules, in the order of the fields.
    pub fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut broken = Vec::new();
        if !is_name(&self.name) {
            let rule = format!("must be one line of at most {NAME_CHARS_MAX} characters");
            broken.push(Invalid::new("name", rule));
        }
        let schema = self.params_schema.as_ref();
        if let Some(rule) = self.kind.broken(&self.template, schema) {
            broken.push(Invalid::new("template", rule));
        }
        let description = self.description.as_deref().unwrap_or_default();
        if DESCRIPTION_CHARS_MAX < description.chars().count() {
            let rule = format!("must have at most {DESCRIPTION_CHARS_MAX} characters");
            broken.push(Invalid::new("description", rule));
        }
        broken.extend(self.broken_by_kind());
        broken.extend(schema.and_then(broken_schema));
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken)
        }
    }

    /// What only some kinds have: a setting that nobody looks at is not kept.
    fn broken_by_kind(&self) -> Vec<Invalid> {
        let mut broken = Vec::new();
        let (kind, given) = (self.kind.name(), self.kind.given().is_some());
        if given && self.params_schema.is_some() {
            let rule =
                format!("is for templates of jobs and tasks; what a {kind} is given is fixed");
            broken.push(Invalid::new("paramsSchema", rule));
        }
        let program = self.default_agent_type.as_deref();
        if given && program.is_some() {
            let rule = "is for templates of jobs and tasks; a repository has its own setting";
            broken.push(Invalid::new("defaultAgentType", rule));
        } else if program.is_some_and(|program| !RUNTIMES.contains(&program)) {
            let rule = format!("must be one of: {}", RUNTIMES.join(", "));
            broken.push(Invalid::new("defaultAgentType", rule));
        }
        if self.is_default && !given {
            let rule = format!("is for templates of prompts and reviews; a {kind} names its own");
            broken.push(Invalid::new("isDefault", rule));
        }
        broken
    }
}

fn broken_schema(schema: &Map<String, Value>) -> Option<Invalid> {
    let broken = |rule: String| Some(Invalid::new("paramsSchema", rule));
    if serde_json::to_vec(schema).map_or(true, |json| SCHEMA_BYTES_MAX < json.len()) {
        return broken(format!("must have at most {SCHEMA_BYTES_MAX} bytes"));
    }
    if schema.get("type").is_some_and(|it| it != "object") {
        return broken("must be the schema of an object: its `type` is `object`".to_owned());
    }
    let properties = schema.get("properties");
    if properties.is_some_and(|it| !it.is_object()) {
        return broken("its `properties` must be an object".to_owned());
    }
    None
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= NAME_CHARS_MAX
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
