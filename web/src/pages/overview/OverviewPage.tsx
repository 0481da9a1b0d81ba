import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import type { ReactNode } from "react";
import { agentsQuery } from "@/api/queries/agents";
import { overviewQuery } from "@/api/queries/overview";
import { taskStatsQuery } from "@/api/queries/tasks";
import type { components } from "@/api/types";
import { money } from "@/lib/money";
import { buttonClass } from "@/ui/Button";
import { Command, Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Page, Panel } from "@/ui/Page";
import { Lately } from "./Lately";
import { NeedList } from "./NeedList";
import type { Need } from "./needs";
import { Failed, Running, WaitingList } from "./WorkLists";
import { useNeeds } from "./useNeeds";

type Overview = components["schemas"]["OverviewView"];

export default function OverviewPage() {
  const agents = useQuery(agentsQuery);
  const tasks = useQuery(taskStatsQuery);
  const seen = useQuery(overviewQuery);
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
      {seen.error && <ErrorNote error={seen.error} retry={() => void seen.refetch()} />}
      <Figures needs={needs.length} seen={seen.data} />
      {isNew ? <Welcome /> : <Lists needs={needs} seen={seen.data} />}
    </Page>
  );
}

function Lists({ needs, seen }: { needs: readonly Need[]; seen: Overview | undefined }) {
  if (!seen) return <Waiting rows={8} />;
  return (
    <>
      {needs.length !== 0 && (
        <Panel title="Needs you" aside={needs.length}>
          <NeedList needs={needs} />
        </Panel>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Running busy={seen.running} />
        <WaitingList busy={seen.waiting} />
      </div>
      <Failed busy={seen.failed} />
      <Lately />
    </>
  );
}

function Figures({ needs, seen }: { needs: number; seen: Overview | undefined }) {
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-surface sm:grid-cols-3 lg:grid-cols-5">
      <Figure name="Needs you" value={seen && needs} of={undefined} />
      <Figure name="Running" value={seen?.running.length} of={undefined} />
      <Figure
        name="Waiting"
        value={seen?.waiting.length}
        of={seen && `${seen.failed.length} failed`}
      />
      <Figure name="Cost today" value={seen && money(seen.costTodayUsd)} of="since midnight, UTC" />
      <Figure
        name="Sandboxes busy"
        value={seen?.sandboxes.busy}
        of={seen && `${seen.sandboxes.idle} idle, ${seen.sandboxes.dormant} kept as files`}
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
