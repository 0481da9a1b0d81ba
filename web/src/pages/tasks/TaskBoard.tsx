import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { tasksInQuery } from "@/api/queries/tasks";
import type { Task } from "@/api/types";
import { money } from "@/lib/money";
import { repoName } from "@/lib/text";
import { Status, Tag } from "@/ui/Status";
import { When } from "@/ui/Time";
import { PullMarks } from "./PullMarks";

const COLUMNS: { name: string; states: string[] }[] = [
  { name: "Waiting", states: ["pending", "waiting_on_deps", "queued"] },
  { name: "Running", states: ["provisioning", "running"] },
  { name: "Needs you", states: ["needs_attention"] },
  { name: "PR open", states: ["pr_opened"] },
  { name: "Over", states: ["completed", "failed", "cancelled"] },
];
/** Cards of a state on the board; the table has all. */
const CARDS = 30;

export function TaskBoard({
  repo,
  stats,
}: {
  repo: string | undefined;
  stats: Record<string, number> | undefined;
}) {
  return (
    <div
      className="-mx-4 relative grid auto-cols-[minmax(15.5rem,1fr)] grid-flow-col gap-3 md:auto-cols-[minmax(11.5rem,1fr)] overflow-x-auto px-4 pb-2 md:-mx-6 md:px-6"
      tabIndex={0}
      role="region"
      aria-label="Board"
    >
      {COLUMNS.map((column) => (
        <BoardColumn
          key={column.name}
          column={column}
          repo={repo}
          count={
            stats && !repo
              ? column.states.reduce((sum, state) => sum + (stats[state] ?? 0), 0)
              : undefined
          }
        />
      ))}
    </div>
  );
}

function BoardColumn({
  column,
  repo,
  count,
}: {
  column: (typeof COLUMNS)[number];
  repo: string | undefined;
  count: number | undefined;
}) {
  const results = useQueries({ queries: column.states.map((state) => tasksInQuery(state, CARDS)) });
  const tasks = results
    .flatMap((result) => result.data ?? [])
    .filter((task) => !repo || task.repoUrl === repo)
    .sort((a, b) => b.stateSince.localeCompare(a.stateSince));
  return (
    <section
      aria-label={column.name}
      className="flex min-h-40 flex-col gap-2 rounded-lg bg-raised/60 p-2"
    >
      <h2 className="flex items-center justify-between px-1 text-xs font-semibold text-muted">
        {column.name} <span>{count ?? tasks.length}</span>
      </h2>
      {results.some((result) => result.isPending) && <div className="skeleton h-20" />}
      <ul className="flex flex-col gap-2">
        {tasks.map((task) => (
          <li key={task.id}>
            <Card task={task} />
          </li>
        ))}
      </ul>
      {count !== undefined && tasks.length < count && (
        <Link
          to="/tasks"
          search={{ view: "table" }}
          className="px-1 text-xs text-muted hover:text-ink hover:underline"
        >
          {count - tasks.length} more in the table
        </Link>
      )}
    </section>
  );
}

function Card({ task }: { task: Task }) {
  return (
    <Link
      to="/tasks/$task"
      params={{ task: task.id }}
      className="block rounded-md border border-line bg-surface p-2.5 hover:border-accent"
    >
      <p className="line-clamp-2 text-sm font-medium break-words">{task.title}</p>
      <p className="mt-0.5 truncate text-xs text-muted">{repoName(task.repoUrl)}</p>
      {task.stateReason && (
        <p className="mt-1 line-clamp-2 text-xs break-words text-muted">{task.stateReason}</p>
      )}
      <div className="mt-2 flex flex-wrap items-center gap-1.5">
        <Status state={task.state} />
        {task.taskType === "review" && <Tag>review</Tag>}
        <PullMarks task={task} />
      </div>
      <p className="mt-2 flex justify-between text-2xs text-muted">
        <When at={task.stateSince} />
        <span>{money(task.costUsd)}</span>
      </p>
    </Link>
  );
}
