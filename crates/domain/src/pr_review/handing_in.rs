//! How a draft becomes a review on the pull request, once.

use crate::{
    git_host::{LineComment, NewReview, Review, ReviewAct, has_mark, marked},
    id::PrReviewId,
    pr_review::draft::{Draft, FileComment},
    task::review::ReviewVerdict,
};

/// The mark that a review on the pull request bears: whoever hands it in again finds that it is there.
#[must_use]
pub fn mark(review: PrReviewId, revision: i32) -> String {
    format!("pr-review:{review}:{revision}")
}

/// Whether one of the reviews of a pull request is ours.
#[must_use]
pub fn is_there(reviews: &[Review], mark: &str) -> bool {
    reviews.iter().any(|review| has_mark(&review.body, mark))
}

/// The ways in which a draft can be handed in, the best first. A host refuses an approval of one's own
/// pull request, and comments on lines that are not in the diff; it does not say which of them it was.
#[must_use]
pub fn ways(draft: &Draft, head: &str, mark: &str) -> Vec<NewReview> {
    let act = match draft.verdict {
        ReviewVerdict::Approve => ReviewAct::Approve,
        ReviewVerdict::RequestChanges => ReviewAct::RequestChanges,
        ReviewVerdict::Comment => ReviewAct::Comment,
    };
    let lines = draft.file_comments.iter().any(|it| it.line.is_some());
    let mut ways = Vec::new();
    for act in [act, ReviewAct::Comment] {
        for on_lines in [true, false] {
            let way = way(draft, head, mark, act, on_lines);
            if (on_lines || lines) && !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    ways
}

fn way(draft: &Draft, head: &str, mark: &str, act: ReviewAct, on_lines: bool) -> NewReview {
    let is_told = act != ReviewAct::Comment || draft.verdict == ReviewVerdict::Comment;
    let mut body = String::new();
    if !is_told {
        body.push_str(&format!("**{}**\n\n", draft.verdict.name()));
    }
    body.push_str(draft.summary.trim());
    let mut comments = Vec::new();
    for comment in &draft.file_comments {
        match comment.line.filter(|_| on_lines) {
            Some(line) => comments.push(LineComment {
                path: comment.path.clone(),
                line,
                side: comment.side.of_diff(),
                body: comment.body.clone(),
            }),
            None => body.push_str(&in_words(comment)),
        }
    }
    NewReview {
        sha: head.to_owned(),
        act,
        body: marked(&body, mark),
        comments,
    }
}

fn in_words(comment: &FileComment) -> String {
    let line = comment
        .line
        .map_or_else(String::new, |line| format!(":{line}"));
    format!("\n\n**{}{line}**: {}", comment.path, comment.body.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pr_review::draft::Side;

    fn draft(verdict: ReviewVerdict, line: Option<u64>) -> Draft {
        Draft {
            verdict,
            summary: "A summary.".to_owned(),
            file_comments: vec![FileComment {
                path: "a.rs".to_owned(),
                line,
                side: Side::Right,
                body: "why?".to_owned(),
            }],
        }
    }

    #[test]
    fn the_first_way_says_it_as_it_is_and_the_last_says_it_in_words_alone() {
        let ways = ways(&draft(ReviewVerdict::Approve, Some(3)), "aaa", "m");
        let kinds: Vec<_> = ways.iter().map(|it| (it.act, it.comments.len())).collect();
        assert_eq!(
            kinds,
            [
                (ReviewAct::Approve, 1),
                (ReviewAct::Approve, 0),
                (ReviewAct::Comment, 1),
                (ReviewAct::Comment, 0)
            ]
        );
        assert!(ways[3].body.starts_with("**approve**\n\nA summary."));
        assert!(ways[3].body.contains("**a.rs:3**: why?"));
        assert!(
            ways.iter()
                .all(|it| has_mark(&it.body, "m") && it.sha == "aaa")
        );
    }

    #[test]
    fn a_comment_on_a_whole_file_stands_in_the_text_and_no_way_is_tried_twice() {
        let ways = ways(&draft(ReviewVerdict::Comment, None), "aaa", "m");
        assert_eq!(ways.len(), 1);
        assert!(ways[0].body.contains("**a.rs**: why?") && ways[0].comments.is_empty());
    }
}
