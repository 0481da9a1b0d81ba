import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { taskQuery } from "@/api/queries/tasks";
import type { Task } from "@/api/types";
import { taskSource } from "@/logs/sources";
import { Transcript } from "@/logs/Transcript";
import { duration } from "@/lib/time";
import { repoName } from "@/lib/text";
import { download } from "@/api/client";
import { Button } from "@/ui/Button";
import { ErrorNote, Waiting } from "@/ui/feedback";
import { Out, TabLinks } from "@/ui/links";
import { Page } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { complained } from "@/ui/toast";
import { Pipeline } from "./Pipeline";
import { TaskActions } from "./TaskActions";
import { TaskActivity } from "./TaskActivity";
import { TaskFiles } from "./TaskFiles";
import { TaskLinks } from "./TaskLinks";
import { TaskRuns } from "./TaskRuns";
import { TaskSide } from "./TaskSide";
import { TaskMessage } from "./TaskMessage";

const route = getRouteApi("/tasks/$task");
const TABS = [
  ["transcript", "Transcript"],
  ["activity", "Activity"],
  ["runs", "Runs"],
  ["links", "Links"],
  ["files", "Files"],
] as const;

export default function TaskPage() {
  const { task: name } = route.useParams();
  const { tab = "transcript" } = route.useSearch();
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery(taskQuery(name));
  const id = data?.task.id;
  useEffect(() => {
    // The beginning of an id is enough in an address; what happens is told by the whole one.
    if (id && id !== name)
      void navigate({ to: "/tasks/$task", params: { task: id }, replace: true });
  }, [id, name, navigate]);
  if (error && !data) {
    return (
      <Page title="Task">
        <ErrorNote error={error} retry={() => void refetch()} />
      </Page>
    );
  }
  if (!data) return <Waiting rows={8} />;
  const { task, stallInfo } = data;
  return (
    <Page
      title={task.title}
      fill={tab === "transcript" ? "wide" : undefined}
      heading={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          {task.title} <Status state={task.state} />{" "}
          {task.taskType === "review" && <Tag>review</Tag>}
        </span>
      }
      lead={
        <span className="flex flex-wrap gap-x-3">
          <Out href={task.repoUrl}>{repoName(task.repoUrl)}</Out>
          <code className="font-mono text-xs leading-5">{task.workBranch}</code>
        </span>
      }
      actions={<TaskActions task={task} />}
    >
      <Pipeline task={task} />
      <Reason task={task} pending={data.pendingReason} />
      {stallInfo.isStalled && (
        <p className="rounded-md bg-wait-soft px-3 py-2 text-sm">
          Its agent has said nothing for {duration(stallInfo.silentForMs)}.{" "}
          {stallInfo.lastLogSummary && `Last: ${stallInfo.lastLogSummary}`}
        </p>
      )}
      <TabLinks
        label="Views of the task"
        tabs={TABS.map(([each, label]) => ({
          to: {
            to: "/tasks/$task",
            params: { task: task.id },
            search: { tab: each === "transcript" ? undefined : each },
          },
          label,
          current: each === tab,
        }))}
      />
      <div className="grid gap-4 xl:min-h-0 xl:flex-1 xl:grid-cols-[1fr_19rem]">
        <div className="flex min-w-0 flex-col gap-4 xl:min-h-0">
          {tab === "transcript" && <TaskTranscript task={task} />}
          {tab === "activity" && <TaskActivity task={task} />}
          {tab === "runs" && <TaskRuns task={task} />}
          {tab === "links" && <TaskLinks task={task} />}
          {tab === "files" && <TaskFiles task={task} />}
        </div>
        <TaskSide shown={data} />
      </div>
    </Page>
  );
}

function Reason({ task, pending }: { task: Task; pending: string | null | undefined }) {
  if (task.errorMessage && (task.state === "failed" || task.state === "needs_attention")) {
    return (
      <div role="status" className="rounded-md bg-bad-soft px-3 py-2 text-sm">
        <p className="font-medium break-words text-bad">{task.errorMessage}</p>
        {task.stateReason && task.stateReason !== task.errorMessage && (
          <p className="break-words">{task.stateReason}</p>
        )}
        {task.errorRemedy && <p className="break-words">{task.errorRemedy}</p>}
      </div>
    );
  }
  const reason = pending ?? task.stateReason;
  if (!reason || task.state === "running" || task.state === "completed") return null;
  return <p className="rounded-md bg-wait-soft px-3 py-2 text-sm break-words">{reason}</p>;
}

function TaskTranscript({ task }: { task: Task }) {
  const source = useMemo(() => taskSource(task.id), [task.id]);
  const isLive = task.state === "running" || task.state === "provisioning";
  const save = () =>
    void download(
      `/api/tasks/${task.id}/logs/export?format=plaintext`,
      `task-${task.id.slice(0, 8)}.txt`,
    ).catch(complained);
  return (
    <section
      aria-label="Transcript"
      className="flex h-[75vh] min-h-96 flex-col xl:h-auto xl:flex-1 overflow-hidden rounded-lg border border-line bg-surface"
    >
      <Transcript
        key={task.id}
        source={source}
        live={isLive}
        empty={
          isLive
            ? "It is starting. What its agent says and does comes here."
            : "Its agent has not said anything yet."
        }
        aside={
          <Button size="sm" look="quiet" onClick={save}>
            Export
          </Button>
        }
        className="flex-1"
      />
      <TaskMessage task={task} />
    </section>
  );
}
