//! The scenarios that are part of the program.

const SCENARIOS: [(&str, &str); 4] = [
    ("echo", include_str!("../../scenarios/echo.toml")),
    ("forge", include_str!("../../scenarios/forge.toml")),
    ("mars", include_str!("../../scenarios/mars.toml")),
    ("task", include_str!("../../scenarios/task.toml")),
];

pub(super) fn names() -> Vec<&'static str> {
    SCENARIOS.iter().map(|(name, _)| *name).collect()
}

pub(super) fn text(name: &str) -> Option<&'static str> {
    SCENARIOS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}
