import clsx from "clsx";
import { ArrowRight } from "lucide-react";
import { nextStates, type Step } from "@/lib/states";
import { stateName } from "./status";
import { Status } from "./Status";

type Props = {
  steps: readonly Step[];
  current: string;
  /** The way things go when all is well. */
  track: readonly string[];
};

/** The states something can be in, where it is, and what leads on from here. */
export function StateMachine({ steps, current, track }: Props) {
  const others = [...new Set(steps.flatMap((step) => [step.from, step.to]))].filter(
    (state) => !track.includes(state),
  );
  const next = nextStates(steps, current);
  return (
    <div className="flex flex-col gap-4">
      <ol className="flex flex-wrap items-center gap-x-1.5 gap-y-2" aria-label="States">
        {track.map((state, index) => (
          <li key={state} className="flex items-center gap-1.5">
            {index !== 0 && <ArrowRight size={13} className="text-faint" aria-hidden />}
            <StateBox state={state} current={current} />
          </li>
        ))}
      </ol>
      <ul className="flex flex-wrap gap-2" aria-label="States beside the way">
        {others.map((state) => (
          <li key={state}>
            <StateBox state={state} current={current} />
          </li>
        ))}
      </ul>
      <div>
        <h3 className="text-xs font-medium text-muted">From here</h3>
        {next.length === 0 && <p className="text-sm">Nothing leads on: this is the end.</p>}
        <ul className="mt-1.5 flex flex-col gap-1">
          {next.map(([to, labels]) => (
            <li key={to} className="flex flex-wrap items-center gap-2 text-sm">
              <ArrowRight size={13} className="text-faint" aria-hidden />
              <Status state={to} bare />
              <span className="text-muted">when it is {labels.join(", ")}</span>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function StateBox({ state, current }: { state: string; current: string }) {
  const isCurrent = state === current;
  return (
    <span
      aria-current={isCurrent ? "step" : undefined}
      className={clsx(
        "inline-block rounded-md border px-2.5 py-1 text-xs",
        isCurrent
          ? "border-accent bg-accent-soft font-semibold text-ink ring-3 ring-accent-soft"
          : "border-line text-muted",
      )}
    >
      {stateName(state)}
    </span>
  );
}
