import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import type { ReactNode } from "react";
import { healthQuery, metricsQuery } from "@/api/queries/admin";
import { agentsQuery } from "@/api/queries/agents";
import { costsQuery } from "@/api/queries/costs";
import { taskStatsQuery } from "@/api/queries/tasks";
import { jobStatsQuery } from "@/api/queries/work";
import { compact, money } from "@/lib/money";
import { metricValue } from "@/lib/metrics";
import { buttonClass } from "@/ui/Button";
import { Command, Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Page, Panel } from "@/ui/Page";
import { Lately } from "./Lately";
import { NeedList } from "./NeedList";
import { Failed, Running, WaitingList } from "./WorkLists";
import { useNeeds } from "./useNeeds";

export default function OverviewPage() {
  const agents = useQuery(agentsQuery);
  const tasks = useQuery(taskStatsQuery);
  const needs = useNeeds();
  const isNew =
    agents.data?.length === 0 &&
    tasks.data !== undefined &&
    Object.values(tasks.data).every((count) => count === 0);
  return (
    <Page
      title="Overview"
      lead={needs.length === 0 ? "Nothing waits for you." : "Goes on once you have had a look."}
      actions={
        <>
          <Link to="/agents" search={{ create: true }} className={buttonClass()}>
            <Plus size={14} aria-hidden /> Agent
          </Link>
          <Link to="/tasks" search={{ create: "task" }} className={buttonClass("primary")}>
            <Plus size={14} aria-hidden /> Task
          </Link>
        </>
      }
    >
      {agents.error && <ErrorNote error={agents.error} retry={() => void agents.refetch()} />}
      <Figures />
      {isNew ? <Welcome /> : <Lists needs={needs} busy={agents.isPending} />}
    </Page>
  );
}

function Lists({ needs, busy }: { needs: ReturnType<typeof useNeeds>; busy: boolean }) {
  if (busy) return <Waiting rows={8} />;
  return (
    <>
      {needs.length !== 0 && (
        <Panel title="Needs you" aside={needs.length}>
          <NeedList needs={needs} />
        </Panel>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Running />
        <WaitingList />
      </div>
      <Failed />
      <Lately />
    </>
  );
}

function Figures() {
  const agents = useQuery(agentsQuery).data;
  const stats = useQuery(taskStatsQuery).data;
  const runs = useQuery(jobStatsQuery).data;
  const costs = useQuery(costsQuery(1)).data;
  const health = useQuery(healthQuery).data;
  const metrics = useQuery(metricsQuery).data;
  const count = (state: string) => stats?.[state] ?? 0;
  const working = agents?.filter(
    (agent) => agent.state === "running" || agent.state === "provisioning",
  ).length;
  const spent = costs?.reduce((sum, cost) => sum + cost.amount, 0n);
  const tokens = costs?.reduce((sum, cost) => sum + cost.tokens, 0);
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-surface sm:grid-cols-3 lg:grid-cols-5">
      <Figure name="Agents working" value={working} of={agents && `of ${agents.length}`} />
      <Figure
        name="Tasks running"
        value={stats && count("running") + count("provisioning")}
        of={
          stats &&
          `${count("queued") + count("pending") + count("waiting_on_deps")} wait, ${count("pr_opened")} PR open`
        }
      />
      <Figure name="Runs of jobs" value={runs?.running} of={runs && `${runs.queued} wait`} />
      <Figure
        name="Cost today"
        value={spent === undefined ? undefined : money(spent)}
        of={tokens === undefined ? undefined : `${compact(tokens)} tokens`}
      />
      <Figure
        name="Sandboxes"
        value={health?.runners}
        of={
          health &&
          metrics &&
          `${metricValue(metrics, "optio_turns_open")} of ${health.maxConcurrent} turns at once`
        }
      />
    </dl>
  );
}

function Figure({
  name,
  value,
  of,
}: {
  name: string;
  value: ReactNode | undefined;
  of: ReactNode | undefined;
}) {
  return (
    <div className="-mr-px -mb-px border-r border-b border-line px-4 py-3">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="mt-0.5 text-2xl font-semibold tracking-tight">
        {value ?? <span className="skeleton inline-block h-6 w-10 align-middle" />}
      </dd>
      <dd className="truncate text-xs text-muted">{of ?? " "}</dd>
    </div>
  );
}

function Welcome() {
  return (
    <Panel>
      <Empty
        title="Nothing runs here yet"
        action={
          <>
            <Link to="/agents" search={{ create: true }} className={buttonClass("primary")}>
              Create an agent
            </Link>
            <Link to="/repos" className={buttonClass()}>
              Add a repository
            </Link>
          </>
        }
      >
        An agent has a name and an inbox and works when mail comes; a task turns a ticket into a
        merged pull request. A whole team comes from files:{" "}
        <Command>optio apply -f examples/persistent-agents/forge/agents</Command>
      </Empty>
    </Panel>
  );
}
