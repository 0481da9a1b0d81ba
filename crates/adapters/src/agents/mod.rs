//! Vendors' agent programs behind `AgentCli`, found by the name of their runtime.

pub mod claude_code;
mod text;

use std::{collections::BTreeMap, sync::Arc};

use optio_domain::ports::AgentCli;

/// The agent programs this installation knows.
#[derive(Clone, Default)]
pub struct Agents {
    by_runtime: BTreeMap<&'static str, Arc<dyn AgentCli>>,
}

impl Agents {
    /// Knows these. Of two with one name the later counts.
    #[must_use]
    pub fn new(clis: impl IntoIterator<Item = Arc<dyn AgentCli>>) -> Self {
        let by_runtime = clis.into_iter().map(|cli| (cli.runtime(), cli)).collect();
        Self { by_runtime }
    }

    /// The program of a runtime, or `None` where nobody wrote an adapter for it.
    #[must_use]
    pub fn get(&self, runtime: &str) -> Option<Arc<dyn AgentCli>> {
        self.by_runtime.get(runtime).map(Arc::clone)
    }

    /// All names, in alphabetical order.
    pub fn runtimes(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.by_runtime.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::claude_code::ClaudeCode;

    #[test]
    fn a_runtime_is_found_by_its_name_and_others_are_not() {
        let cli: Arc<dyn AgentCli> = Arc::new(ClaudeCode::default());
        let agents = Agents::new([cli]);
        assert!(agents.get("claude-code").is_some());
        assert!(agents.get("claude").is_none());
        assert_eq!(agents.runtimes().collect::<Vec<_>>(), ["claude-code"]);
    }
}
