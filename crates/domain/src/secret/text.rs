//! The value of a secret.

use crate::agent::spec::Invalid;

/// Bytes of a value. Linux gives a process no variable of more than twice as many.
pub const VALUE_BYTES_MAX: usize = 64 << 10;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Hides a text, whatever it is.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A value that somebody wants to be kept.
    ///
    /// # Errors
    /// The rule it breaks, without the value.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Err(Invalid::new("value", "must not be empty"));
        }
        if VALUE_BYTES_MAX < text.len() {
            let rule = format!("must not be longer than {VALUE_BYTES_MAX} bytes");
            return Err(Invalid::new("value", rule));
        }
        if text.contains('\0') {
            return Err(Invalid::new("value", "must not contain the character NUL"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, for whoever must use it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_bounded_and_no_refusal_repeats_it() {
        assert!(SecretText::parse(&"x".repeat(VALUE_BYTES_MAX)).is_ok());
        for bad in ["", "hunter2\0", &"hunter2".repeat(VALUE_BYTES_MAX)] {
            let refused = SecretText::parse(bad).unwrap_err();
            assert_eq!(refused.field, "value");
            assert!(!refused.to_string().contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_value_is_never_printed() {
        let text = SecretText::parse("hunter2").unwrap();
        assert_eq!(format!("{text:?} {:?}", Some(&text)), "*** Some(***)");
        assert_eq!(text.reveal(), "hunter2");
    }
}
