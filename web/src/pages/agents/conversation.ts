import type { Message, Turn } from "@/api/types";

/** A message that was sent from here and is not in the list yet. */
export type Draft = {
  key: string;
  body: string;
  class: string;
  at: string;
  messageId: string | null;
  error: string | null;
};

export type Item =
  | { kind: "message"; key: string; at: string; message: Message }
  | { kind: "turn"; key: string; at: string; turn: Turn }
  | { kind: "draft"; key: string; at: string; draft: Draft };

/** What was said to an agent and what it made of it, oldest first. */
export function conversation(
  messages: readonly Message[],
  turns: readonly Turn[],
  drafts: readonly Draft[],
): Item[] {
  const known = new Set(messages.map((message) => message.id));
  const items: Item[] = [
    ...messages.map((message) => ({
      kind: "message" as const,
      key: message.id,
      at: message.receivedAt,
      message,
    })),
    ...turns.map((turn) => ({ kind: "turn" as const, key: turn.id, at: turn.startedAt, turn })),
    ...drafts
      .filter((draft) => draft.messageId === null || !known.has(draft.messageId))
      .map((draft) => ({ kind: "draft" as const, key: draft.key, at: draft.at, draft })),
  ];
  return items.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || rankOf(a) - rankOf(b));
}

/** At one and the same moment a message comes before the turn it wakes. */
function rankOf(item: Item): number {
  return item.kind === "message" ? 0 : item.kind === "turn" ? 1 : 2;
}

/** The messages of a list of pages that begins with the newest, each once. */
export function flatten<Page, Row extends { id: string }>(
  pages: readonly Page[] | undefined,
  rows: (page: Page) => Row[],
): Row[] {
  const seen = new Set<string>();
  return (pages ?? []).flatMap(rows).filter((row) => {
    // A page may begin with what the one before ended with, when something new has come in between.
    if (seen.has(row.id)) return false;
    seen.add(row.id);
    return true;
  });
}
