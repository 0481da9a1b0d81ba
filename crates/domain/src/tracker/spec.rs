//! What a person decides about a tracker: read from the API and from its row, and written to both.

use serde_json::{Map, Value, json};

use super::place::{BaseUrl, Place, Source};
use crate::{
    agent::spec::Invalid,
    git_host::RepoName,
    repo::RepoUrl,
    secret::{SecretText, VALUE_BYTES_MAX},
};

/// Trackers of one workspace.
pub const TRACKERS_MAX: i64 = 100;
/// The label of tickets that become work, where nobody says another.
pub const LABEL_DEFAULT: &str = "optio";
/// Pages of tickets read at one look.
pub const PAGES: std::ops::RangeInclusive<i32> = 1..=100;
/// The same, where nobody says how many.
pub const PAGES_DEFAULT: i32 = 10;
/// What is shown in the place of a token. Whoever hands it back keeps the token there is.
pub const MASK: &str = "********";

/// Characters of a label, a name or an id.
const WORD_CHARS_MAX: usize = 200;
/// What a page of Notion that is done says, and in which property, where nobody says another.
const NOTION_DONE: &str = "Done";
const NOTION_STATUS: &str = "Status";

/// Everything a person decides about a tracker, but its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerSpec {
    /// Where its tickets are.
    pub place: Place,
    /// The label of tickets that become work.
    pub label: String,
    /// Pages read at one look.
    pub pages_max: i32,
    /// The repository of tickets that name none themselves.
    pub repo_url: Option<RepoUrl>,
}

impl TrackerSpec {
    /// Reads a configuration as the API and the row have it. Members that it does not know are left out.
    /// The token is handed out beside it, where there is one that is not the [`MASK`].
    ///
    /// # Errors
    /// Every rule that is broken. No text holds a token.
    pub fn read(
        source: Source,
        config: &Map<String, Value>,
    ) -> Result<(Self, Option<SecretText>), Vec<Invalid>> {
        let mut read = Reader {
            config,
            broken: Vec::new(),
        };
        let place = read.place(source);
        let label = read
            .word("label")
            .unwrap_or_else(|| LABEL_DEFAULT.to_owned());
        let pages_max = read.pages();
        let repo_url = if source.is_git_host() {
            None
        } else {
            read.repo_url()
        };
        let token = read.token(source.token_field());
        match place {
            Some(place) if read.broken.is_empty() => {
                let spec = Self {
                    place,
                    label,
                    pages_max,
                    repo_url,
                };
                Ok((spec, token))
            }
            Some(_) | None => Err(read.broken),
        }
    }

    /// What kind of tracker it is.
    #[must_use]
    pub fn source(&self) -> Source {
        self.place.source()
    }

    /// The configuration as the API and the row have it, without the token.
    #[must_use]
    pub fn config(&self) -> Map<String, Value> {
        let mut config = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                config.insert(name.to_owned(), value);
            }
        };
        match &self.place {
            Place::GitHub { repo } => {
                put("owner", json!(repo.owner()));
                put("repo", json!(repo.name()));
            }
            Place::GitLab { host, project } => {
                put("host", json!(host.as_str()));
                put("projectPath", json!(project.to_string()));
            }
            Place::Jira {
                base_url,
                email,
                project_key,
                done_status,
                todo_status,
            } => {
                put("baseUrl", json!(base_url.as_str()));
                put("email", json!(email));
                put("projectKey", json!(project_key));
                put("doneStatusName", json!(done_status));
                put("todoStatusName", json!(todo_status));
            }
            Place::Linear { team, project } => {
                put("teamId", json!(team));
                put("projectId", json!(project));
            }
            Place::Notion {
                database,
                status_property,
                done_value,
                title_property,
            } => {
                put("databaseId", json!(database));
                put("statusProperty", json!(status_property));
                put("doneValue", json!(done_value));
                put("titleProperty", json!(title_property));
            }
        }
        put("label", json!(self.label));
        put("maxPages", json!(self.pages_max));
        put(
            "repoUrl",
            json!(self.repo_url.as_ref().map(RepoUrl::as_str)),
        );
        config
    }
}

/// Reads members and remembers what was wrong with them.
struct Reader<'a> {
    config: &'a Map<String, Value>,
    broken: Vec<Invalid>,
}

/// A member's name as errors have it.
fn named(name: &str) -> &'static str {
    const NAMES: [(&str, &str); 20] = [
        ("apiKey", "config.apiKey"),
        ("apiToken", "config.apiToken"),
        ("baseUrl", "config.baseUrl"),
        ("databaseId", "config.databaseId"),
        ("doneStatusName", "config.doneStatusName"),
        ("doneValue", "config.doneValue"),
        ("email", "config.email"),
        ("host", "config.host"),
        ("label", "config.label"),
        ("maxPages", "config.maxPages"),
        ("owner", "config.owner"),
        ("projectId", "config.projectId"),
        ("projectKey", "config.projectKey"),
        ("projectPath", "config.projectPath"),
        ("repo", "config.repo"),
        ("repoUrl", "config.repoUrl"),
        ("statusProperty", "config.statusProperty"),
        ("teamId", "config.teamId"),
        ("titleProperty", "config.titleProperty"),
        ("todoStatusName", "config.todoStatusName"),
    ];
    let found = NAMES.iter().find(|(it, _)| *it == name);
    found.map_or("config", |(_, field)| field)
}

impl Reader<'_> {
    fn wrong(&mut self, name: &str, rule: impl Into<String>) {
        self.broken.push(Invalid::new(named(name), rule));
    }

    /// A text that says something; nothing where it is absent, null or blank.
    fn text(&mut self, name: &str) -> Option<&str> {
        match self.config.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.wrong(name, "must be a text");
                None
            }
        }
    }

    /// A short text without what could be taken for something else in a query.
    fn word(&mut self, name: &str) -> Option<String> {
        let word = self.text(name)?.to_owned();
        if WORD_CHARS_MAX < word.chars().count() || word.chars().any(char::is_control) {
            let rule = format!("must be one line of at most {WORD_CHARS_MAX} characters");
            self.wrong(name, rule);
        }
        Some(word)
    }

    fn needed(&mut self, name: &str, what: &str) -> Option<String> {
        let had = self.broken.len();
        let word = self.word(name);
        if word.is_none() && self.broken.len() == had {
            self.wrong(name, format!("is missing: give {what}"));
        }
        word
    }

    fn place(&mut self, source: Source) -> Option<Place> {
        match source {
            Source::GitHub => {
                let owner = self.needed("owner", "the owner of the repository");
                let name = self.needed("repo", "the repository whose issues are looked at");
                let repo = RepoName::new(&owner?, &name?);
                let repo = repo
                    .map_err(|bad| self.wrong("repo", format!("{bad}")))
                    .ok()?;
                Some(Place::GitHub { repo })
            }
            Source::GitLab => self.gitlab(),
            Source::Jira => self.jira(),
            Source::Linear => {
                let (team, project) = (self.word("teamId"), self.word("projectId"));
                Some(Place::Linear { team, project })
            }
            Source::Notion => {
                let database = self.needed("databaseId", "the id in the database's address");
                let (status, done) = (self.word("statusProperty"), self.word("doneValue"));
                let title_property = self.word("titleProperty");
                Some(Place::Notion {
                    database: self.id(&database?)?,
                    status_property: status.unwrap_or_else(|| NOTION_STATUS.to_owned()),
                    done_value: done.unwrap_or_else(|| NOTION_DONE.to_owned()),
                    title_property,
                })
            }
        }
    }

    fn gitlab(&mut self) -> Option<Place> {
        let host = self.needed("host", "the host, as in gitlab.com");
        let path = self.needed(
            "projectPath",
            "the project with its groups, as in group/name",
        );
        let host = host?;
        let host = if host.contains("://") {
            host
        } else {
            format!("https://{host}")
        };
        let host = self.base_url("host", &host);
        let project: Option<RepoName> = match path?.parse() {
            Ok(project) => Some(project),
            Err(bad) => {
                self.wrong("projectPath", format!("{bad}"));
                None
            }
        };
        Some(Place::GitLab {
            host: host?,
            project: project?,
        })
    }

    fn jira(&mut self) -> Option<Place> {
        let base = self.needed("baseUrl", "the site, as in https://acme.atlassian.net");
        let base_url = base.and_then(|base| self.base_url("baseUrl", &base));
        let email = self.needed("email", "the address of whoever made the token");
        if email
            .as_ref()
            .is_some_and(|it| !it.contains('@') || it.contains([':', ' ']))
        {
            self.wrong("email", "must be an address of mail");
        }
        let project_key = self.word("projectKey");
        let is_key = |key: &String| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(plain)
        };
        if project_key.as_ref().is_some_and(|key| !is_key(key)) {
            self.wrong("projectKey", "must be the key of a project, as in SHOP");
        }
        let (done_status, todo_status) = (self.word("doneStatusName"), self.word("todoStatusName"));
        Some(Place::Jira {
            base_url: base_url?,
            email: email?,
            project_key,
            done_status,
            todo_status,
        })
    }

    fn base_url(&mut self, name: &str, text: &str) -> Option<BaseUrl> {
        match BaseUrl::parse(named(name), text) {
            Ok(url) => Some(url),
            Err(invalid) => {
                self.broken.push(invalid);
                None
            }
        }
    }

    /// The 32 hexadecimal digits of an id of Notion, with or without dashes.
    fn id(&mut self, text: &str) -> Option<String> {
        let digits = text.chars().filter(|c| *c != '-');
        if digits.clone().count() == 32 && digits.clone().all(|c| c.is_ascii_hexdigit()) {
            return Some(text.to_ascii_lowercase());
        }
        self.wrong(
            "databaseId",
            "must be the 32 hexadecimal digits in the database's address",
        );
        None
    }

    fn pages(&mut self) -> i32 {
        let Some(value) = self.config.get("maxPages").filter(|it| !it.is_null()) else {
            return PAGES_DEFAULT;
        };
        let pages = value.as_i64().and_then(|pages| i32::try_from(pages).ok());
        pages
            .filter(|pages| PAGES.contains(pages))
            .unwrap_or_else(|| {
                let rule = format!(
                    "must be a whole number from {} to {}",
                    PAGES.start(),
                    PAGES.end()
                );
                self.wrong("maxPages", rule);
                PAGES_DEFAULT
            })
    }

    fn repo_url(&mut self) -> Option<RepoUrl> {
        match RepoUrl::parse(self.text("repoUrl")?) {
            Ok(url) => Some(url),
            Err(invalid) => {
                self.wrong("repoUrl", invalid.rule);
                None
            }
        }
    }

    fn token(&mut self, name: &str) -> Option<SecretText> {
        let token = self.text(name).filter(|token| *token != MASK)?.to_owned();
        // It becomes a part of a header.
        if !token.chars().all(|c| c.is_ascii_graphic()) || VALUE_BYTES_MAX < token.len() {
            self.wrong(name, "holds characters that no token has");
            return None;
        }
        Some(SecretText::new(token))
    }
}
