import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { Moon, Search, Sun, SunMoon } from "lucide-react";
import type { LiveState } from "@/live/connection";
import { useLiveState } from "@/live/live";
import { IconButton } from "@/ui/Button";
import { useNeeds } from "@/pages/overview/useNeeds";
import { GROUPS, type Place } from "./places";
import { setTheme, type Theme, useTheme } from "./theme";

/** The navigation, and whether what is shown is live. */
export function Nav({ openPalette }: { openPalette: () => void }) {
  return (
    <div className="flex h-full flex-col gap-1 overflow-y-auto px-2.5 py-3">
      <Link
        to="/"
        className="mb-1 flex items-center gap-2 px-2 py-1 text-lg font-semibold tracking-tight"
      >
        <Mark /> Optio
      </Link>
      <button
        type="button"
        onClick={openPalette}
        className="mb-2 flex h-8 items-center gap-2 rounded-md border border-line bg-surface px-2.5 text-sm text-muted hover:border-line-strong"
      >
        <Search size={14} aria-hidden /> <span className="flex-1 text-left">Find or do</span>
        <kbd className="font-mono text-2xs">Ctrl K</kbd>
      </button>
      <nav aria-label="Pages" className="flex flex-col gap-3">
        {GROUPS.map((group) => (
          <div key={group.name} className="flex flex-col gap-px">
            {group.name && (
              <p className="px-2 pb-0.5 text-2xs font-medium text-faint">{group.name}</p>
            )}
            {group.places.map((place) => (
              <NavLink key={place.to} place={place} />
            ))}
          </div>
        ))}
      </nav>
      <div className="mt-auto flex items-center justify-between gap-2 px-1 pt-3">
        <LiveMark />
        <ThemeButton />
      </div>
    </div>
  );
}

function NavLink({ place }: { place: Place }) {
  const needs = useNeeds();
  const Icon = place.icon;
  const count = place.to === "/" ? needs.length : 0;
  return (
    <Link
      to={place.to}
      activeOptions={{ exact: place.to === "/" }}
      className="flex h-7.5 items-center gap-2.5 rounded-md px-2 text-sm text-muted hover:bg-raised hover:text-ink"
      activeProps={{ className: "bg-accent-soft! text-ink! font-medium" }}
    >
      <Icon size={15} strokeWidth={1.9} aria-hidden />
      <span className="flex-1">{place.name}</span>
      {count !== 0 && (
        <span
          className="rounded-full bg-bad-soft px-1.5 text-2xs font-semibold text-bad"
          aria-label={`${count} need you`}
        >
          {count}
        </span>
      )}
    </Link>
  );
}

export function Mark() {
  return (
    <svg viewBox="0 0 32 32" className="size-6" aria-hidden>
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <circle cx="16" cy="16" r="7.5" fill="none" stroke="var(--accent-ink)" strokeWidth="3" />
      <circle cx="23.5" cy="8.5" r="3.5" fill="var(--accent-ink)" />
    </svg>
  );
}

const LIVE: Record<LiveState, [words: string, dot: string]> = {
  live: ["Live", "bg-ok"],
  connecting: ["Connecting…", "bg-wait pulse-dot"],
  behind: ["Reconnecting…", "bg-bad pulse-dot"],
  off: ["Not connected", "bg-faint"],
};

export function LiveMark() {
  const [words, dot] = LIVE[useLiveState()];
  return (
    <span role="status" className="flex items-center gap-1.5 px-1 text-xs text-muted">
      <span className={clsx("size-2 rounded-full", dot)} aria-hidden /> {words}
    </span>
  );
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

function ThemeButton() {
  const theme = useTheme();
  const Icon = theme === "system" ? SunMoon : theme === "light" ? Sun : Moon;
  return (
    <IconButton
      label={`Theme: ${theme}. Change to ${NEXT[theme]}`}
      onClick={() => setTheme(NEXT[theme])}
    >
      <Icon size={15} aria-hidden />
    </IconButton>
  );
}
