import type { Agent } from "@/api/types";
import { compact, money } from "@/lib/money";
import { To } from "@/ui/links";
import { Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { When } from "@/ui/Time";

const COLUMNS: Column<Agent>[] = [
  {
    head: "Agent",
    width: "minmax(10rem, 2fr)",
    cell: (agent) => (
      <>
        <div className="flex items-center gap-2">
          <To to="/agents/$slug" params={{ slug: agent.slug }}>
            {agent.name}
          </To>
          {!agent.enabled && <Tag tone="wait">disabled</Tag>}
        </div>
        <p className="truncate text-xs text-muted">{agent.description ?? agent.slug}</p>
      </>
    ),
  },
  { head: "State", width: "8.5rem", cell: (agent) => <Status state={agent.state} /> },
  {
    head: "Lifecycle",
    width: "7rem",
    wideOnly: true,
    cell: (agent) => <span className="text-muted">{agent.podLifecycle}</span>,
  },
  { head: "Inbox", width: "4rem", wideOnly: true, end: true, cell: (agent) => agent.inboxPending },
  { head: "Turns", width: "4rem", wideOnly: true, end: true, cell: (agent) => agent.turnsTaken },
  {
    head: "Tokens",
    width: "5rem",
    wideOnly: true,
    end: true,
    cell: (agent) => compact(agent.totalInputTokens + agent.totalOutputTokens),
  },
  {
    head: "Cost",
    width: "5rem",
    wideOnly: true,
    end: true,
    cell: (agent) => money(agent.totalCostUsd),
  },
  {
    head: "Last turn",
    width: "6rem",
    wideOnly: true,
    end: true,
    cell: (agent) => (
      <span className="text-muted">
        <When at={agent.lastTurnAt} />
      </span>
    ),
  },
];

export function AgentList({ agents }: { agents: readonly Agent[] }) {
  return (
    <Panel>
      <Table label="Agents" columns={COLUMNS} rows={agents} id={(agent) => agent.id} />
    </Panel>
  );
}
