import { useQuery } from "@tanstack/react-query";
import { taskRunsQuery } from "@/api/queries/tasks";
import type { Task } from "@/api/types";
import { compact, money } from "@/lib/money";
import { words } from "@/lib/text";
import { Empty, Waiting } from "@/ui/feedback";
import { Markdown } from "@/ui/Markdown";
import { Panel } from "@/ui/Page";
import { Tag } from "@/ui/Status";
import { Lasts, When } from "@/ui/Time";

export function TaskRuns({ task }: { task: Task }) {
  const { data: runs } = useQuery(taskRunsQuery(task.id));
  if (!runs) return <Waiting />;
  if (runs.length === 0) {
    return (
      <Panel>
        <Empty title="No run yet">
          A run is one execution of the task's agent. It may be sent back: every time is another
          run.
        </Empty>
      </Panel>
    );
  }
  return runs.map((run) => (
    <Panel
      key={run.id}
      title={
        <span className="flex items-center gap-2">
          Run {run.number}{" "}
          {run.outcome ? <Tag>{words(run.outcome)}</Tag> : <Tag tone="live">runs</Tag>}
        </span>
      }
      aside={
        <>
          <Lasts from={run.startedAt ?? run.id} to={run.finishedAt ?? null} /> ·{" "}
          {money(run.costUsd)} · {compact((run.inputTokens ?? 0) + (run.outputTokens ?? 0))} tokens
          · <When at={run.startedAt} />
        </>
      }
      pad
    >
      {run.errorMessage && <p className="mb-2 text-sm break-words text-bad">{run.errorMessage}</p>}
      {"summary" in run && run.summary && <Markdown text={run.summary} />}
      <details className="mt-2 text-sm">
        <summary className="cursor-pointer text-xs text-muted">What its agent was told</summary>
        <pre
          className="mt-1 max-h-80 overflow-auto rounded-sm bg-raised p-2 font-mono text-xs break-words whitespace-pre-wrap"
          tabIndex={0}
        >
          {run.prompt}
        </pre>
      </details>
    </Panel>
  ));
}
