//! Names of topics.

/// A topic: what is published to it reaches whoever has subscribed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(String);

/// Characters of a name.
const CHARS_MAX: usize = 100;

/// The name breaks a rule. The text names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 1 to {CHARS_MAX} lower-case letters, digits, dots, dashes and underscores, and begin \
     with a letter or digit"
)]
pub struct BadTopic;

impl Topic {
    /// The topic all enabled agents of a workspace hear, without having subscribed.
    pub const ALL: &'static str = "all";

    /// The topic of all peers.
    #[must_use]
    pub fn all() -> Self {
        Self(Self::ALL.to_owned())
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`BadTopic`] when it breaks the rules.
    pub fn parse(text: &str) -> Result<Self, BadTopic> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let begins = text.starts_with(fits);
        let plain = text
            .chars()
            .all(|c| fits(c) || matches!(c, '.' | '-' | '_'));
        if begins && plain && text.len() <= CHARS_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadTopic)
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether it is the topic of all peers.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0 == Self::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_rules() {
        for good in ["all", "builds", "a", "0.x-y_z", &"a".repeat(100)] {
            assert_eq!(Topic::parse(good).unwrap().name(), good);
        }
        for bad in [
            "",
            "Builds",
            "-a",
            ".a",
            "a b",
            "a/b",
            "a#b",
            "é",
            &"a".repeat(101),
        ] {
            assert_eq!(Topic::parse(bad), Err(BadTopic), "{bad}");
        }
        assert!(Topic::all().is_all() && !Topic::parse("alla").unwrap().is_all());
    }
}
