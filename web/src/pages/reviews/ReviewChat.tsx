import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { type FormEvent, useState } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { reviewPartsQuery } from "@/api/queries/work";
import type { Review } from "@/api/types";
import { Button } from "@/ui/Button";
import { Empty, Waiting } from "@/ui/feedback";
import { Area } from "@/ui/fields";
import { Markdown } from "@/ui/Markdown";
import { Panel } from "@/ui/Page";
import { When } from "@/ui/Time";

/** Talks to the review agent, which answers in the same session and may change its draft. */
export function ReviewChat({ review }: { review: Review }) {
  const chat = useQuery(reviewPartsQuery(review.id)).data?.chat;
  const [message, setMessage] = useState("");
  const say = useAct(
    (text: string) =>
      post("/api/pr-reviews/{review}/chat", {
        params: { path: { review: review.id } },
        body: { message: text },
      }),
    {
      changes: [["review", review.id]],
      then: () => setMessage(""),
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    say.mutate(message.trim());
  };
  if (!chat) return <Waiting />;
  return (
    <Panel>
      {chat.length === 0 && (
        <Empty title="Nothing was said yet">
          Ask why it thinks so, or tell it what it has overlooked. It may change its draft.
        </Empty>
      )}
      <ul className="flex flex-col gap-3 p-4">
        {chat.map((each) => (
          <li
            key={each.id}
            className={clsx(
              "max-w-[85%] rounded-lg px-3 py-2 text-sm",
              each.role === "user" ? "self-end bg-accent-soft" : "self-start bg-raised",
            )}
          >
            <p className="mb-1 text-xs text-muted">
              {each.role === "user" ? "You" : "Review agent"} · <When at={each.createdAt} />
            </p>
            <Markdown text={each.content} />
          </li>
        ))}
      </ul>
      <form onSubmit={submit} className="flex flex-col gap-2 border-t border-line p-3">
        <Area
          aria-label="Message to the review agent"
          placeholder="Write to the review agent"
          rows={3}
          value={message}
          onChange={(event) => setMessage(event.target.value)}
        />
        <Button
          type="submit"
          look="primary"
          className="self-end"
          disabled={message.trim() === ""}
          busy={say.isPending}
        >
          Send
        </Button>
      </form>
    </Panel>
  );
}
