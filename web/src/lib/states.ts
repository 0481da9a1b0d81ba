import { groupBy } from "./groupBy";

/** A step from one state to another, as docs/states has it. */
export type Step = { from: string; to: string; label: string };

const STEP = /^\s*(\S+)\s*-->\s*(\S+?)(?:\s*:\s*(.+))?\s*$/;

/** The steps of a state diagram, which the server generates from the one table that decides. */
export function parseStates(diagram: string): Step[] {
  const steps: Step[] = [];
  for (const line of diagram.split("\n")) {
    const match = STEP.exec(line);
    const [, from, to, label] = match ?? [];
    if (!from || !to || from === "[*]" || to === "[*]") continue;
    steps.push({ from, to, label: label ?? "" });
  }
  return steps;
}

/** Where it can go from a state: each next state with what leads there. */
export function nextStates(steps: readonly Step[], from: string): [to: string, labels: string[]][] {
  const next = groupBy(
    steps.filter((step) => step.from === from),
    (step) => step.to,
  );
  return [...next].map(([to, each]) => [to, each.map((step) => step.label)]);
}
