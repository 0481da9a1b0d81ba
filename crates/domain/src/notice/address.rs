//! The address a notice goes to.

use url::Host;

use crate::agent::spec::Invalid;

/// Characters of an address.
const CHARS_MAX: usize = 2_048;
/// Where Slack takes messages in.
const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// An address that can be posted to. What stands behind the host may be a secret and is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(url::Url);

impl WebhookUrl {
    /// Reads an address: http or https, with a host, without a user and without a fragment.
    ///
    /// # Errors
    /// The rule it breaks, without the address.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        let invalid = |rule: &str| Invalid::new(field, rule);
        if CHARS_MAX < text.chars().count() {
            let rule = format!("must not be longer than {CHARS_MAX} characters");
            return Err(Invalid::new(field, rule));
        }
        let url = url::Url::parse(text.trim())
            .map_err(|_bad| invalid("must be an address, as in https://example.com/hook"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("must start with https:// or http://"));
        }
        if url.host().is_none() {
            return Err(invalid("must name a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid(
                "must not contain a user or a password; a secret signs what is sent",
            ));
        }
        if url.fragment().is_some() {
            return Err(invalid("must not contain a #fragment, which is never sent"));
        }
        Ok(Self(url))
    }

    /// The whole of it, for whoever stores it or calls it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is called over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Its host: a name or an address, as it was understood and not as it was written.
    #[must_use]
    pub fn host(&self) -> Host<&str> {
        // The constructor sees to it that there is one.
        self.0.host().unwrap_or(Host::Domain(""))
    }

    /// Its port, told from the scheme where it is not given.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// Host and port as a header names them.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.0.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_string(),
        }
    }

    /// What is asked for there.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match self.0.query() {
            Some(query) => format!("{}?{query}", self.0.path()),
            None => self.0.path().to_owned(),
        }
    }

    /// Whether Slack listens there, which wants its own form.
    #[must_use]
    pub fn is_slack(&self) -> bool {
        matches!(self.host(), Host::Domain(name) if SLACK_HOSTS.contains(&name))
    }

    /// Scheme and host, which are no secret.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", self.0.scheme(), self.authority())
    }
}

impl std::fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/***", self.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<WebhookUrl, Invalid> {
        WebhookUrl::parse("url", text)
    }

    #[test]
    fn an_address_is_taken_apart_as_it_is_called() {
        let hook = url(" https://Example.com/in?x=1 ").unwrap();
        assert_eq!(hook.as_str(), "https://example.com/in?x=1");
        assert_eq!((hook.port(), hook.is_https()), (443, true));
        assert_eq!(hook.authority(), "example.com");
        assert_eq!(hook.path_and_query(), "/in?x=1");
        let other = url("http://[::1]:8080").unwrap();
        assert_eq!((other.port(), other.is_https()), (8080, false));
        assert_eq!(other.authority(), "[::1]:8080");
        assert_eq!(other.path_and_query(), "/");
    }

    #[test]
    fn an_address_in_disguise_is_the_address_it_means() {
        for text in [
            "http://127.0.0.1",
            "http://127.1",
            "http://0x7f.1",
            "http://2130706433",
            "http://017700000001",
            "http://127.0.0.1.",
        ] {
            let host = url(text).unwrap();
            assert_eq!(
                host.host(),
                Host::<&str>::Ipv4([127, 0, 0, 1].into()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_posted_to_is_refused_without_being_repeated() {
        for (text, words) in [
            ("", "must be an address"),
            ("example.com/hunter2", "must be an address"),
            ("ftp://example.com/hunter2", "must start with https://"),
            ("file:///hunter2", "must start with https://"),
            ("https://", "must be an address"),
            ("https://ada:hunter2@example.com", "must not contain a user"),
            ("https://hunter2@example.com", "must not contain a user"),
            ("https://example.com/#hunter2", "#fragment"),
        ] {
            let refused = url(text).unwrap_err().to_string();
            assert!(refused.contains(words), "{text}: {refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        let long = format!("https://example.com/{}", "a".repeat(CHARS_MAX));
        assert!(url(&long).unwrap_err().rule.contains("longer"));
    }

    #[test]
    fn what_stands_behind_the_host_is_not_printed() {
        let hook = url("https://hooks.slack.com/services/T0/B0/hunter2").unwrap();
        assert_eq!(format!("{hook:?}"), "https://hooks.slack.com/***");
    }

    #[test]
    fn slack_is_known_by_its_host_alone() {
        assert!(
            url("https://hooks.slack.com/services/T0/B0/x")
                .unwrap()
                .is_slack()
        );
        assert!(!url("https://hooks.slack.com.example/x").unwrap().is_slack());
        assert!(
            !url("https://example.com/hooks.slack.com")
                .unwrap()
                .is_slack()
        );
    }
}
