import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { Mail, Users } from "lucide-react";
import type { Agent } from "@/api/types";
import { money } from "@/lib/money";
import { Status } from "@/ui/Status";

const hidden = "opacity-0! pointer-events-none!";

function Ends() {
  return (
    <>
      <Handle
        type="target"
        position={Position.Left}
        className={clsx(hidden, "left-1/2! top-1/2!")}
        isConnectable={false}
      />
      <Handle
        type="source"
        position={Position.Right}
        className={clsx(hidden, "left-1/2! top-1/2!")}
        isConnectable={false}
      />
    </>
  );
}

export function AgentNode({ data }: NodeProps<Node<{ agent: Agent }>>) {
  const { agent } = data;
  const works = agent.state === "running" || agent.state === "provisioning";
  return (
    <div className="relative">
      <Ends />
      <Link
        to="/agents/$slug"
        params={{ slug: agent.slug }}
        className={clsx(
          "nopan block w-52 rounded-lg border bg-surface px-3 py-2.5 hover:border-accent",
          works ? "border-accent ring-3 ring-accent-soft" : "border-line-strong/70",
        )}
      >
        <span className="flex items-center justify-between gap-2">
          <span className="min-w-0 truncate text-sm font-semibold">{agent.name}</span>
          <Status state={agent.state} bare />
        </span>
        <span className="mt-0.5 line-clamp-2 min-h-[2.25rem] text-xs text-muted">
          {agent.description ?? agent.slug}
        </span>
        <span className="mt-1.5 flex items-center justify-between text-2xs text-muted">
          <span>{agent.turnsTaken} turns</span>
          <span
            className={clsx(
              "flex items-center gap-1",
              agent.inboxPending !== 0 && "font-semibold text-accent",
            )}
          >
            <Mail size={11} aria-hidden /> {agent.inboxPending}{" "}
            <span className="sr-only">messages wait</span>
          </span>
          <span>{money(agent.totalCostUsd)}</span>
        </span>
      </Link>
    </div>
  );
}

export function PeopleNode() {
  return (
    <div className="flex items-center gap-2 rounded-full border border-line-strong/70 bg-raised px-4 py-2 text-sm font-medium">
      <Ends />
      <Users size={15} aria-hidden /> People and systems
    </div>
  );
}
