import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { ArrowDown, Search } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Button } from "@/ui/Button";
import { Input } from "@/ui/fields";
import { EntryRow } from "./EntryRow";
import { filterEntries, group } from "./group";
import type { Line, LineKind } from "./lines";

type Props = {
  lines: readonly Line[];
  /** Said where no line is yet. */
  empty: ReactNode;
  /** Whether lines may still come. */
  live: boolean;
  aside?: ReactNode;
  className?: string;
};

/** Exactly the height of a row with one line: only rows that differ from it are laid out anew once they are measured. */
const estimateSize = () => 28;
/** How near the end counts as being there. */
const NEAR_PX = 48;
const TOGGLES: [LineKind, string][] = [
  ["tool_use", "Tools"],
  ["thinking", "Thinking"],
  ["system", "Notes"],
];

/** A transcript: virtual rows, tool calls folded, search, and it follows the end while the reader is there. */
export function LogView({ lines, empty, live, aside, className }: Props) {
  const [search, setSearch] = useState("");
  const [hidden, setHidden] = useState<ReadonlySet<LineKind>>(new Set(["system", "info"]));
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const grouped = useMemo(() => group(lines), [lines]);
  const entries = useMemo(
    () => filterEntries(grouped, { search, hidden }),
    [grouped, search, hidden],
  );

  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  // The same functions from one render to the next: others would have all rows laid out anew.
  const getScrollElement = useCallback(() => box.current, []);
  const getItemKey = useCallback((index: number) => entries[index]?.id ?? index, [entries]);
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement,
    estimateSize,
    getItemKey,
    overscan: 12,
  });

  const total = rows.getTotalSize();
  useEffect(() => {
    if (follows && 0 < entries.length && box.current)
      box.current.scrollTop = box.current.scrollHeight;
  }, [follows, entries.length, total]);

  const looked = useCallback(() => {
    const element = box.current;
    if (!element) return;
    setFollows(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX);
  }, []);

  const toggleKind = (kind: LineKind) => {
    // Notes of the program have two names in the transcript and one for people.
    const kinds: LineKind[] = kind === "system" ? ["system", "info"] : [kind];
    setHidden((all) => {
      const next = new Set(all);
      for (const each of kinds) if (!next.delete(each)) next.add(each);
      return next;
    });
  };
  const toggle = useCallback((id: number) => {
    setOpen((all) => {
      const next = new Set(all);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);

  return (
    <div className={clsx("flex min-h-0 flex-col", className)}>
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-1.5">
        <div className="relative min-w-32 flex-1">
          <Search
            size={13}
            className="absolute top-1/2 left-2.5 -translate-y-1/2 text-muted"
            aria-hidden
          />
          <Input
            aria-label="Search the transcript"
            placeholder="Search"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            className="h-7 pl-7 text-xs"
          />
        </div>
        <div className="flex items-center gap-1" role="group" aria-label="What is shown">
          {TOGGLES.map(([kind, label]) => (
            <button
              key={kind}
              type="button"
              aria-pressed={!hidden.has(kind)}
              onClick={() => toggleKind(kind)}
              className={clsx(
                "h-7 rounded-md px-2 text-xs",
                hidden.has(kind)
                  ? "text-muted line-through decoration-line-strong"
                  : "bg-raised font-medium",
              )}
            >
              {label}
            </button>
          ))}
        </div>
        {aside}
      </div>
      <div className="relative min-h-0 flex-1">
        {/* A scrolled area is reached by keyboard only where it takes the focus. */}
        <div
          ref={box}
          onScroll={looked}
          tabIndex={0}
          role="log"
          aria-label="Transcript"
          aria-live="off"
          data-lines={lines.length}
          className="h-full overflow-y-auto overscroll-contain [overflow-anchor:none]"
        >
          {entries.length === 0 && (
            <div className="p-4 text-sm text-muted">
              {lines.length === 0 ? empty : "No line fits. Change the search or what is shown."}
            </div>
          )}
          <div style={{ height: total }} className="relative">
            {rows.getVirtualItems().map((row) => {
              const entry = entries[row.index];
              return (
                entry && (
                  <div
                    key={row.key}
                    ref={rows.measureElement}
                    data-index={row.index}
                    className="absolute inset-x-0 top-0"
                    style={{ transform: `translateY(${row.start}px)` }}
                  >
                    <EntryRow entry={entry} open={open.has(entry.id)} toggle={toggle} />
                  </div>
                )
              );
            })}
          </div>
        </div>
        {!follows && (
          <Button
            size="sm"
            className="absolute right-4 bottom-3 shadow-pop"
            onClick={() => setFollows(true)}
          >
            <ArrowDown size={13} aria-hidden /> {live ? "Follow" : "To the end"}
          </Button>
        )}
      </div>
    </div>
  );
}
