//! What a git host sends, and what people write where it is.

use optio_domain::git_host::{
    RepoName, RepoUrl, is_signed, is_token, read_event, read_gitlab_event,
};

/// Characters of an error, whatever it is about.
const ERROR_CHARS_MAX: usize = 100;

/// A line with the name of an event, or with a signature, or with an address; and a body behind it.
pub(super) fn webhook(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (line, body) = text.split_once('\n').unwrap_or((&text, ""));
    let events = [
        read_event(line, body.as_bytes()),
        read_gitlab_event(body.as_bytes()),
    ];
    for event in events {
        match event {
            Ok(None) => {}
            Ok(Some(event)) => harmless(&event.repo),
            Err(error) => assert!(
                error.to_string().chars().count() <= ERROR_CHARS_MAX,
                "{error}"
            ),
        }
    }
    assert!(!is_token(b"nobody knows it", line.as_bytes()), "{line}");
    assert!(
        !is_signed(b"nobody knows it", body.as_bytes(), line),
        "{line}"
    );
    if let Ok(url) = line.parse::<RepoUrl>() {
        harmless(&url.repo);
        let again = format!("https://{}/{}.git", url.host, url.repo).parse();
        assert_eq!(again, Ok(url), "an address reads back");
    }
}

/// A name can be a part of a path, of an address and of a command.
fn harmless(repo: &RepoName) {
    let name = repo.to_string();
    assert_eq!(name.parse().as_ref(), Ok(repo), "a name reads back");
    for part in name.split('/') {
        assert!(!part.is_empty() && part != "." && part != "..", "{name}");
        assert!(!part.starts_with('-'), "{name}");
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        assert!(part.chars().all(plain), "{name}");
    }
}
