import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useMemo } from "react";
import { turnsQuery } from "@/api/queries/agents";
import type { Agent, Turn } from "@/api/types";
import { turnSource } from "@/logs/sources";
import { Transcript } from "@/logs/Transcript";
import { compact, money } from "@/lib/money";
import { plural, title } from "@/lib/text";
import { Empty, Waiting } from "@/ui/feedback";
import { To } from "@/ui/links";
import { Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { Lasts, When } from "@/ui/Time";
import { flatten } from "./conversation";

export function Turns({ agent, turn }: { agent: Agent; turn: string | undefined }) {
  const { data, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    turnsQuery(agent.id),
  );
  if (isPending) return <Waiting rows={6} />;
  const turns = flatten(data?.pages, (page) => page.turns);
  if (turn)
    return <OneTurn agent={agent} id={turn} turn={turns.find((each) => each.id === turn)} />;
  if (turns.length === 0) {
    return (
      <Panel>
        <Empty title="No turn yet">
          A turn is one waking of the agent: it reads its mail, works, and rests again.
        </Empty>
      </Panel>
    );
  }
  return (
    <Panel>
      <Table
        label="Turns"
        columns={columns(agent)}
        rows={turns}
        id={(each) => each.id}
        more={
          hasNextPage ? { fetch: () => void fetchNextPage(), busy: isFetchingNextPage } : undefined
        }
      />
    </Panel>
  );
}

function columns(agent: Agent): Column<Turn>[] {
  return [
    {
      head: "Turn",
      width: "minmax(0, 3fr)",
      cell: (turn) => (
        <>
          <To
            to="/agents/$slug"
            params={{ slug: agent.slug }}
            search={{ tab: "turns", turn: turn.id }}
          >
            Turn {turn.turnNumber}
          </To>
          <p className="truncate text-xs text-muted">{turn.error ?? turn.summary ?? "works"}</p>
        </>
      ),
    },
    { head: "Ended", width: "8rem", cell: (turn) => <Halt turn={turn} /> },
    { head: "Woken by", width: "6rem", wideOnly: true, cell: (turn) => title(turn.wakeSource) },
    { head: "Mail", width: "3.5rem", wideOnly: true, end: true, cell: (turn) => turn.messageCount },
    {
      head: "Took",
      width: "6rem",
      wideOnly: true,
      end: true,
      cell: (turn) => <Lasts from={turn.startedAt} to={turn.finishedAt ?? null} />,
    },
    {
      head: "Tokens",
      width: "5rem",
      wideOnly: true,
      end: true,
      cell: (turn) => compact((turn.inputTokens ?? 0) + (turn.outputTokens ?? 0)),
    },
    { head: "Cost", width: "5rem", wideOnly: true, end: true, cell: (turn) => money(turn.costUsd) },
    {
      head: "Began",
      width: "5.5rem",
      wideOnly: true,
      end: true,
      cell: (turn) => (
        <span className="text-muted">
          <When at={turn.startedAt} />
        </span>
      ),
    },
  ];
}

function Halt({ turn }: { turn: Turn }) {
  if (!turn.haltReason) return <Status state="running" label="works" />;
  if (turn.haltReason === "natural") return <Status state="completed" label="done" />;
  return <Status state={turn.errorClass ? "failed" : "paused"} label={title(turn.haltReason)} />;
}

function OneTurn({ agent, id, turn }: { agent: Agent; id: string; turn: Turn | undefined }) {
  const source = useMemo(() => turnSource(agent.id, id), [agent.id, id]);
  return (
    <section className="flex min-h-96 flex-1 flex-col overflow-hidden rounded-lg border border-line bg-surface">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-2 text-xs text-muted">
        <Link
          to="/agents/$slug"
          params={{ slug: agent.slug }}
          search={{ tab: "turns" }}
          className="flex items-center gap-1 hover:text-ink"
        >
          <ArrowLeft size={13} aria-hidden /> All turns
        </Link>
        {turn && (
          <>
            <span className="text-sm font-semibold text-ink">Turn {turn.turnNumber}</span>
            <Halt turn={turn} />
            <span>woken by {turn.wakeSource}</span>
            <span>{plural(turn.messageCount, "message")}</span>
            <Lasts from={turn.startedAt} to={turn.finishedAt ?? null} />
            <span>{money(turn.costUsd)}</span>
            {turn.modelUsed && <Tag>{turn.modelUsed}</Tag>}
          </>
        )}
      </header>
      {turn?.error && (
        <div className="border-b border-line bg-bad-soft px-3 py-2 text-sm">
          <p className="break-words text-bad">{turn.error}</p>
          {turn.remedy && <p>{turn.remedy}</p>}
        </div>
      )}
      <Transcript
        key={id}
        source={source}
        live={!turn?.finishedAt}
        empty="It has not said anything yet. Transcripts are kept 14 days unless the settings say otherwise."
        className="flex-1"
      />
    </section>
  );
}
