//! Which names may become directories, branches and arguments of git.
//!
//! Whoever sends a checkout may ask first; the runner asks in any case, because a name that goes up
//! a directory or looks like an option would be obeyed.

use std::path::{Component, Path};

use crate::wire::{
    checkout::{Checkout, CheckoutStart, WORKTREES},
    outputs::{DIRECTORIES, PATH_BYTES_MAX},
};

/// Bytes of the name of a directory.
const DIRECTORY_BYTES_MAX: usize = 100;
/// Bytes of the name of a branch.
const BRANCH_BYTES_MAX: usize = 200;
/// Bytes of an author's name or mail address.
const AUTHOR_BYTES_MAX: usize = 200;
/// Bytes of a repository's address.
const URL_BYTES_MAX: usize = 2_000;

/// A name that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {shown}: {rule}")]
pub struct NameError {
    what: &'static str,
    /// The name, or what may be shown of it.
    shown: String,
    rule: &'static str,
}

impl Checkout {
    /// Whether all its names can be used.
    ///
    /// # Errors
    /// The first that cannot, and why.
    pub fn check(&self) -> Result<(), NameError> {
        url(&self.url)?;
        directory("the clone", &self.clone)?;
        if self.clone == WORKTREES {
            return Err(wrong("the clone", &self.clone, "worktrees are there"));
        }
        if self.clone == DIRECTORIES {
            let rule = "the directories of runs are there";
            return Err(wrong("the clone", &self.clone, rule));
        }
        directory("the worktree", &self.worktree)?;
        branch("the base branch", &self.base)?;
        branch("the work branch", &self.branch)?;
        if let CheckoutStart::Detached { sha } = &self.start {
            commit(sha)?;
        }
        person("the author's name", &self.author.name)?;
        person("the author's mail address", &self.author.mail)?;
        self.files.iter().try_for_each(|file| below(&file.path))
    }
}

/// Whether this can be the name of a directory.
///
/// # Errors
/// Why it cannot.
pub fn directory(what: &'static str, name: &str) -> Result<(), NameError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || DIRECTORY_BYTES_MAX < name.len() {
        return Err(wrong(what, name, "1 to 100 characters are possible"));
    }
    if name.starts_with(['.', '-']) {
        return Err(wrong(what, name, "it must not begin with . or -"));
    }
    if !name.bytes().all(plain) {
        let rule = "only letters, digits, . _ and - are possible";
        return Err(wrong(what, name, rule));
    }
    Ok(())
}

/// Whether git takes this for the name of a branch.
///
/// # Errors
/// Why it does not.
pub fn branch(what: &'static str, name: &str) -> Result<(), NameError> {
    let no = |rule| Err(wrong(what, name, rule));
    if name.is_empty() || BRANCH_BYTES_MAX < name.len() {
        return no("1 to 200 bytes are possible");
    }
    if name.starts_with('-') {
        return no("it must not begin with -");
    }
    if name == "@" || name == "HEAD" {
        return no("git means something else by it");
    }
    if name.contains("..") || name.contains("@{") {
        return no("it must not contain .. or @{");
    }
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    if name.contains(forbidden) {
        return no("it must not contain spaces, control characters or any of ~ ^ : ? * [ \\");
    }
    let bad = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    if name.ends_with('.') || name.split('/').any(bad) {
        let rule = "none of its parts may be empty, begin with . or end with .lock, nor the whole \
                    with .";
        return no(rule);
    }
    Ok(())
}

/// Whether this is the whole name of a commit.
fn commit(sha: &str) -> Result<(), NameError> {
    let digits = sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits && (sha.len() == 40 || sha.len() == 64) {
        return Ok(());
    }
    let rule = "40 or 64 hexadecimal digits are wanted";
    Err(wrong("the commit", sha, rule))
}

fn person(what: &'static str, text: &str) -> Result<(), NameError> {
    let forbidden = |c: char| c.is_control() || "<>".contains(c);
    if text.trim().is_empty() || AUTHOR_BYTES_MAX < text.len() || text.contains(forbidden) {
        let rule = "1 to 200 bytes without control characters, < and > are possible";
        return Err(wrong(what, text, rule));
    }
    Ok(())
}

/// Whether a file of this path is below the worktree, and none of git's own.
fn below(path: &str) -> Result<(), NameError> {
    let named = |component: Component<'_>| match component {
        Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
            false
        }
    };
    let plain = !path.is_empty() && !path.ends_with('/') && !path.contains(char::is_control);
    if plain && Path::new(path).components().all(named) {
        return Ok(());
    }
    let rule = "a path below the worktree is wanted, without .., control characters and .git";
    Err(wrong("the file", path, rule))
}

/// Whether a file of a run can be kept under this path, which is below its outputs.
///
/// # Errors
/// Why it cannot.
pub fn kept(path: &str) -> Result<(), &'static str> {
    let named = |name: &str| !name.is_empty() && name != "." && name != "..";
    if PATH_BYTES_MAX < path.len() {
        return Err("its path is longer than 1000 bytes");
    }
    if path.contains(char::is_control) {
        return Err("its path has control characters");
    }
    if !path.split('/').all(named) {
        return Err("its path does not lie below the outputs");
    }
    Ok(())
}

/// Whether git can be asked to fetch from there. Other transports can be made to execute programs.
fn url(url: &str) -> Result<(), NameError> {
    // An address that is wrong may be wrong because a token is in it.
    let no = |rule| {
        Err(NameError {
            what: "the repository's address",
            shown: "(not shown)".to_owned(),
            rule,
        })
    };
    if URL_BYTES_MAX < url.len() || url.contains(|c: char| c.is_control() || c == ' ') {
        return no(
            "it must not contain spaces or control characters, nor be longer than 2000 bytes",
        );
    }
    if let Some(path) = url.strip_prefix("file://") {
        let absolute = path.starts_with('/');
        return if absolute {
            Ok(())
        } else {
            no("a file:// address needs an absolute path")
        };
    }
    let web = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let Some(rest) = web else {
        return no("it must begin with https://, http:// or file://");
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || host.starts_with('-') {
        return no("it names no host");
    }
    if host.contains('@') {
        return no("it must not carry credentials: they are asked for when they are needed");
    }
    Ok(())
}

pub(super) fn wrong(what: &'static str, name: &str, rule: &'static str) -> NameError {
    let shown: String = name.chars().take(DIRECTORY_BYTES_MAX).collect();
    NameError {
        what,
        shown: format!("{shown:?}"),
        rule,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{checkout::Author, runner::FileSpec};

    fn checkout() -> Checkout {
        Checkout {
            url: "https://github.com/acme/shop.git".to_owned(),
            clone: "acme-shop-1a2b".to_owned(),
            worktree: "0198b2f0-7f00-7000-8000-000000000001".to_owned(),
            base: "main".to_owned(),
            branch: "optio/task-0198b2f0".to_owned(),
            start: CheckoutStart::Continue,
            author: Author {
                name: "Optio".to_owned(),
                mail: "optio@acme.test".to_owned(),
            },
            files: vec![FileSpec {
                path: ".optio/task.md".to_owned(),
                content: String::new(),
                mode: 0o644,
            }],
            submodules: false,
            git_ms_max: 1,
            setup_ms_max: 1,
        }
    }

    #[test]
    fn an_ordinary_checkout_can_be_used() {
        assert_eq!(checkout().check(), Ok(()));
        for name in ["feature/a_b-c.d", "ünïcode", "a@b", "release/1.0", "x/@/y"] {
            assert_eq!(branch("b", name), Ok(()), "{name}");
        }
    }

    #[test]
    fn hostile_branches_are_refused() {
        for name in [
            "",
            "-f",
            "--upload-pack=touch x",
            "@",
            "HEAD",
            "a..b",
            "../../etc",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[b",
            "a\\b",
            "a\nb",
            "a\u{7f}",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "a@{1}",
        ] {
            let (mut base, mut work) = (checkout(), checkout());
            base.base = name.to_owned();
            work.branch = name.to_owned();
            assert!(base.check().is_err(), "{name:?}");
            assert!(work.check().is_err(), "{name:?}");
        }
    }

    #[test]
    fn hostile_directories_commits_and_files_are_refused() {
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "-x",
            ".git",
            "a b",
            "a\0",
            &"x".repeat(101),
        ] {
            let (mut clone, mut worktree) = (checkout(), checkout());
            clone.clone = name.to_owned();
            worktree.worktree = name.to_owned();
            assert!(clone.check().is_err(), "{name:?}");
            assert!(worktree.check().is_err(), "{name:?}");
        }
        for taken in [WORKTREES, DIRECTORIES] {
            let mut clone = checkout();
            clone.clone = taken.to_owned();
            assert!(clone.check().is_err());
        }
        for sha in ["HEAD", "", "--all", "abc123", &"g".repeat(40)] {
            let mut detached = checkout();
            detached.start = CheckoutStart::Detached {
                sha: sha.to_owned(),
            };
            assert!(detached.check().is_err(), "{sha:?}");
        }
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            ".git/hooks/x",
            "a/.GIT/x",
            "a/",
            ".",
        ] {
            let mut file = checkout();
            file.files[0].path = path.to_owned();
            assert!(file.check().is_err(), "{path:?}");
        }
    }

    #[test]
    fn addresses_that_carry_credentials_or_execute_something_are_refused_and_not_shown() {
        for url in [
            "https://user:hush@github.com/a/b.git",
            "https://hush@github.com/a/b.git",
            "ext::sh -c hush",
            "ext::hush",
            "git@github.com:hush/b.git",
            "ssh://hush/b.git",
            "-uhush",
            "file://hush",
            "https:///hush",
        ] {
            let mut wrong = checkout();
            wrong.url = url.to_owned();
            let error = wrong.check().unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn authors_who_would_forge_a_header_are_refused() {
        for text in ["", " ", "a\nb", "a <b>", &"x".repeat(201)] {
            let (mut name, mut mail) = (checkout(), checkout());
            name.author.name = text.to_owned();
            mail.author.mail = text.to_owned();
            assert!(name.check().is_err() && mail.check().is_err(), "{text:?}");
        }
    }
    #[test]
    fn a_file_is_kept_under_a_plain_path_alone() {
        for path in ["a", "a/b c/ünï.txt", ".hidden", "a/..b", "-x", "a\\b"] {
            assert_eq!(kept(path), Ok(()), "{path:?}");
        }
        for path in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "a/.",
            "a\nb",
            "a\u{1b}[31m",
            "a\0",
            &"x".repeat(1_001),
        ] {
            assert!(kept(path).is_err(), "{path:?}");
        }
    }
}
