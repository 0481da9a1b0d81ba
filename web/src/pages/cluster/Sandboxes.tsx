import { useQuery } from "@tanstack/react-query";
import type { LinkProps } from "@tanstack/react-router";
import { sandboxesQuery } from "@/api/queries/overview";
import { jobsQuery, reposQuery } from "@/api/queries/work";
import type { Sandbox } from "@/api/types";
import { repoName, shortId } from "@/lib/text";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { To } from "@/ui/links";
import { Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { Until, When } from "@/ui/Time";
import { ownerPage } from "./owner";

/** The sandboxes there are, those that work first. */
export function Sandboxes() {
  const { data, error, refetch } = useQuery(sandboxesQuery);
  const repos = useQuery(reposQuery).data ?? [];
  const jobs = useQuery(jobsQuery).data ?? [];
  return (
    <Panel title="Sandboxes" aside={data?.pods.length || undefined}>
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting rows={3} />}
      {data && (
        <p className="border-b border-line px-4 py-2 text-sm text-muted">
          Kept apart by {data.isolation}
        </p>
      )}
      {data?.pods.length === 0 && (
        <Empty title="There is no sandbox">One is started when an agent or a task needs it.</Empty>
      )}
      {data && data.pods.length !== 0 && (
        <Table
          label="Sandboxes"
          columns={columns((sandbox) => ownerPage(sandbox, repos, jobs))}
          rows={data.pods}
          id={(sandbox) => sandbox.id}
        />
      )}
    </Panel>
  );
}

function columns(page: (sandbox: Sandbox) => LinkProps | null): Column<Sandbox>[] {
  return [
    {
      head: "Of",
      width: "minmax(0, 2fr)",
      cell: (sandbox) => {
        const link = page(sandbox);
        const name = repoName(sandbox.ownerName) || shortId(sandbox.ownerId);
        return (
          <>
            <p className="flex min-w-0 items-center gap-2">
              {link ? (
                <To {...link} className="truncate">
                  {name}
                </To>
              ) : (
                <span className="truncate font-medium">{name}</span>
              )}
              <Tag>{sandbox.ownerKind}</Tag>
            </p>
            <p className="truncate font-mono text-xs text-muted">{sandbox.podName}</p>
          </>
        );
      },
    },
    { head: "State", width: "8rem", cell: (sandbox) => <Status state={sandbox.state} /> },
    {
      head: "Runs",
      width: "4rem",
      end: true,
      cell: (sandbox) => (sandbox.activeRuns === 0 ? "idle" : sandbox.activeRuns),
    },
    {
      head: "Kept",
      width: "13rem",
      wideOnly: true,
      end: true,
      cell: (sandbox) => (
        <span className="text-muted">
          {sandbox.activeRuns !== 0 ? (
            "while it works"
          ) : sandbox.keepUntil ? (
            <Until at={sandbox.keepUntil} />
          ) : (
            "without end"
          )}
        </span>
      ),
    },
    {
      head: "Created",
      width: "5.5rem",
      wideOnly: true,
      end: true,
      cell: (sandbox) => (
        <span className="text-muted">
          <When at={sandbox.createdAt} />
        </span>
      ),
    },
  ];
}
