//! What the words of tasks and reviews may ask for.

/// What the words of a task may ask for, each with an example for those who write them.
pub(super) const OF_TASKS: [(&str, &str); 14] = [
    ("AUTO_MERGE", ""),
    ("BASE_BRANCH", "main"),
    (
        "BRANCH_NAME",
        "optio/task-0190a000-0000-7000-8000-000000000001",
    ),
    ("CLOSES_ISSUE", "7"),
    ("DRAFT_PR", ""),
    ("GIT_PLATFORM_GITLAB", ""),
    ("ISSUE_NUMBER", "7"),
    ("PLANNING_MODE", ""),
    ("PR_URL", ""),
    ("REPO_NAME", "acme/shop"),
    ("TASK_FILE", ".optio/task.md"),
    ("TASK_ID", "0190a000-0000-7000-8000-000000000001"),
    ("TASK_TITLE", "Add /healthz"),
    ("TEST_COMMAND", "make test"),
];

/// What the words of a review may ask for.
pub(super) const OF_REVIEWS: [(&str, &str); 8] = [
    ("BASE_BRANCH", "main"),
    ("GIT_PLATFORM_GITLAB", ""),
    ("PR_NUMBER", "12"),
    ("PR_URL", "https://github.com/acme/shop/pull/12"),
    ("REPO_NAME", "acme/shop"),
    ("TASK_FILE", ".optio/task.md"),
    ("TASK_TITLE", "Add /healthz"),
    ("TEST_COMMAND", "make test"),
];
