import { useQuery } from "@tanstack/react-query";
import { healthQuery, metricsQuery, replicasQuery } from "@/api/queries/admin";
import type { Replica } from "@/api/types";
import type { Metric } from "@/lib/metrics";
import { ErrorNote, Waiting } from "@/ui/feedback";
import { Facts, Page, Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { When } from "@/ui/Time";
import { Sandboxes } from "./Sandboxes";

const COLUMNS: Column<Replica>[] = [
  {
    head: "Control plane",
    width: "minmax(0, 2fr)",
    cell: (replica) => (
      <>
        <p className="truncate font-medium">{replica.url}</p>
        <p className="truncate font-mono text-xs text-muted">{replica.id}</p>
      </>
    ),
  },
  {
    head: "State",
    width: "7rem",
    cell: (replica) => (
      <Status
        state={replica.alive ? "alive" : "gone"}
        label={replica.stopping ? "stopping" : replica.alive ? "alive" : "gone"}
      />
    ),
  },
  { head: "Role", width: "5rem", wideOnly: true, cell: (replica) => <Tag>{replica.role}</Tag> },
  {
    head: "Shards",
    width: "5rem",
    wideOnly: true,
    end: true,
    cell: (replica) => `${replica.shards} of 256`,
  },
  {
    head: "Started",
    width: "6rem",
    wideOnly: true,
    end: true,
    cell: (replica) => (
      <span className="text-muted">
        <When at={replica.startedAt} />
      </span>
    ),
  },
];

export default function ClusterPage() {
  const health = useQuery(healthQuery);
  const replicas = useQuery(replicasQuery);
  const metrics = useQuery(metricsQuery);
  const error = health.error ?? replicas.error ?? metrics.error;
  return (
    <Page
      title="Cluster"
      lead="The control planes on this database, the sandboxes of agents, and the numbers they watch."
    >
      {error && <ErrorNote error={error} />}
      <div className="grid items-start gap-4 lg:grid-cols-[1fr_20rem]">
        <Panel
          title="Control planes"
          aside={
            replicas.data &&
            replicas.data.unownedShards !== 0 && (
              <span className="text-bad">{replicas.data.unownedShards} shards nobody runs</span>
            )
          }
        >
          {replicas.data ? (
            <Table
              label="Control planes"
              columns={COLUMNS}
              rows={replicas.data.replicas}
              id={(replica) => replica.id}
            />
          ) : (
            <Waiting rows={2} />
          )}
        </Panel>
        <Panel title="Health" pad>
          {health.data ? (
            <Facts
              facts={[
                [
                  "State",
                  <Status
                    key="state"
                    state={health.data.healthy ? "alive" : "failed"}
                    label={health.data.healthy ? "healthy" : "not healthy"}
                    bare
                  />,
                ],
                ["Database", health.data.checks.database ? "answers" : "does not answer"],
                [
                  "Sandboxes",
                  health.data.checks.containerRuntime ? "can be started" : "cannot be started",
                ],
                ["Runners", `${health.data.runners} connected`],
                ["Turns at once", health.data.maxConcurrent],
                ["Version", health.data.version],
                ["Refused writes", replicas.data?.refusedWrites],
              ]}
            />
          ) : (
            <Waiting rows={4} />
          )}
        </Panel>
      </div>
      <Sandboxes />
      <Panel title="Numbers" aside="as Prometheus reads them at /metrics">
        {metrics.data ? <Metrics metrics={metrics.data} /> : <Waiting rows={8} />}
      </Panel>
    </Page>
  );
}

function Metrics({ metrics }: { metrics: readonly Metric[] }) {
  return (
    <ul className="grid md:grid-cols-2">
      {metrics.map((metric) => (
        <li
          key={metric.name}
          className="-mr-px -mb-px border-r border-b border-line px-4 py-2 text-sm"
        >
          <p className="truncate font-mono text-xs text-muted">{metric.name}</p>
          <p>{metric.help}</p>
          <p className="mt-1 flex flex-wrap gap-x-4 gap-y-0.5">
            {metric.samples.map((sample) => (
              <span key={JSON.stringify(sample.labels)} className="text-xs">
                <span className="text-muted">{Object.values(sample.labels).join(" ")}</span>{" "}
                <strong className="text-sm">{sample.value.toLocaleString("en-US")}</strong>
              </span>
            ))}
          </p>
        </li>
      ))}
    </ul>
  );
}
