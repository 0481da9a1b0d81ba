import clsx from "clsx";
import { Check, Clock3, LoaderCircle, TriangleAlert } from "lucide-react";
import type { Task } from "@/api/types";
import { stageOf, STAGES } from "./stages";

/** How far a task has come, from queued to merged. */
export function Pipeline({ task }: { task: Task }) {
  const { at, trouble } = stageOf(task);
  return (
    <ol className="flex flex-wrap items-center gap-y-2" aria-label="Pipeline">
      {STAGES.map((stage, index) => {
        const isDone = index < at || task.state === "completed";
        const isHere = index === at && !isDone;
        return (
          <li key={stage} aria-current={isHere ? "step" : undefined} className="flex items-center">
            {index !== 0 && (
              <span
                className={clsx(
                  "mx-1.5 h-px w-4 sm:w-8",
                  isDone || isHere ? "bg-accent" : "bg-line-strong/60",
                )}
                aria-hidden
              />
            )}
            <span
              className={clsx(
                "inline-flex items-center gap-1.5 rounded-full border px-2.5 py-0.5 text-xs whitespace-nowrap",
                isDone && "border-transparent bg-ok-soft text-ok",
                isHere &&
                  (trouble
                    ? "border-bad bg-bad-soft font-semibold text-bad"
                    : "border-accent bg-accent-soft font-semibold text-ink"),
                !isDone && !isHere && "border-line text-muted",
              )}
            >
              {isDone && <Check size={12} aria-hidden />}
              {isHere && trouble && <TriangleAlert size={12} aria-hidden />}
              {isHere &&
                !trouble &&
                (task.state === "running" ? (
                  <LoaderCircle
                    size={12}
                    className="animate-spin [animation-duration:2.4s]"
                    aria-hidden
                  />
                ) : (
                  <Clock3 size={12} aria-hidden />
                ))}
              {isHere && trouble ? trouble : stage}
              {isDone && <span className="sr-only">done</span>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
