import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { patch } from "@/api/client";
import type { FileComment, Review } from "@/api/types";
import { Button, IconButton } from "@/ui/Button";
import { Empty } from "@/ui/feedback";
import { Area, Field, Input, Select } from "@/ui/fields";
import { Markdown } from "@/ui/Markdown";
import { Panel } from "@/ui/Page";

const VERDICTS = [
  ["approve", "approve"],
  ["request_changes", "request changes"],
  ["comment", "comment"],
] as const;

/** What is about to be handed in, and can be changed until then. */
export function Draft({ review }: { review: Review }) {
  const [summary, setSummary] = useState(review.summary ?? "");
  const [verdict, setVerdict] = useState(review.verdict ?? "comment");
  const [comments, setComments] = useState<readonly FileComment[]>(review.fileComments ?? []);
  const canEdit = review.state === "ready" || review.state === "stale";
  const save = useAct(
    () =>
      patch("/api/pr-reviews/{review}", {
        params: { path: { review: review.id } },
        body: { summary, verdict, fileComments: [...comments] },
      }),
    {
      done: "The draft is saved. It is in your hands now.",
      changes: [["review", review.id], ["reviews"]],
    },
  );
  if (!review.summary && comments.length === 0 && !canEdit) {
    return (
      <Panel>
        <Empty title="No draft yet">
          The agent writes it. Nothing is handed in before you say so.
        </Empty>
      </Panel>
    );
  }
  if (!canEdit) {
    return (
      <Panel title="The review" pad>
        <Markdown text={review.summary ?? ""} />
        <ul className="mt-4 flex flex-col gap-3">
          {comments.map((comment, index) => (
            <li key={index} className="border-l-2 border-line pl-3">
              <p className="font-mono text-xs text-muted">{place(comment)}</p>
              <Markdown text={comment.body} />
            </li>
          ))}
        </ul>
      </Panel>
    );
  }
  const change = (index: number, part: Partial<FileComment>) =>
    setComments((all) => all.map((each, at) => (at === index ? { ...each, ...part } : each)));
  return (
    <Panel title="The draft" pad>
      <div className="flex flex-col gap-4">
        <Field label="Verdict">
          {(control) => (
            <Select
              {...control}
              className="w-auto!"
              value={verdict}
              onChange={(event) => setVerdict(event.target.value)}
              options={VERDICTS}
            />
          )}
        </Field>
        <Field label="For everybody to read">
          {(control) => (
            <Area
              {...control}
              rows={8}
              value={summary}
              onChange={(event) => setSummary(event.target.value)}
            />
          )}
        </Field>
        {comments.map((comment, index) => (
          <fieldset key={index} className="flex flex-col gap-2 rounded-md border border-line p-3">
            <legend className="px-1 font-mono text-xs text-muted">{place(comment)}</legend>
            <div className="flex gap-2">
              <Input
                aria-label="File"
                className="font-mono text-xs"
                value={comment.path}
                onChange={(event) => change(index, { path: event.target.value })}
              />
              <Input
                aria-label="Line"
                className="w-20! font-mono text-xs"
                inputMode="numeric"
                value={comment.line ?? ""}
                onChange={(event) =>
                  change(index, { line: Number.parseInt(event.target.value, 10) || null })
                }
              />
              <IconButton
                label="Remove the comment"
                onClick={() => setComments((all) => all.filter((_, at) => at !== index))}
              >
                <Trash2 size={14} aria-hidden />
              </IconButton>
            </div>
            <Area
              aria-label="Comment"
              rows={3}
              value={comment.body}
              onChange={(event) => change(index, { body: event.target.value })}
            />
          </fieldset>
        ))}
        <div className="flex justify-between gap-2">
          <Button
            size="sm"
            onClick={() =>
              setComments((all) => [...all, { path: "", line: null, side: "RIGHT", body: "" }])
            }
          >
            <Plus size={13} aria-hidden /> Comment on a line
          </Button>
          <Button look="primary" busy={save.isPending} onClick={() => save.mutate()}>
            Save the draft
          </Button>
        </div>
      </div>
    </Panel>
  );
}

function place(comment: FileComment): string {
  const line = comment.line ? `:${comment.line}` : "";
  return `${comment.path || "a file"}${line}${comment.side === "LEFT" ? " (before)" : ""}`;
}
