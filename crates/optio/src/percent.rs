//! Percent-encoding, for what a person or a path puts into a URL.

/// Encodes everything that could mean something in a URL.
#[must_use]
pub fn encode(text: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_nothing_in_a_url_stays() {
        assert_eq!(encode(b"a-B.9_~"), "a-B.9_~");
        assert_eq!(encode("/ü?&".as_bytes()), "%2F%C3%BC%3F%26");
    }
}
