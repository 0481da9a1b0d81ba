import { useQuery } from "@tanstack/react-query";
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type ActorKind, actorQuery, agentsQuery } from "@/api/queries/agents";
import { tasksInQuery } from "@/api/queries/tasks";
import type { Agent, Task } from "@/api/types";
import { repoName } from "@/lib/text";
import { Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { Lasts, When } from "@/ui/Time";

/** Rows of a list here; the pages have the rest. */
const ROWS = 8;

function useTasksIn(states: readonly [string, string]): Task[] {
  const first = useQuery(tasksInQuery(states[0])).data ?? [];
  const second = useQuery(tasksInQuery(states[1])).data ?? [];
  return [...first, ...second];
}

const agentLink = (agent: Agent): LinkProps => ({
  to: "/agents/$slug",
  params: { slug: agent.slug },
});
const taskLink = (task: Task): LinkProps => ({ to: "/tasks/$task", params: { task: task.id } });

export function Running() {
  const agents = (useQuery(agentsQuery).data ?? []).filter(
    (agent) => agent.state === "running" || agent.state === "provisioning",
  );
  const tasks = useTasksIn(["running", "provisioning"]);
  const total = agents.length + tasks.length;
  return (
    <Panel title="Running" aside={total || undefined}>
      {total === 0 && <Nothing>Nothing works right now.</Nothing>}
      <ul>
        {agents.slice(0, ROWS).map((agent) => (
          <Row
            key={agent.id}
            link={agentLink(agent)}
            kind="agent"
            name={agent.name}
            about={agent.description ?? ""}
            state={agent.state}
            end={<Lasts from={agent.stateSince} />}
          />
        ))}
        {tasks.slice(0, ROWS).map((task) => (
          <Row
            key={task.id}
            link={taskLink(task)}
            kind="task"
            name={task.title}
            about={repoName(task.repoUrl)}
            state={task.state}
            end={<Lasts from={task.stateSince} />}
          />
        ))}
      </ul>
      <Rest total={total} shown={Math.min(agents.length, ROWS) + Math.min(tasks.length, ROWS)} />
    </Panel>
  );
}

export function WaitingList() {
  const agents = (useQuery(agentsQuery).data ?? []).filter(
    (agent) => agent.state === "queued" || (agent.state === "idle" && agent.holdReason),
  );
  const queued = useTasksIn(["queued", "waiting_on_deps"]);
  const open = useTasksIn(["pr_opened", "pending"]);
  const tasks = [...queued, ...open];
  const total = agents.length + tasks.length;
  return (
    <Panel title="Waiting" aside={total || undefined}>
      {total === 0 && <Nothing>Nothing waits.</Nothing>}
      <ul>
        {agents.slice(0, ROWS).map((agent) => (
          <Row
            key={agent.id}
            link={agentLink(agent)}
            kind="agent"
            name={agent.name}
            about={<Wait kind="agent" id={agent.id} fallback={agent.holdReason} />}
            state={agent.state}
            end={<Lasts from={agent.stateSince} />}
          />
        ))}
        {tasks.slice(0, ROWS).map((task) => (
          <Row
            key={task.id}
            link={taskLink(task)}
            kind="task"
            name={task.title}
            about={<Wait kind="task" id={task.id} fallback={task.stateReason} />}
            state={task.state}
            end={<Lasts from={task.stateSince} />}
          />
        ))}
      </ul>
      <Rest total={total} shown={Math.min(agents.length, ROWS) + Math.min(tasks.length, ROWS)} />
    </Panel>
  );
}

export function Failed() {
  const failed = useQuery(tasksInQuery("failed", 20)).data ?? [];
  if (failed.length === 0) return null;
  return (
    <Panel
      title="Failed"
      aside={
        <Link
          to="/tasks"
          search={{ state: "failed", view: "table" }}
          className="hover:text-ink hover:underline"
        >
          All failed tasks
        </Link>
      }
    >
      <ul>
        {failed.slice(0, ROWS).map((task) => (
          <Row
            key={task.id}
            link={taskLink(task)}
            kind="task"
            name={task.title}
            about={task.errorMessage ?? task.stateReason ?? ""}
            state={task.state}
            end={<When at={task.stateSince} />}
          />
        ))}
      </ul>
    </Panel>
  );
}

/** Why something waits, for whom, and until when: in its own words. */
function Wait({
  kind,
  id,
  fallback,
}: {
  kind: ActorKind;
  id: string;
  fallback: string | null | undefined;
}) {
  const wait = useQuery(actorQuery(kind, id)).data?.wait;
  if (!wait) return fallback ?? " ";
  return (
    <>
      {wait.reason} · {wait.holder}
      {wait.until && (
        <>
          {" · looks again "}
          <When at={wait.until} />
        </>
      )}
    </>
  );
}

type RowProps = {
  link: LinkProps;
  kind: string;
  name: string;
  about: ReactNode;
  state: string;
  end: ReactNode;
};

function Row({ link, kind, name, about, state, end }: RowProps) {
  return (
    <li className="border-b border-line last:border-b-0">
      <Link {...link} className="flex items-center gap-3 px-4 py-2 hover:bg-raised/60">
        <div className="min-w-0 flex-1">
          <p className="flex items-center gap-2 text-sm">
            <span className="min-w-0 truncate font-medium">{name}</span>
            <Tag>{kind}</Tag>
          </p>
          <p className="truncate text-xs text-muted">{about}</p>
        </div>
        <Status state={state} />
        <span className="w-16 shrink-0 text-right text-xs text-muted">{end}</span>
      </Link>
    </li>
  );
}

function Nothing({ children }: { children: string }) {
  return <p className="px-4 py-3 text-sm text-muted">{children}</p>;
}

function Rest({ total, shown }: { total: number; shown: number }) {
  if (total <= shown) return null;
  return (
    <p className="border-t border-line px-4 py-2 text-xs text-muted">and {total - shown} more</p>
  );
}
