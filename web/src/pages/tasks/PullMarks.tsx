import {
  CircleCheck,
  CircleDotDashed,
  CircleX,
  GitMerge,
  GitPullRequest,
  ThumbsDown,
  ThumbsUp,
} from "lucide-react";
import type { Task } from "@/api/types";
import { stateName } from "@/ui/status";

/** How the pull request of a task stands, in signs with words for whoever cannot see them. */
export function PullMarks({ task }: { task: Task }) {
  if (!task.prNumber) return null;
  const isMerged = task.prState === "merged";
  return (
    <span className="inline-flex items-center gap-1.5 text-xs text-muted">
      <span
        className="inline-flex items-center gap-0.5"
        title={`Pull request ${task.prState ?? ""}`}
      >
        {isMerged ? <GitMerge size={13} aria-hidden /> : <GitPullRequest size={13} aria-hidden />}
        <span className="sr-only">pull request {task.prState}</span>#{task.prNumber}
      </span>
      <Checks state={task.prChecksStatus} />
      <Verdict state={task.prReviewStatus} />
    </span>
  );
}

function Checks({ state }: { state: string | null | undefined }) {
  if (!state || state === "none" || state === "unknown") return null;
  const words = `checks ${stateName(state)}`;
  const icon =
    state === "passing" ? (
      <CircleCheck size={13} className="text-ok" aria-hidden />
    ) : state === "pending" ? (
      <CircleDotDashed size={13} className="text-wait" aria-hidden />
    ) : (
      <CircleX size={13} className="text-bad" aria-hidden />
    );
  return (
    <span title={words}>
      {icon}
      <span className="sr-only">{words}</span>
    </span>
  );
}

function Verdict({ state }: { state: string | null | undefined }) {
  if (!state || state === "none") return null;
  const words = state === "approved" ? "approved" : "changes requested";
  return (
    <span title={words}>
      {state === "approved" ? (
        <ThumbsUp size={12} className="text-ok" aria-hidden />
      ) : (
        <ThumbsDown size={12} className="text-bad" aria-hidden />
      )}
      <span className="sr-only">{words}</span>
    </span>
  );
}
