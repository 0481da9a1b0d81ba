//! What was read and under which `ETag`, so that it need not be sent again. It holds only what we
//! understand of an answer, which is a fraction of it.

use std::collections::BTreeMap;

/// Answers kept. Those that were not used for longest go first, half of them at once.
const ENTRIES_MAX: usize = 16_384;

/// One answer that can be asked for again for nothing.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) etag: String,
    /// What we understood, as JSON.
    pub(super) body: String,
    pub(super) has_next: bool,
}

/// The answers kept.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: BTreeMap<String, (u64, Kept)>,
    uses: u64,
}

impl Cache {
    /// What is kept of this address.
    pub(super) fn get(&mut self, key: &str) -> Option<Kept> {
        self.uses += 1;
        let (used, kept) = self.entries.get_mut(key)?;
        *used = self.uses;
        Some(kept.clone())
    }

    /// Keeps an answer.
    pub(super) fn put(&mut self, key: String, kept: Kept) {
        if ENTRIES_MAX <= self.entries.len() {
            let mut uses: Vec<u64> = self.entries.values().map(|(used, _)| *used).collect();
            uses.sort_unstable();
            let middle = uses[uses.len() / 2];
            self.entries.retain(|_, (used, _)| middle < *used);
        }
        self.uses += 1;
        self.entries.insert(key, (self.uses, kept));
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, ENTRIES_MAX, Kept};

    #[test]
    fn what_was_used_lately_outlives_what_was_not() {
        let mut cache = Cache::default();
        let kept = |etag: &str| Kept {
            etag: etag.to_owned(),
            body: String::new(),
            has_next: false,
        };
        for number in 0..ENTRIES_MAX {
            cache.put(format!("{number}"), kept("a"));
        }
        assert!(cache.get("0").is_some());
        cache.put("new".to_owned(), kept("b"));
        assert!(cache.entries.len() <= ENTRIES_MAX / 2 + 2);
        assert_eq!(cache.get("0").map(|it| it.etag).as_deref(), Some("a"));
        assert_eq!(cache.get("new").map(|it| it.etag).as_deref(), Some("b"));
        assert!(cache.get("1").is_none());
    }
}
