import { useQuery } from "@tanstack/react-query";
import { agentsQuery } from "@/api/queries/agents";
import { blueprintsQuery, jobsQuery, triggersQuery } from "@/api/queries/work";
import type { Trigger } from "@/api/types";
import { dayOf, exact } from "@/lib/time";
import { groupBy } from "@/lib/groupBy";
import { targetOf } from "@/pages/triggers/api";
import { TriggerRow } from "@/pages/triggers/TriggerRow";
import { Command, Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { To } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { useNow, When } from "@/ui/Time";

/** Fires that are shown ahead. */
const AHEAD = 12;

export default function ScheduledPage() {
  const { data: triggers, error, refetch } = useQuery(triggersQuery);
  return (
    <Page
      title="Scheduled"
      lead="All that starts by itself, whatever it starts. What fires next comes first."
    >
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      {!triggers && !error && <Waiting rows={6} />}
      {triggers?.length === 0 && (
        <Panel>
          <Empty title="Nothing starts by itself">
            Agents, jobs and blueprints have triggers: open one and add it there, or{" "}
            <Command>
              optio trigger add job/digest schedule "0 9 * * 1-5" --timezone Europe/Paris
            </Command>
          </Empty>
        </Panel>
      )}
      {triggers && triggers.length !== 0 && (
        <div className="grid items-start gap-4 lg:grid-cols-[1fr_20rem]">
          <Panel title="Triggers" aside={triggers.length}>
            <ul>
              {triggers.map((trigger) => (
                <TriggerRow
                  key={trigger.id}
                  trigger={trigger}
                  target={targetOf(trigger)}
                  lead={<TargetName trigger={trigger} />}
                />
              ))}
            </ul>
          </Panel>
          <Ahead triggers={triggers} />
        </div>
      )}
    </Page>
  );
}

function TargetName({ trigger }: { trigger: Trigger }) {
  const target = targetOf(trigger);
  const agent = useQuery(agentsQuery).data?.find((each) => each.id === target.id);
  const job = useQuery(jobsQuery).data?.find((each) => each.id === target.id);
  const blueprint = useQuery(blueprintsQuery).data?.find((each) => each.id === target.id);
  if (target.kind === "agent") {
    return (
      <To
        to="/agents/$slug"
        params={{ slug: agent?.slug ?? target.id }}
        search={{ tab: "triggers" }}
      >
        {agent?.name ?? "an agent"}
      </To>
    );
  }
  if (target.kind === "job") {
    return (
      <To to="/jobs/$job" params={{ job: target.id }} search={{ tab: "triggers" }}>
        {job?.name ?? "a job"}
      </To>
    );
  }
  return (
    <To to="/blueprints/$blueprint" params={{ blueprint: target.id }}>
      {blueprint?.name ?? "a blueprint"}
    </To>
  );
}

function Ahead({ triggers }: { triggers: readonly Trigger[] }) {
  const now = useNow(60_000);
  const fires = triggers
    .filter((trigger) => trigger.enabled)
    .flatMap((trigger) => trigger.nextFires.map((at) => ({ at, trigger })))
    .filter((fire) => now < Date.parse(fire.at))
    .sort((a, b) => a.at.localeCompare(b.at))
    .slice(0, AHEAD);
  const days = groupBy(fires, (fire) => dayOf(fire.at));
  return (
    <Panel title="Ahead" aside="in your time" pad>
      {fires.length === 0 && <p className="text-sm text-muted">No schedule fires.</p>}
      {[...days].map(([day, each]) => (
        <div key={day} className="mb-3 last:mb-0">
          <h3 className="text-xs font-medium text-muted">{day}</h3>
          <ul>
            {each.map((fire) => (
              <li
                key={`${fire.trigger.id}-${fire.at}`}
                className="flex justify-between gap-3 py-0.5 text-sm"
                title={exact(fire.at)}
              >
                <TargetName trigger={fire.trigger} />
                <span className="text-xs text-muted">
                  <When at={fire.at} />
                </span>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </Panel>
  );
}
