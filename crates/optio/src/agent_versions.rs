//! The versions of the agent programs this build is made for, from the same list the installer reads.

/// The list: a name and a version on each line.
const LIST: &str = include_str!("../../../scripts/agent-versions");

/// The version of an agent program, where this build knows the program.
#[must_use]
pub fn version(name: &str) -> Option<&'static str> {
    LIST.lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(listed, version)| (listed == name).then_some(version.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_claude_code_with_a_version() {
        assert!(version("claude-code").is_some_and(|version| version.split('.').count() == 3));
        assert_eq!(version("nobody"), None);
    }
}
