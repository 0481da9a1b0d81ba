//! Which open pull requests of a repository are reviewed by themselves.

use crate::{
    git_host::{PullPhase, PullState},
    repo::{ExternalReviewMode, ExternalReviews},
};

/// Open pull requests of one repository that are looked at in one go, the newest.
pub const PULLS_MAX: usize = 50;
/// How the branches of tasks begin.
const WORK_BRANCHES: &str = "optio/task-";

/// Whether a pull request is reviewed by itself. `me` is our account on the host, where it is known.
#[must_use]
pub fn wants(settings: &ExternalReviews, pull: &PullState, me: Option<&str>) -> bool {
    let asked = match settings.mode {
        ExternalReviewMode::Off => false,
        ExternalReviewMode::OnRequest => me.is_some_and(|me| among(&pull.reviewers_asked, me)),
        ExternalReviewMode::OnPullHold | ExternalReviewMode::OnPullPost => true,
    };
    asked && pull.phase == PullPhase::Open && passes(settings, pull, me)
}

fn passes(settings: &ExternalReviews, pull: &PullState, me: Option<&str>) -> bool {
    let filters = &settings.filters;
    let is_own = pull.head_branch.starts_with(WORK_BRANCHES)
        || me.is_some_and(|me| me.eq_ignore_ascii_case(&pull.author));
    let labelled = |labels: &[String]| pull.labels.iter().any(|label| among(labels, label));
    let skipped = filters.skip_drafts && pull.draft || filters.skip_optio_authored && is_own;
    !skipped
        && (filters.include_authors.is_empty() || among(&filters.include_authors, &pull.author))
        && !among(&filters.exclude_authors, &pull.author)
        && (filters.include_labels.is_empty() || labelled(&filters.include_labels))
        && !labelled(&filters.exclude_labels)
}

/// Hosts do not tell upper case from lower in these names.
fn among(names: &[String], name: &str) -> bool {
    names
        .iter()
        .any(|it| it.trim().to_lowercase() == name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{git_host::PullNumber, repo::ExternalReviewFilters};

    fn pull() -> PullState {
        PullState {
            number: PullNumber(7),
            url: "https://git.example/o/r/pull/7".to_owned(),
            title: "a change".to_owned(),
            body: String::new(),
            author: "Ada".to_owned(),
            labels: vec!["Ready".to_owned()],
            reviewers_asked: Vec::new(),
            phase: PullPhase::Open,
            draft: false,
            head_sha: "aaa".to_owned(),
            head_branch: "feature".to_owned(),
            base_branch: "main".to_owned(),
            mergeable: None,
            merge_sha: None,
        }
    }

    fn settings(change: impl FnOnce(&mut ExternalReviewFilters)) -> ExternalReviews {
        let mut settings = ExternalReviews {
            mode: ExternalReviewMode::OnPullHold,
            ..ExternalReviews::default()
        };
        change(&mut settings.filters);
        settings
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_mode_wants_what_it_says() {
        for mode in ExternalReviewMode::ALL {
            let settings = ExternalReviews {
                mode,
                ..ExternalReviews::default()
            };
            let asked = PullState {
                reviewers_asked: names(&["grace", "Optio-Bot"]),
                ..pull()
            };
            let all = matches!(
                mode,
                ExternalReviewMode::OnPullHold | ExternalReviewMode::OnPullPost
            );
            assert_eq!(wants(&settings, &pull(), Some("optio-bot")), all);
            let on_request = mode == ExternalReviewMode::OnRequest;
            assert_eq!(
                wants(&settings, &asked, Some("optio-bot")),
                all || on_request
            );
            assert_eq!(wants(&settings, &asked, None), all, "nobody is us");
            let closed = PullState {
                phase: PullPhase::Closed,
                ..asked
            };
            assert!(!wants(&settings, &closed, Some("optio-bot")));
        }
    }

    #[test]
    fn each_filter_leaves_out_what_it_names_and_nothing_else() {
        let me = Some("optio-bot");
        let open = |change: fn(&mut ExternalReviewFilters), pull: &PullState| {
            wants(&settings(change), pull, me)
        };
        let draft = PullState {
            draft: true,
            ..pull()
        };
        assert!(!open(|_| {}, &draft));
        assert!(open(|it| it.skip_drafts = false, &draft));
        for own in [
            PullState {
                author: "Optio-bot".to_owned(),
                ..pull()
            },
            PullState {
                head_branch: "optio/task-1".to_owned(),
                ..pull()
            },
        ] {
            assert!(!open(|_| {}, &own));
            assert!(open(|it| it.skip_optio_authored = false, &own));
        }
        assert!(open(
            |it| it.include_authors = names(&["grace", "ADA"]),
            &pull()
        ));
        assert!(!open(|it| it.include_authors = names(&["grace"]), &pull()));
        assert!(!open(|it| it.exclude_authors = names(&["ada"]), &pull()));
        assert!(open(|it| it.exclude_authors = names(&["grace"]), &pull()));
        assert!(open(
            |it| it.include_labels = names(&["ready", "x"]),
            &pull()
        ));
        assert!(!open(|it| it.include_labels = names(&["x"]), &pull()));
        assert!(!open(|it| it.exclude_labels = names(&["READY"]), &pull()));
        assert!(open(|it| it.exclude_labels = names(&["x"]), &pull()));
    }
}
