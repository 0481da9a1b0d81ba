import { useQuery } from "@tanstack/react-query";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { type ActorKind, actorQuery } from "@/api/queries/agents";
import type { ActorView } from "@/api/types";
import { words } from "@/lib/text";
import { Button } from "./Button";
import { ErrorNote, Waiting } from "./feedback";
import { Facts, Panel } from "./Page";
import { When } from "./Time";

/** An actor's own account of why it is or is not moving. */
export function Why({ kind, id }: { kind: ActorKind; id: string }) {
  const { data: actor, error } = useQuery(actorQuery(kind, id));
  const lift = useAct(
    () => post("/api/actors/{kind}/{id}/lift", { params: { path: { kind, id } } }),
    {
      done: "The quarantine is lifted.",
      changes: [["actor"]],
    },
  );
  if (error) return <ErrorNote error={error} />;
  if (!actor) return <Waiting />;
  return (
    <>
      {actor.quarantine && (
        <div
          role="alert"
          className="flex flex-wrap items-center gap-3 rounded-md bg-bad-soft px-3 py-2 text-sm"
        >
          <p className="min-w-0 flex-1">
            <span className="font-medium text-bad">
              It is left alone since <When at={actor.quarantine.since} />:
            </span>{" "}
            {actor.quarantine.reason}
          </p>
          <Button size="sm" busy={lift.isPending} onClick={() => lift.mutate()}>
            Lift the quarantine
          </Button>
        </div>
      )}
      <Panel title="Why it is waiting" pad>
        <Facts facts={facts(actor)} />
      </Panel>
      <Decisions actor={actor} />
    </>
  );
}

function facts(actor: ActorView): [string, React.ReactNode][] {
  return [
    ["Waits for", actor.wait.reason],
    ["Held by", actor.wait.holder],
    [
      "Looks again",
      actor.wait.until ? (
        <When key="until" at={actor.wait.until} />
      ) : (
        "only when somebody writes to it"
      ),
    ],
    [
      "Mail",
      actor.oldest ? (
        <>
          {actor.pending} pending, the oldest <When at={actor.oldest} />
        </>
      ) : (
        `${actor.pending} pending`
      ),
    ],
    ["Failures", actor.failures === 0 ? "none in a row" : `${actor.failures} in a row`],
    ["Last failure", actor.last_failure],
    [
      "Runs on",
      actor.owner
        ? `${actor.owner.url} (shard ${actor.owner.shard})`
        : "no control plane right now",
    ],
    ["Epoch", `${actor.epoch}, ${actor.version} steps taken`],
    ["Isolation", actor.isolation],
  ];
}

function Decisions({ actor }: { actor: ActorView }) {
  return (
    <Panel title="Last decisions" aside="newest first">
      {actor.decisions.length === 0 && (
        <p className="px-4 py-3 text-sm text-muted">It has not decided anything yet.</p>
      )}
      <ul className="max-h-96 overflow-y-auto" tabIndex={0} aria-label="Last decisions">
        {actor.decisions.map((decision, index) => (
          <li
            key={`${decision.at}-${index}`}
            className="border-b border-line px-4 py-2 last:border-b-0"
          >
            <p className="flex justify-between gap-3 text-sm">
              <span className="font-medium break-words">{words(decision.step)}</span>
              <span className="shrink-0 text-xs text-muted">
                <When at={decision.at} />
              </span>
            </p>
            <p className="font-mono text-xs break-words text-muted">{decision.seen}</p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
