//! Which repository a command of `gh` or `glab` is about, found the way that program finds it.

use optio_domain::wire::credentials::CredentialQuestion;

use super::{Env, Tool};

/// What to ask for. `remote` finds out the address of the repository in which the command is given.
pub(super) fn target(
    tool: Tool,
    args: &[String],
    env: Env<'_>,
    remote: impl FnOnce() -> Option<String>,
) -> CredentialQuestion {
    let given = |name: &str| env(name).filter(|value| !value.is_empty());
    let (hosts, repo) = tool.variables();
    let host = hosts.iter().find_map(|name| given(name));
    // `glab` takes a whole address there as well.
    let host = host.map(|host| bare(&host).to_owned());
    let named = option(args).or_else(|| given(repo));
    let at = host.as_deref().unwrap_or_else(|| tool.home());
    let named = named.and_then(|repo| address(&repo).or_else(|| short(tool, &repo, at)));
    let question = named.unwrap_or_else(|| {
        let here = remote().and_then(|url| address(&url));
        // What is done elsewhere is not about this repository.
        let here = here.filter(|here| host.as_ref().is_none_or(|host| *host == here.host));
        here.unwrap_or_else(|| https(at, None))
    });
    CredentialQuestion {
        host: question.host.to_ascii_lowercase(),
        ..question
    }
}

/// The value of `-R`, `--repo`, in each of the forms in which it can be given.
fn option(args: &[String]) -> Option<String> {
    let mut args = args.iter().take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        if arg == "-R" || arg == "--repo" {
            return args.next().cloned();
        }
        let joined = arg
            .strip_prefix("--repo=")
            .or_else(|| arg.strip_prefix("-R"));
        if let Some(value) = joined {
            return Some(value.trim_start_matches('=').to_owned());
        }
    }
    None
}

/// A host without what may stand around it.
fn bare(host: &str) -> &str {
    let host = host.split_once("://").map_or(host, |(_, host)| host);
    host.trim_end_matches('/')
}

/// `owner/repo`, or, of GitHub, `host/owner/repo`, or, of GitLab, with groups in groups.
fn short(tool: Tool, text: &str, at: &str) -> Option<CredentialQuestion> {
    let parts: Vec<&str> = text.split('/').collect();
    match (tool, parts.as_slice()) {
        (_, [_, _]) | (Tool::Glab, [_, _, ..]) => Some(https(at, Some(text.to_owned()))),
        (Tool::Gh, [host, owner, repo]) => Some(https(host, Some(format!("{owner}/{repo}")))),
        (Tool::Gh | Tool::Glab, _) => None,
    }
}

/// A URL, or the short form of ssh.
fn address(text: &str) -> Option<CredentialQuestion> {
    let (protocol, host, path) = match text.split_once("://") {
        Some((protocol, rest)) => {
            let (host, path) = rest.split_once('/')?;
            (protocol, host, path)
        }
        None => {
            let (host, path) = text
                .split_once(':')
                .filter(|(host, _)| !host.contains('/'))?;
            ("https", host, path)
        }
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    // The token is for the API, which speaks HTTP in any case.
    let protocol = if protocol == "http" { "http" } else { "https" };
    Some(CredentialQuestion {
        protocol: protocol.to_owned(),
        ..https(host, Some(path.trim_end_matches('/').to_owned()))
    })
}

fn https(host: &str, path: Option<String>) -> CredentialQuestion {
    CredentialQuestion {
        protocol: "https".to_owned(),
        host: host.to_owned(),
        path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(args: &[&str], host: Option<&str>, remote: Option<&str>) -> (String, Option<String>) {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let env = |name: &str| {
            (name == "GH_HOST")
                .then(|| host.map(str::to_owned))
                .flatten()
        };
        let question = target(Tool::Gh, &args, &env, || remote.map(str::to_owned));
        (question.host, question.path)
    }

    fn is(host: &str, path: &str) -> (String, Option<String>) {
        let path = (!path.is_empty()).then(|| path.to_owned());
        (host.to_owned(), path)
    }

    #[test]
    fn the_repository_is_found_as_gh_finds_it() {
        let remote = Some("https://git.acme.test/a/shop.git");
        let pr = ["pr", "list"];
        assert_eq!(found(&pr, None, remote), is("git.acme.test", "a/shop.git"));
        let ssh = Some("git@GIT.acme.test:a/shop.git");
        assert_eq!(found(&pr, None, ssh), is("git.acme.test", "a/shop.git"));
        assert_eq!(found(&pr, None, None), is("github.com", ""));
        assert_eq!(found(&pr, Some("ghe.test"), remote), is("ghe.test", ""));
        for args in [
            ["-R", "o/r"],
            ["--repo", "o/r"],
            ["-Ro/r", "x"],
            ["--repo=o/r", "x"],
        ] {
            assert_eq!(found(&args, None, remote), is("github.com", "o/r"));
            assert_eq!(
                found(&args, Some("ghe.test"), remote),
                is("ghe.test", "o/r")
            );
        }
        let args = ["pr", "-R", "ghe.test/o/r"];
        assert_eq!(found(&args, None, remote), is("ghe.test", "o/r"));
        let args = ["pr", "-R", "https://ghe.test/o/r"];
        assert_eq!(found(&args, None, remote), is("ghe.test", "o/r"));
        let args = ["alias", "--", "-R", "o/r"];
        assert_eq!(found(&args, None, None), is("github.com", ""));
    }

    #[test]
    fn the_project_is_found_as_glab_finds_it() {
        let found = |args: &[&str], host: Option<&str>, remote: Option<&str>| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            let host = host.map(str::to_owned);
            let env = |name: &str| host.clone().filter(|_| name == "GL_HOST");
            let question = target(Tool::Glab, &args, &env, || remote.map(str::to_owned));
            (question.host, question.path)
        };
        let mr = ["mr", "list"];
        let remote = Some("https://gitlab.acme.test/a/b/shop.git");
        let here = is("gitlab.acme.test", "a/b/shop.git");
        assert_eq!(found(&mr, None, remote), here);
        assert_eq!(found(&mr, Some("https://gitlab.acme.test/"), remote), here);
        assert_eq!(found(&mr, None, None), is("gitlab.com", ""));
        assert_eq!(found(&mr, Some("x.test"), remote), is("x.test", ""));
        let args = ["mr", "-R", "a/b/shop"];
        assert_eq!(found(&args, None, remote), is("gitlab.com", "a/b/shop"));
        assert_eq!(found(&args, Some("x.test"), None), is("x.test", "a/b/shop"));
        let args = ["mr", "-R", "https://x.test/a/b/shop"];
        assert_eq!(found(&args, None, remote), is("x.test", "a/b/shop"));
    }
}
