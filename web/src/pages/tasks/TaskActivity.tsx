import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import diagram from "../../../../docs/states/task.mmd?raw";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { taskActivityQuery } from "@/api/queries/tasks";
import type { components, Task } from "@/api/types";
import { parseStates } from "@/lib/states";
import { words } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Waiting } from "@/ui/feedback";
import { Area } from "@/ui/fields";
import { Markdown } from "@/ui/Markdown";
import { Panel } from "@/ui/Page";
import { StateMachine } from "@/ui/StateMachine";
import { Status } from "@/ui/Status";
import { When } from "@/ui/Time";
import { Why } from "@/ui/Why";

const STEPS = parseStates(diagram);
const TRACK = ["pending", "queued", "provisioning", "running", "pr_opened", "completed"];

/** Comments, messages and changes of state in one row, and why it is where it is. */
export function TaskActivity({ task }: { task: Task }) {
  const { data } = useQuery(taskActivityQuery(task.id));
  return (
    <>
      <Panel title="What happened">
        {!data && <Waiting />}
        <ol>
          {data?.map((each) => (
            <li
              key={`${each.type}-${each.id}`}
              className="border-b border-line px-4 py-2 text-sm last:border-b-0"
            >
              <Row each={each} />
            </li>
          ))}
        </ol>
        <Comment task={task} />
      </Panel>
      <Why kind="task" id={task.id} />
      <Panel title="State" pad>
        <StateMachine steps={STEPS} current={task.state} track={TRACK} />
      </Panel>
    </>
  );
}

function Row({ each }: { each: components["schemas"]["Activity"] }) {
  const when = (
    <span className="shrink-0 text-xs text-muted">
      <When at={each.createdAt} />
    </span>
  );
  if (each.type === "event") {
    return (
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <p className="flex flex-wrap items-center gap-2">
            <Status state={each.toState} bare />{" "}
            <span className="text-xs text-muted">{words(each.trigger)}</span>
          </p>
          {each.message && <p className="break-words text-muted">{each.message}</p>}
        </div>
        {when}
      </div>
    );
  }
  return (
    <div className="flex items-start justify-between gap-3">
      <div className="min-w-0">
        <p className="text-xs font-medium">
          {each.type === "comment"
            ? `${each.user.displayName} comments`
            : `To the agent${each.mode === "interrupt" ? ", at once" : ""}`}
          {each.type === "message" && (
            <span className="ml-2 font-normal text-muted">
              {each.deliveryError ??
                (each.ackedAt ? "taken" : each.deliveredAt ? "delivered" : "waits")}
            </span>
          )}
        </p>
        <Markdown text={each.content} />
      </div>
      {when}
    </div>
  );
}

function Comment({ task }: { task: Task }) {
  const [content, setContent] = useState("");
  const add = useAct(
    (text: string) =>
      post("/api/tasks/{task}/comments", {
        params: { path: { task: task.id } },
        body: { content: text },
      }),
    {
      changes: [["task", task.id]],
      then: () => setContent(""),
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(content.trim());
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2 border-t border-line p-3">
      <Area
        aria-label="Comment"
        placeholder="A comment for people. The agent is not told of it."
        rows={2}
        value={content}
        onChange={(event) => setContent(event.target.value)}
      />
      <Button
        type="submit"
        size="sm"
        className="self-end"
        disabled={content.trim() === ""}
        busy={add.isPending}
      >
        Comment
      </Button>
    </form>
  );
}
