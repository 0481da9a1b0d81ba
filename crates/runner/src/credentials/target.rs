//! Which repository a command of `gh` is about, found the way `gh` finds it.

use optio_domain::wire::credentials::CredentialQuestion;

use super::Env;

/// Where `gh` goes when nothing says otherwise.
pub(super) const GITHUB: &str = "github.com";

/// What to ask for. `remote` finds out the address of the repository in which the command is given.
pub(super) fn target(
    args: &[String],
    env: Env<'_>,
    remote: impl FnOnce() -> Option<String>,
) -> CredentialQuestion {
    let host = env("GH_HOST").filter(|host| !host.is_empty());
    let named = option(args).or_else(|| env("GH_REPO").filter(|repo| !repo.is_empty()));
    let named = named.and_then(|repo| address(&repo).or_else(|| short(&repo, host.as_deref())));
    let question = named.unwrap_or_else(|| {
        let here = remote().and_then(|url| address(&url));
        // What is done elsewhere is not about this repository.
        let here = here.filter(|here| host.as_ref().is_none_or(|host| *host == here.host));
        here.unwrap_or_else(|| https(host.as_deref().unwrap_or(GITHUB), None))
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

/// `owner/repo` or `host/owner/repo`.
fn short(text: &str, host: Option<&str>) -> Option<CredentialQuestion> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [owner, repo] => {
            let path = format!("{owner}/{repo}");
            Some(https(host.unwrap_or(GITHUB), Some(path)))
        }
        [host, owner, repo] => Some(https(host, Some(format!("{owner}/{repo}")))),
        _ => None,
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
        let question = target(&args, &env, || remote.map(str::to_owned));
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
}
