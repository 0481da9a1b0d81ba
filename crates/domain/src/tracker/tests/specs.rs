//! Configurations: what is read is written back, and what cannot be is said by name.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{super::*, read};

fn good() -> Vec<(Source, Value, &'static str)> {
    vec![
        (
            Source::GitHub,
            json!({ "owner": "Ada", "repo": "engine", "label": "do it", "maxPages": 3 }),
            "github:ada/engine",
        ),
        (
            Source::GitLab,
            json!({ "host": "gitlab.example:8443", "projectPath": "group/sub/engine" }),
            "gitlab:gitlab.example:8443/group/sub/engine",
        ),
        (
            Source::Jira,
            json!({ "baseUrl": "https://acme.atlassian.net/", "email": "ada@acme.example",
                    "projectKey": "SHOP", "doneStatusName": "Shipped",
                    "repoUrl": "git@github.com:ada/engine.git" }),
            "jira:acme.atlassian.net/shop",
        ),
        (Source::Linear, json!({ "teamId": "t-1" }), "linear:t-1/*"),
        (
            Source::Notion,
            json!({ "databaseId": "0123456789abcdef0123456789ABCDEF" }),
            "notion:0123456789abcdef0123456789abcdef",
        ),
    ]
}

#[test]
fn a_configuration_says_the_same_when_it_is_read_again() {
    for (source, config, key) in good() {
        let (spec, token) = read(source, config).unwrap();
        assert_eq!((spec.source(), token), (source, None));
        assert_eq!(spec.place.key(), key);
        let again = read(source, Value::Object(spec.config())).unwrap().0;
        assert_eq!(again, spec, "{source:?}");
    }
    let (jira, _) = read(Source::Jira, good()[2].1.clone()).unwrap();
    let shown = Value::Object(jira.config());
    let wanted = json!({ "baseUrl": "https://acme.atlassian.net", "email": "ada@acme.example",
        "projectKey": "SHOP", "doneStatusName": "Shipped", "label": "optio", "maxPages": 10,
        "repoUrl": "https://github.com/ada/engine" });
    assert_eq!(shown, wanted);
}

#[test]
fn a_token_is_handed_out_beside_the_configuration_and_never_with_it() {
    for (source, mut config, _) in good() {
        config[source.token_field()] = json!("hunter2");
        config["surprise"] = json!("dropped");
        let (spec, token) = read(source, config.clone()).unwrap();
        assert_eq!(token.unwrap().reveal(), "hunter2");
        let kept = Value::Object(spec.config()).to_string();
        assert!(
            !kept.contains("hunter2") && !kept.contains("dropped"),
            "{kept}"
        );
        config[source.token_field()] = json!(MASK);
        assert_eq!(read(source, config).unwrap().1, None, "the mask is none");
    }
}

#[test]
fn what_cannot_be_is_said_with_its_member_and_the_rule() {
    let jira = |member: &str, value: Value| {
        let mut config = json!({ "baseUrl": "https://a.example", "email": "a@b.c" });
        config[member] = value;
        (Source::Jira, config)
    };
    for ((source, config), words) in [
        ((Source::GitHub, json!({})), "config.owner: is missing"),
        (
            (Source::GitHub, json!({ "owner": "a", "repo": "b/c" })),
            "config.repo: `a/b/c`",
        ),
        (
            (Source::GitLab, json!({ "host": "gitlab.com" })),
            "config.projectPath: is missing",
        ),
        (
            (
                Source::GitLab,
                json!({ "host": "a@b", "projectPath": "a/b" }),
            ),
            "config.host: must name",
        ),
        (
            (Source::Notion, json!({ "databaseId": "x" })),
            "config.databaseId: must be the 32",
        ),
        (
            (Source::Linear, json!({ "teamId": 7 })),
            "config.teamId: must be a text",
        ),
        (
            (Source::Linear, json!({ "label": "a\nb" })),
            "config.label: must be one line",
        ),
        (
            (Source::Linear, json!({ "maxPages": 0 })),
            "config.maxPages: must be a whole number",
        ),
        (
            (Source::Linear, json!({ "repoUrl": "nowhere" })),
            "config.repoUrl: must",
        ),
        (
            (Source::Linear, json!({ "apiKey": "a\nb" })),
            "config.apiKey: holds characters",
        ),
        (
            jira("email", json!("ada")),
            "config.email: must be an address",
        ),
        (
            jira("projectKey", json!("A B")),
            "config.projectKey: must be the key",
        ),
        (
            jira("baseUrl", json!("http://jira.example")),
            "config.baseUrl: must begin with https",
        ),
    ] {
        let broken = read(source, config.clone()).unwrap_err();
        let said: Vec<String> = broken.iter().map(ToString::to_string).collect();
        assert!(
            said.iter().any(|it| it.starts_with(words)),
            "{config}: {said:?}"
        );
    }
    let all = read(Source::Jira, json!({ "maxPages": "x" })).unwrap_err();
    assert_eq!(all.len(), 3, "everything is said at once: {all:?}");
}

#[test]
fn only_addresses_that_may_be_called_are_taken() {
    let parsed = |text: &str| BaseUrl::parse("x", text).map(|url| url.as_str().to_owned());
    for (text, is) in [
        ("https://a.example/", "https://a.example"),
        ("HTTPS://a.example:8443/jira", "https://a.example:8443/jira"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://[::1]:1", "http://[::1]:1"),
    ] {
        assert_eq!(parsed(text).as_deref(), Ok(is));
    }
    for text in [
        "",
        "a.example",
        "ftp://a.example",
        "http://a.example",
        "http://10.0.0.1",
        "http://127.0.0.1.a.example",
        "http://localhost@a.example",
        "https://ada:hunter2@a.example",
        "https://a.example?x=1",
        "https://a.example#x",
        "https://a.example\\@b.example",
        "https://a.example/../x",
        "https://a example",
        "https://a.example:port",
        "https://:8080",
        "https://",
    ] {
        let refused = parsed(text).unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{text}: {refused}");
    }
}

proptest! {
    #[test]
    fn whatever_is_taken_is_https_or_stays_on_this_machine(
        text in "(https?|file)://[a-z0-9@:.\\[\\]/#?-]{0,20}|.{0,20}"
    ) {
        if let Ok(url) = BaseUrl::parse("x", &text) {
            let local = ["http://localhost", "http://127.", "http://[::1]"];
            let is_local = local.iter().any(|it| url.as_str().to_lowercase().starts_with(it));
            prop_assert!(url.as_str().starts_with("https://") || is_local, "{}", url.as_str());
            prop_assert_eq!(BaseUrl::parse("x", url.as_str()), Ok(url));
        }
    }
}
