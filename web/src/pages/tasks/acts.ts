import type { Task } from "@/api/types";

/** What can be wanted of a task. */
export type Act = "cancel" | "retry" | "resume" | "restart" | "redo" | "review" | "run-now";

const OVER = new Set(["completed", "failed", "cancelled"]);

/** Whether it makes sense in the state the task is in. The server has the last word. */
export function canDo(
  task: Pick<Task, "state" | "prState" | "taskType" | "stateReason">,
  act: Act,
): boolean {
  switch (act) {
    case "cancel":
      return !OVER.has(task.state);
    case "retry":
      return task.state === "failed" || task.state === "cancelled";
    case "resume":
      return task.state === "needs_attention" || task.state === "failed";
    case "restart":
      return (
        task.state === "needs_attention" || task.state === "failed" || task.state === "pr_opened"
      );
    case "redo":
      return OVER.has(task.state) || task.state === "needs_attention" || task.state === "pr_opened";
    case "review":
      return task.taskType === "coding" && task.prState === "open";
    case "run-now":
      return task.state === "queued" && /off-peak|cheaper/i.test(task.stateReason ?? "");
  }
}
