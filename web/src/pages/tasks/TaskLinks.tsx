import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useAct } from "@/api/act";
import { post, remove } from "@/api/client";
import { taskLinksQuery } from "@/api/queries/tasks";
import type { Task } from "@/api/types";
import { Button } from "@/ui/Button";
import { Waiting } from "@/ui/feedback";
import { Input } from "@/ui/fields";
import { To } from "@/ui/links";
import { Panel } from "@/ui/Page";
import { Status } from "@/ui/Status";

type Linked = { id: string; title: string; state: string };

/** What it waits for, what waits for it, and its parts. */
export function TaskLinks({ task }: { task: Task }) {
  const { data } = useQuery(taskLinksQuery(task.id));
  const changes = [["task", task.id]];
  const drop = useAct(
    (on: string) =>
      remove("/api/tasks/{task}/dependencies/{on}", { params: { path: { task: task.id, on } } }),
    {
      done: "It waits for that no more.",
      changes,
    },
  );
  const add = useAct(
    (id: string) =>
      post("/api/tasks/{task}/dependencies", {
        params: { path: { task: task.id } },
        body: { dependsOnIds: [id] },
      }),
    {
      done: "It waits for that as well.",
      changes,
    },
  );
  if (!data) return <Waiting />;
  return (
    <>
      <Panel title="Waits for">
        <LinkedList
          tasks={data.dependencies}
          empty="It depends on no other task."
          act={(id) => drop.mutate(id)}
        />
        <AddDependency busy={add.isPending} add={(id) => add.mutate(id)} />
      </Panel>
      <Panel title="Waits for it">
        <LinkedList tasks={data.dependents} empty="No other task depends on it." />
      </Panel>
      <Panel title="Its parts">
        <LinkedList tasks={data.parts} empty="It has no subtasks." />
      </Panel>
      {task.parentTaskId && (
        <Panel title="Part of" pad>
          <To to="/tasks/$task" params={{ task: task.parentTaskId }}>
            its parent task
          </To>
        </Panel>
      )}
    </>
  );
}

function LinkedList({
  tasks,
  empty,
  act,
}: {
  tasks: readonly Linked[];
  empty: string;
  act?: (id: string) => void;
}) {
  if (tasks.length === 0) return <p className="px-4 py-3 text-sm text-muted">{empty}</p>;
  return (
    <ul>
      {tasks.map((each) => (
        <li
          key={each.id}
          className="flex items-center gap-3 border-b border-line px-4 py-2 text-sm last:border-b-0"
        >
          <To to="/tasks/$task" params={{ task: each.id }} className="min-w-0 flex-1 truncate">
            {each.title}
          </To>
          <Status state={each.state} />
          {act && (
            <Button size="sm" look="quiet" onClick={() => act(each.id)}>
              Remove
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function AddDependency({ add, busy }: { add: (id: string) => void; busy: boolean }) {
  const [id, setId] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add(id.trim());
    setId("");
  };
  return (
    <form onSubmit={submit} className="flex gap-2 border-t border-line p-3">
      <Input
        aria-label="Id of a task it should wait for"
        placeholder="Id of a task"
        className="font-mono text-xs"
        value={id}
        onChange={(event) => setId(event.target.value)}
      />
      <Button type="submit" disabled={id.trim() === ""} busy={busy}>
        Add
      </Button>
    </form>
  );
}
