import type { Task } from "@/api/types";
import { stateName } from "@/ui/status";

/** What a task goes through. */
export const STAGES = [
  "queued",
  "starting",
  "running",
  "PR open",
  "checks",
  "review",
  "merged",
] as const;

type Seen = Pick<
  Task,
  "state" | "prNumber" | "prState" | "prChecksStatus" | "prReviewStatus" | "startedAt"
>;

/** Where it is, and what is wrong there. */
export function stageOf(task: Seen): { at: number; trouble: string | null } {
  switch (task.state) {
    case "pending":
    case "waiting_on_deps":
    case "queued":
      return { at: 0, trouble: null };
    case "provisioning":
      return { at: 1, trouble: null };
    case "running":
      return { at: 2, trouble: null };
    case "pr_opened":
      return ofPull(task);
    case "completed":
      return { at: STAGES.length, trouble: null };
    default:
      // Where it stopped is told by how far it had come.
      return {
        at: task.prNumber ? ofPull(task).at : task.startedAt ? 2 : 0,
        trouble: stateName(task.state),
      };
  }
}

function ofPull(task: Seen): { at: number; trouble: string | null } {
  if (task.prState === "merged") return { at: 6, trouble: null };
  const checks = task.prChecksStatus ?? "unknown";
  if (checks === "failing" || checks === "conflicts")
    return { at: 4, trouble: checks === "failing" ? "checks failed" : "conflicts" };
  if (checks === "pending") return { at: 4, trouble: null };
  if (task.prReviewStatus === "changes_requested") return { at: 5, trouble: "changes requested" };
  if (checks === "passing")
    return { at: task.prReviewStatus === "approved" ? 6 : 5, trouble: null };
  return { at: 3, trouble: null };
}
