import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { Bot, Mail, TriangleAlert } from "lucide-react";
import { useMemo } from "react";
import type { Agent, Message, Turn } from "@/api/types";
import { turnSource } from "@/logs/sources";
import { useTranscript } from "@/logs/useTranscript";
import { group, toolTitle } from "@/logs/group";
import { money } from "@/lib/money";
import { plural, title } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Markdown } from "@/ui/Markdown";
import { Status, Tag } from "@/ui/Status";
import { Lasts, When } from "@/ui/Time";
import type { Draft } from "./conversation";

/** The last rows of a turn that is open; the transcript has all of them. */
const LIVE_ROWS = 30;

export function senderName(message: Message): string {
  return (
    message.senderName ??
    (message.senderType === "agent" ? message.senderId : title(message.senderType))
  );
}

export function MessageItem({ message }: { message: Message }) {
  const fromAgent = message.senderType === "agent";
  return (
    <article
      className={clsx("flex max-w-[85%] flex-col gap-1", fromAgent ? "self-start" : "self-end")}
      data-message={message.id}
    >
      <header
        className={clsx(
          "flex flex-wrap items-center gap-2 text-xs text-muted",
          !fromAgent && "justify-end",
        )}
      >
        <Mail size={12} aria-hidden />
        <span className="font-medium text-ink">{senderName(message)}</span>
        {message.topic && <Tag>{message.topic}</Tag>}
        {message.class !== "work" && <Tag tone="wait">{message.class}</Tag>}
        {message.state === "pending" && <Tag>waits</Tag>}
        {message.state === "dead" && <Tag tone="bad">dead</Tag>}
        <When at={message.receivedAt} />
      </header>
      <div
        className={clsx("rounded-lg px-3 py-2 text-sm", fromAgent ? "bg-raised" : "bg-accent-soft")}
      >
        <Markdown text={message.body} />
      </div>
    </article>
  );
}

export function DraftItem({ draft, again }: { draft: Draft; again: () => void }) {
  return (
    <article className="flex max-w-[85%] flex-col gap-1 self-end" aria-busy={draft.error === null}>
      <header className="flex items-center justify-end gap-2 text-xs text-muted">
        {draft.error === null ? "Sending…" : "Not sent"}
      </header>
      <div className="rounded-lg bg-accent-soft px-3 py-2 text-sm opacity-80">
        <Markdown text={draft.body} />
      </div>
      {draft.error !== null && (
        <div className="flex items-center justify-end gap-2 text-xs text-bad">
          <span>{draft.error}</span>
          <Button size="sm" onClick={again}>
            Send again
          </Button>
        </div>
      )}
    </article>
  );
}

export function TurnItem({ turn, agent }: { turn: Turn; agent: Agent }) {
  const isOpen = !turn.finishedAt;
  return (
    <article className="flex w-full flex-col gap-1.5 self-start" data-turn={turn.turnNumber}>
      <header className="flex flex-wrap items-center gap-x-2 gap-y-0.5 text-xs text-muted">
        <Bot size={13} className="text-accent" aria-hidden />
        <span className="font-medium text-ink">{agent.name}</span>
        <Link
          to="/agents/$slug"
          params={{ slug: agent.slug }}
          search={{ tab: "turns", turn: turn.id }}
          className="hover:text-ink hover:underline"
        >
          turn {turn.turnNumber}
        </Link>
        <span>· {plural(turn.messageCount, "message")}</span>
        <span>
          · <Lasts from={turn.startedAt} to={turn.finishedAt ?? null} />
        </span>
        {turn.costUsd && <span>· {money(turn.costUsd)}</span>}
        {turn.haltReason && turn.haltReason !== "natural" && (
          <Tag tone={turn.errorClass ? "bad" : "wait"}>{title(turn.haltReason)}</Tag>
        )}
      </header>
      <div className="border-l-2 border-line pl-3 text-sm">
        {isOpen ? <OpenTurn turn={turn} agent={agent} /> : <ClosedTurn turn={turn} />}
      </div>
    </article>
  );
}

function ClosedTurn({ turn }: { turn: Turn }) {
  if (turn.errorClass) {
    return (
      <div className="flex gap-2">
        <TriangleAlert size={14} className="mt-0.5 shrink-0 text-bad" aria-hidden />
        <div className="min-w-0">
          <p className="break-words text-bad">{turn.error}</p>
          {turn.remedy && <p>{turn.remedy}</p>}
        </div>
      </div>
    );
  }
  if (!turn.summary) return <p className="text-muted">It said nothing at the end.</p>;
  return (
    <div className="max-w-[80ch]">
      <Markdown text={turn.summary} />
    </div>
  );
}

function OpenTurn({ turn, agent }: { turn: Turn; agent: Agent }) {
  const source = useMemo(() => turnSource(agent.id, turn.id), [agent.id, turn.id]);
  const { lines } = useTranscript(source);
  const entries = useMemo(
    () =>
      group(lines)
        .filter((entry) => entry.kind !== "quiet")
        .slice(-LIVE_ROWS),
    [lines],
  );
  return (
    <div className="flex max-w-[80ch] flex-col gap-1.5">
      {entries.map((entry) => {
        if (entry.kind === "tool") {
          const { name, input } = toolTitle(entry.call);
          return (
            <p key={entry.id} className="truncate text-xs text-muted">
              <span className="font-semibold">{name}</span>{" "}
              <span className="font-mono">{input}</span>
            </p>
          );
        }
        if (entry.kind === "line" && entry.line.kind === "text")
          return <Markdown key={entry.id} text={entry.line.text} />;
        return entry.kind === "line" ? (
          <p
            key={entry.id}
            className={clsx(
              "text-xs break-words",
              entry.line.kind === "error" ? "text-bad" : "text-muted italic",
            )}
          >
            {entry.line.text}
          </p>
        ) : null;
      })}
      <Status state="running" label="works" bare />
    </div>
  );
}
