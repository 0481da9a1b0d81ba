import clsx from "clsx";
import {
  Check,
  CircleDashed,
  Clock3,
  LoaderCircle,
  type LucideIcon,
  TriangleAlert,
} from "lucide-react";
import { stateName, type Tone, toneOf } from "./status";

const ICONS: Record<Tone, LucideIcon> = {
  live: LoaderCircle,
  ok: Check,
  wait: Clock3,
  bad: TriangleAlert,
  rest: CircleDashed,
};

const INK: Record<Tone, string> = {
  live: "text-accent",
  ok: "text-ok",
  wait: "text-wait",
  bad: "text-bad",
  rest: "text-muted",
};

const SOFT: Record<Tone, string> = {
  live: "bg-accent-soft",
  ok: "bg-ok-soft",
  wait: "bg-wait-soft",
  bad: "bg-bad-soft",
  rest: "bg-raised",
};

/** A state: icon, word and colour. */
export function Status({ state, label, bare }: { state: string; label?: string; bare?: boolean }) {
  const tone = toneOf(state);
  const Icon = ICONS[tone];
  return (
    <span
      className={clsx(
        "inline-flex items-center gap-1 text-xs font-medium whitespace-nowrap",
        INK[tone],
        !bare && ["rounded-full px-2 py-px", SOFT[tone]],
      )}
    >
      <Icon
        size={12}
        strokeWidth={2.25}
        aria-hidden
        className={clsx(tone === "live" && "animate-spin [animation-duration:2.4s]")}
      />
      {label ?? stateName(state)}
    </span>
  );
}

/** A short mark without a state. */
export function Tag({ tone = "rest", children }: { tone?: Tone; children: React.ReactNode }) {
  return (
    <span
      className={clsx(
        "inline-flex items-center rounded-sm px-1.5 text-2xs font-medium whitespace-nowrap",
        INK[tone],
        SOFT[tone],
      )}
    >
      {children}
    </span>
  );
}
