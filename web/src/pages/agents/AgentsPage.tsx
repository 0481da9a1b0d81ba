import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { lazy, Suspense } from "react";
import { agentsQuery } from "@/api/queries/agents";
import { plural } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Command, Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { TabLinks } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { AgentList } from "./AgentList";
import { NewAgent } from "./NewAgent";
import { Topics } from "./Topics";

const TeamGraph = lazy(() => import("./TeamGraph"));
const route = getRouteApi("/agents");

export default function AgentsPage() {
  const { view = "graph", create } = route.useSearch();
  const navigate = useNavigate();
  const { data: agents, error, refetch } = useQuery(agentsQuery);
  const setCreate = (on: boolean) =>
    void navigate({ to: "/agents", search: { view, create: on || undefined } });
  const live = agents?.filter((agent) => agent.state !== "archived") ?? [];
  return (
    <Page
      title="Agents"
      lead={
        agents &&
        `${plural(live.length, "agent")}. They work when mail comes and talk to each other by messages.`
      }
      actions={
        <Button look="primary" onClick={() => setCreate(true)}>
          <Plus size={14} aria-hidden /> New agent
        </Button>
      }
    >
      <TabLinks
        label="Views of the team"
        tabs={[
          {
            to: { to: "/agents", search: { view: "graph" } },
            label: "Team",
            current: view === "graph",
          },
          {
            to: { to: "/agents", search: { view: "list" } },
            label: "List",
            current: view === "list",
          },
          {
            to: { to: "/agents", search: { view: "topics" } },
            label: "Topics",
            current: view === "topics",
          },
        ]}
      />
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      {!agents && !error && <Waiting rows={8} />}
      {agents?.length === 0 && (
        <Panel>
          <Empty
            title="No agent yet"
            action={
              <Button look="primary" onClick={() => setCreate(true)}>
                Create one
              </Button>
            }
          >
            An agent is long-lived: it has a name, a role and an inbox, and keeps its files and its
            conversation between turns. Bring up a team of four with{" "}
            <Command>optio apply -f examples/persistent-agents/forge/agents</Command>
          </Empty>
        </Panel>
      )}
      {agents && 0 < agents.length && view === "graph" && (
        <Suspense fallback={<div className="skeleton h-[60vh] rounded-lg" />}>
          <TeamGraph agents={live} />
        </Suspense>
      )}
      {agents && 0 < agents.length && view === "list" && <AgentList agents={agents} />}
      {agents && 0 < agents.length && view === "topics" && <Topics agents={agents} />}
      <Dialog
        open={create === true}
        onClose={() => setCreate(false)}
        title="New agent"
        lead="Its first message is what it does at once."
        wide
      >
        <NewAgent />
      </Dialog>
    </Page>
  );
}
