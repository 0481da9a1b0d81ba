import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { post } from "@/api/client";
import { asProblem } from "@/api/problem";
import { messagesQuery, turnsQuery } from "@/api/queries/agents";
import type { Agent } from "@/api/types";
import { freshId } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Composer } from "./Composer";
import { conversation, type Draft, flatten } from "./conversation";
import { DraftItem, MessageItem, TurnItem } from "./ConversationItems";

/** How near the end counts as being there. */
const NEAR_PX = 80;

/** What was said to the agent and what it answers, live, and a place to write to it. */
export function Conversation({ agent }: { agent: Agent }) {
  const messages = useInfiniteQuery(messagesQuery(agent.id));
  const turns = useInfiniteQuery(turnsQuery(agent.id));
  const [drafts, setDrafts] = useState<readonly Draft[]>([]);
  const items = useMemo(
    () =>
      conversation(
        flatten(messages.data?.pages, (page) => page.messages),
        flatten(turns.data?.pages, (page) => page.turns),
        drafts,
      ),
    [messages.data, turns.data, drafts],
  );

  const send = async (body: string, kind: string) => {
    const key = freshId();
    const change = (part: Partial<Draft>) =>
      setDrafts((all) => all.map((each) => (each.key === key ? { ...each, ...part } : each)));
    setDrafts((all) => [
      ...all,
      { key, body, class: kind, at: new Date().toISOString(), messageId: null, error: null },
    ]);
    try {
      const accepted = await post("/api/persistent-agents/{agent}/messages", {
        params: { path: { agent: agent.id } },
        body: { body, class: kind },
        headers: { "idempotency-key": key },
      });
      change({ messageId: accepted.messageId });
    } catch (error) {
      change({ error: asProblem(error).detail });
    }
  };

  const older = messages.hasNextPage || turns.hasNextPage;
  const loadOlder = () => {
    if (messages.hasNextPage) void messages.fetchNextPage();
    if (turns.hasNextPage) void turns.fetchNextPage();
  };
  const error = messages.error ?? turns.error;
  return (
    <section
      aria-label="Conversation"
      className="flex min-h-0 flex-col overflow-hidden rounded-lg border border-line bg-surface"
    >
      <div
        ref={keepEnd}
        tabIndex={0}
        role="log"
        aria-label={`What was said to ${agent.name} and what it answered`}
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain"
      >
        <div className="flex flex-col gap-4 px-4 py-4">
          {older && (
            <Button
              size="sm"
              look="quiet"
              className="self-center"
              busy={messages.isFetchingNextPage || turns.isFetchingNextPage}
              onClick={loadOlder}
            >
              Show what was before
            </Button>
          )}
          {error && <ErrorNote error={error} />}
          {(messages.isPending || turns.isPending) && !error && <Waiting rows={6} />}
          {messages.data && turns.data && items.length === 0 && (
            <Empty title="Nothing was said yet">
              Write to {agent.name} below: it wakes when mail comes.
            </Empty>
          )}
          {items.map((item) =>
            item.kind === "message" ? (
              <MessageItem key={item.key} message={item.message} />
            ) : item.kind === "turn" ? (
              <TurnItem key={item.key} turn={item.turn} agent={agent} />
            ) : (
              <DraftItem
                key={item.key}
                draft={item.draft}
                again={() => {
                  setDrafts((all) => all.filter((each) => each.key !== item.key));
                  void send(item.draft.body, item.draft.class);
                }}
              />
            ),
          )}
        </div>
      </div>
      <Composer agent={agent} send={send} />
    </section>
  );
}

/** For a scrolled element with one child: keeps the end in sight while the reader is there. */
function keepEnd(element: HTMLDivElement | null) {
  if (!element) return;
  let isAtEnd = true;
  const looked = () => {
    isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
  };
  const grown = new ResizeObserver(() => {
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  });
  element.addEventListener("scroll", looked, { passive: true });
  grown.observe(element);
  for (const child of element.children) grown.observe(child);
  return () => {
    element.removeEventListener("scroll", looked);
    grown.disconnect();
  };
}
