import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { RotateCcw, SquareX } from "lucide-react";
import { useMemo } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { jobQuery, runFilesQuery, runQuery } from "@/api/queries/work";
import type { Run } from "@/api/types";
import { compact, money } from "@/lib/money";
import { isRecord } from "@/lib/text";
import { runSource } from "@/logs/sources";
import { Transcript } from "@/logs/Transcript";
import { Button } from "@/ui/Button";
import { ErrorNote, Waiting } from "@/ui/feedback";
import { FileList } from "@/ui/FileList";
import { To } from "@/ui/links";
import { Markdown } from "@/ui/Markdown";
import { Facts, Page, Panel } from "@/ui/Page";
import { Status } from "@/ui/Status";
import { Lasts, When } from "@/ui/Time";

const route = getRouteApi("/runs/$run");

export default function RunPage() {
  const { run: id } = route.useParams();
  const { data: run, error } = useQuery(runQuery(id));
  const files = useQuery(runFilesQuery(id)).data;
  const source = useMemo(() => runSource(id), [id]);
  if (error && !run) {
    return (
      <Page title="Run">
        <ErrorNote error={error} />
      </Page>
    );
  }
  if (!run) return <Waiting rows={8} />;
  const isLive = run.detailedState === "running" || run.detailedState === "provisioning";
  const summary =
    isRecord(run.output) && typeof run.output["summary"] === "string"
      ? run.output["summary"]
      : null;
  return (
    <Page
      title={run.title}
      heading={
        <span className="flex flex-wrap items-center gap-3">
          {run.title} <Status state={run.detailedState} />
        </span>
      }
      lead={run.workflowId && <JobLink id={run.workflowId} />}
      actions={<Actions run={run} />}
    >
      {run.errorMessage && (
        <div role="status" className="rounded-md bg-bad-soft px-3 py-2 text-sm">
          <p className="font-medium break-words text-bad">{run.errorMessage}</p>
          {run.errorRemedy && <p>{run.errorRemedy}</p>}
        </div>
      )}
      {!run.errorMessage && run.stateReason && !isLive && run.detailedState !== "completed" && (
        <p className="rounded-md bg-wait-soft px-3 py-2 text-sm">{run.stateReason}</p>
      )}
      <div className="grid items-start gap-4 xl:grid-cols-[1fr_19rem]">
        <div className="flex min-w-0 flex-col gap-4">
          {summary && (
            <Panel title="Its last words" pad>
              <Markdown text={summary} />
            </Panel>
          )}
          <section
            aria-label="Transcript"
            className="flex h-[62vh] min-h-80 flex-col overflow-hidden rounded-lg border border-line bg-surface"
          >
            <Transcript
              key={id}
              source={source}
              live={isLive}
              empty={isLive ? "It is starting." : "Its agent has not said anything."}
              className="flex-1"
            />
          </section>
          {files && <FileList files={files} base={`/api/workflow-runs/${run.id}`} />}
        </div>
        <aside aria-label="About the run" className="flex min-w-0 flex-col gap-4">
          <Panel title="About" pad>
            <Facts
              facts={[
                ["Cost", money(run.costUsd)],
                ["Tokens", `${compact(run.inputTokens)} in, ${compact(run.outputTokens)} out`],
                ["Attempts", `${run.attempts}, tried again ${run.retryCount} of ${run.maxRetries}`],
                ["Model", run.modelUsed],
                ["Created", <When key="created" at={run.createdAt} />],
                [
                  "Took",
                  run.startedAt ? (
                    <Lasts key="took" from={run.startedAt} to={run.finishedAt ?? null} />
                  ) : null,
                ],
                ["Started by", run.triggerId ? "a trigger" : run.createdBy],
                [
                  "Parameters",
                  <code key="params" className="font-mono text-xs break-all">
                    {JSON.stringify(run.params)}
                  </code>,
                ],
              ]}
            />
          </Panel>
          <Panel title="What it was told" pad>
            <p
              className="max-h-72 overflow-y-auto text-sm break-words whitespace-pre-wrap"
              tabIndex={0}
              role="region"
              aria-label="Prompt"
            >
              {run.prompt}
            </p>
          </Panel>
        </aside>
      </div>
    </Page>
  );
}

function JobLink({ id }: { id: string }) {
  const job = useQuery(jobQuery(id)).data;
  return (
    <>
      a run of{" "}
      <To to="/jobs/$job" params={{ job: id }}>
        {job?.name ?? "its job"}
      </To>
    </>
  );
}

function Actions({ run }: { run: Run }) {
  const params = { path: { run: run.id } };
  const changes = [["run", run.id], ["runs"], ["jobs"]];
  const cancel = useAct(() => post("/api/workflow-runs/{run}/cancel", { params }), {
    done: "Cancelled. Its process is gone within five seconds.",
    changes,
  });
  const retry = useAct(() => post("/api/workflow-runs/{run}/retry", { params }), {
    done: "It tries again.",
    changes,
  });
  if (run.state === "failed") {
    return (
      <Button look="primary" busy={retry.isPending} onClick={() => retry.mutate()}>
        <RotateCcw size={14} aria-hidden /> Retry
      </Button>
    );
  }
  if (run.state === "completed") return null;
  return (
    <Button look="danger" busy={cancel.isPending} onClick={() => cancel.mutate()}>
      <SquareX size={14} aria-hidden /> Cancel
    </Button>
  );
}
