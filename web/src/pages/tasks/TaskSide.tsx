import { useQuery } from "@tanstack/react-query";
import { get } from "@/api/client";
import type { components, Task } from "@/api/types";
import { compact, money } from "@/lib/money";
import { plural } from "@/lib/text";
import { Out } from "@/ui/links";
import { Facts, Panel } from "@/ui/Page";
import { Status } from "@/ui/Status";
import { When } from "@/ui/Time";

/** What is true of a task beside its transcript. */
export function TaskSide({ shown }: { shown: components["schemas"]["TaskShown"] }) {
  const { task, worktree } = shown;
  return (
    <aside aria-label="About the task" className="flex min-w-0 flex-col gap-4 xl:overflow-y-auto">
      {task.prUrl && <PullPanel task={task} />}
      <Panel title="About" pad>
        <Facts
          facts={[
            ["Cost", money(task.costUsd)],
            ["Tokens", `${compact(task.inputTokens)} in, ${compact(task.outputTokens)} out`],
            ["Runs", `${task.runsTaken}, tried again ${plural(task.retryCount, "time")}`],
            ["Priority", task.priority],
            ["Model", task.modelUsed ?? task.model ?? "the repository's"],
            ["Base", task.repoBranch],
            [
              "Ticket",
              task.ticketExternalId ? `${task.ticketSource} ${task.ticketExternalId}` : null,
            ],
            ["Created", <When key="created" at={task.createdAt} />],
            ["Started", <When key="started" at={task.startedAt} />],
            ["Ended", <When key="ended" at={task.completedAt} />],
            [
              "Unpushed",
              task.unpushedCommits === 0 ? "nothing" : plural(task.unpushedCommits, "commit"),
            ],
            ["Uncommitted", task.dirtyFiles === 0 ? "nothing" : plural(task.dirtyFiles, "file")],
            [
              "Worktree",
              worktree
                ? `${worktree.state}${worktree.reason ? `: ${worktree.reason}` : ""}`
                : "none yet",
            ],
          ]}
        />
      </Panel>
      <Panel title="What it was asked" pad>
        <p
          className="max-h-72 overflow-y-auto text-sm break-words whitespace-pre-wrap"
          tabIndex={0}
          role="region"
          aria-label="Prompt"
        >
          {task.prompt}
        </p>
      </Panel>
    </aside>
  );
}

function PullPanel({ task }: { task: Task }) {
  const url = task.prUrl ?? "";
  const status = useQuery({
    queryKey: ["task", task.id, "pull", url],
    queryFn: () => get("/api/pull-requests/status", { params: { query: { prUrl: url } } }),
    enabled: task.prState === "open",
    retry: false,
  }).data;
  return (
    <Panel title="Pull request" aside={<Out href={url}>#{task.prNumber}</Out>} pad>
      <Facts
        facts={[
          ["State", <Status key="state" state={status?.state ?? task.prState ?? "unknown"} bare />],
          [
            "Checks",
            <Status key="checks" state={status?.checks ?? task.prChecksStatus ?? "unknown"} bare />,
          ],
          ["Failed", status?.failedChecks.length ? status.failedChecks.join(", ") : null],
          [
            "Review",
            <Status key="review" state={status?.review ?? task.prReviewStatus ?? "none"} bare />,
          ],
          [
            "Mergeable",
            status?.mergeable === undefined || status.mergeable === null
              ? "not known"
              : status.mergeable
                ? "yes"
                : "no",
          ],
          [
            "Diff",
            <Out key="diff" href={`${url}/files`}>
              on the host
            </Out>,
          ],
        ]}
      />
      {task.prReviewComments && (
        <p
          className="mt-3 max-h-40 overflow-y-auto text-xs break-words whitespace-pre-wrap text-muted"
          tabIndex={0}
          role="region"
          aria-label="Review comments"
        >
          {task.prReviewComments}
        </p>
      )}
    </Panel>
  );
}
