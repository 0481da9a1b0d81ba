import { useInfiniteQuery } from "@tanstack/react-query";
import { type Dispatch, type SetStateAction, useMemo, useState } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { eachOf } from "@/api/pages";
import { type TaskFilter, tasksQuery } from "@/api/queries/tasks";
import type { Task } from "@/api/types";
import { money } from "@/lib/money";
import { plural, repoName } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { To } from "@/ui/links";
import { Panel } from "@/ui/Page";
import { Status } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { When } from "@/ui/Time";
import { canDo } from "./acts";
import { PullMarks } from "./PullMarks";

const COLUMNS: Column<Task>[] = [
  {
    head: "Task",
    width: "minmax(0, 3fr)",
    cell: (task) => (
      <>
        <To to="/tasks/$task" params={{ task: task.id }} className="block truncate">
          {task.title}
        </To>
        <p className="truncate text-xs text-muted">{task.stateReason ?? repoName(task.repoUrl)}</p>
      </>
    ),
  },
  { head: "State", width: "8.5rem", cell: (task) => <Status state={task.state} /> },
  {
    head: "Repository",
    width: "minmax(6rem, 1fr)",
    wideOnly: true,
    cell: (task) => <span className="block truncate text-muted">{repoName(task.repoUrl)}</span>,
  },
  { head: "PR", width: "6.5rem", wideOnly: true, cell: (task) => <PullMarks task={task} /> },
  { head: "Runs", width: "3rem", wideOnly: true, end: true, cell: (task) => task.runsTaken },
  { head: "Cost", width: "5rem", wideOnly: true, end: true, cell: (task) => money(task.costUsd) },
  {
    head: "Since",
    width: "5rem",
    wideOnly: true,
    end: true,
    cell: (task) => (
      <span className="text-muted">
        <When at={task.stateSince} />
      </span>
    ),
  },
];

/** All tasks that fit, with what can be done with several at once. */
export function TaskTable({ filter }: { filter: TaskFilter }) {
  const { data, error, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useInfiniteQuery(tasksQuery(filter));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const columns = useMemo(() => [boxes(chosen, setChosen), ...COLUMNS], [chosen]);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Waiting rows={8} />;
  const tasks = data.pages.flatMap((page) => page.tasks);
  return (
    <>
      <Bulk
        tasks={tasks.filter((task) => chosen.has(task.id))}
        clear={() => setChosen(new Set())}
      />
      <Panel>
        {tasks.length === 0 ? (
          <Empty title="No task fits">Another word, state or repository may.</Empty>
        ) : (
          <Table
            label="Tasks"
            columns={columns}
            rows={tasks}
            id={(task) => task.id}
            more={
              hasNextPage
                ? { fetch: () => void fetchNextPage(), busy: isFetchingNextPage }
                : undefined
            }
          />
        )}
      </Panel>
    </>
  );
}

type Chosen = ReadonlySet<string>;

function boxes(chosen: Chosen, setChosen: Dispatch<SetStateAction<Chosen>>): Column<Task> {
  const choose = (id: string) =>
    setChosen((all) => {
      const next = new Set(all);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return {
    head: " ",
    width: "1rem",
    cell: (task) => (
      <input
        type="checkbox"
        className="block size-4 accent-(--accent)"
        aria-label={`Choose ${task.title}`}
        checked={chosen.has(task.id)}
        onChange={() => choose(task.id)}
      />
    ),
  };
}

function Bulk({ tasks, clear }: { tasks: readonly Task[]; clear: () => void }) {
  const options = { changes: [["tasks"], ["task"]], then: clear };
  const cancel = useAct(
    (these: readonly Task[]) =>
      eachOf(these, (task) =>
        post("/api/tasks/{task}/cancel", { params: { path: { task: task.id } } }),
      ),
    {
      ...options,
      done: (these) => `${plural(these.length, "task")} cancelled.`,
    },
  );
  const retry = useAct(
    (these: readonly Task[]) =>
      eachOf(these, (task) =>
        post("/api/tasks/{task}/retry", { params: { path: { task: task.id } } }),
      ),
    {
      ...options,
      done: (these) => `${plural(these.length, "task")} go on.`,
    },
  );
  const order = useAct(
    (these: readonly Task[]) =>
      post("/api/tasks/reorder", { body: { taskIds: these.map((task) => task.id) } }),
    {
      ...options,
      done: "They are first now, in this order.",
    },
  );
  if (tasks.length === 0) return null;
  const cancellable = tasks.filter((task) => canDo(task, "cancel"));
  const retryable = tasks.filter((task) => canDo(task, "retry"));
  return (
    <div
      className="flex flex-wrap items-center gap-2 rounded-md bg-accent-soft px-3 py-1.5 text-sm"
      role="group"
      aria-label="With those that are chosen"
    >
      <span className="flex-1">{plural(tasks.length, "task")} chosen</span>
      <Button
        size="sm"
        disabled={retryable.length === 0}
        busy={retry.isPending}
        onClick={() => retry.mutate(retryable)}
      >
        Retry {retryable.length || ""}
      </Button>
      <Button
        size="sm"
        disabled={cancellable.length === 0}
        busy={order.isPending}
        onClick={() => order.mutate(cancellable)}
      >
        Put first
      </Button>
      <Button
        size="sm"
        look="danger"
        disabled={cancellable.length === 0}
        busy={cancel.isPending}
        onClick={() => cancel.mutate(cancellable)}
      >
        Cancel {cancellable.length || ""}
      </Button>
      <Button size="sm" look="quiet" onClick={clear}>
        Clear
      </Button>
    </div>
  );
}
