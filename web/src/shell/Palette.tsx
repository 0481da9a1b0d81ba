import * as Radix from "@radix-ui/react-dialog";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import clsx from "clsx";
import {
  Bot,
  CornerDownLeft,
  ListChecks,
  type LucideIcon,
  Plus,
  Search,
  SunMoon,
  Workflow,
} from "lucide-react";
import { type KeyboardEvent, useId, useMemo, useState } from "react";
import { agentsQuery } from "@/api/queries/agents";
import { tasksQuery } from "@/api/queries/tasks";
import { jobsQuery } from "@/api/queries/work";
import { useInfiniteQuery } from "@tanstack/react-query";
import { rank } from "@/lib/rank";
import { stateName } from "@/ui/status";
import { PLACES } from "./places";
import { setTheme } from "./theme";

type Entry = { id: string; name: string; about: string; icon: LucideIcon; act: () => void };

const SHOWN_MAX = 12;

/** Everything that can be gone to or done, by typing a part of its name. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-[rgb(10_12_30/0.45)]" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[10vh] left-1/2 z-50 w-[calc(100vw-1.5rem)] max-w-lg -translate-x-1/2 overflow-hidden rounded-lg border border-line bg-surface shadow-pop"
        >
          <Radix.Title className="sr-only">Find or do</Radix.Title>
          <Finder onClose={onClose} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useId();
  const entries = useEntries(text, onClose);
  const found = useMemo(
    () => rank(entries, text, (entry) => `${entry.name} ${entry.about}`).slice(0, SHOWN_MAX),
    [entries, text],
  );
  const at = Math.min(chosen, Math.max(0, found.length - 1));

  const key = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setChosen(Math.min(found.length - 1, at + 1));
    else if (event.key === "ArrowUp") setChosen(Math.max(0, at - 1));
    else if (event.key === "Enter") found[at]?.act();
    else return;
    event.preventDefault();
  };

  return (
    <>
      <div className="flex items-center gap-2 border-b border-line px-3">
        <Search size={15} className="text-muted" aria-hidden />
        <input
          // The dialog was opened in order to type.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={list}
          aria-activedescendant={found[at] ? `${list}-${at}` : undefined}
          aria-label="Find or do"
          placeholder="A page, an agent, a task, or what to do"
          className="h-11 flex-1 bg-transparent text-base outline-none"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={key}
        />
      </div>
      <div
        role="listbox"
        id={list}
        aria-label="Found"
        className="max-h-[50vh] overflow-y-auto p-1.5"
      >
        {found.length === 0 && (
          <p className="px-2 py-3 text-sm text-muted">Nothing has that name.</p>
        )}
        {found.map((entry, index) => {
          const Icon = entry.icon;
          return (
            <div
              key={entry.id}
              id={`${list}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              onClick={entry.act}
              onKeyDown={key}
              onMouseMove={() => setChosen(index)}
              className={clsx(
                "flex cursor-pointer items-center gap-2.5 rounded-md px-2 py-1.5 text-sm",
                index === at && "bg-accent-soft",
              )}
            >
              <Icon size={15} className="shrink-0 text-muted" aria-hidden />
              <span className="min-w-0 flex-1 truncate">{entry.name}</span>
              <span className="shrink-0 text-xs text-muted">{entry.about}</span>
              {index === at && <CornerDownLeft size={13} className="text-muted" aria-hidden />}
            </div>
          );
        })}
      </div>
    </>
  );
}

function useEntries(text: string, onClose: () => void): Entry[] {
  const navigate = useNavigate();
  const agents = useQuery(agentsQuery).data;
  const jobs = useQuery(jobsQuery).data;
  const q = text.trim();
  const tasks = useInfiniteQuery(tasksQuery(q.length < 2 ? {} : { q })).data;
  return useMemo(() => {
    const go = (to: string) => () => {
      onClose();
      void navigate({ to });
    };
    const entry = (id: string, name: string, about: string, icon: LucideIcon, act: () => void) => ({
      id,
      name,
      about,
      icon,
      act,
    });
    return [
      ...PLACES.map((place) => entry(place.to, place.name, "page", place.icon, go(place.to))),
      entry("new-task", "New task", "create", Plus, go("/tasks?create=task")),
      entry("new-agent", "New agent", "create", Plus, go("/agents?create=true")),
      entry("new-job", "New job", "create", Plus, go("/jobs?create=job")),
      ...(["light", "dark", "system"] as const).map((theme) =>
        entry(`theme-${theme}`, `Theme: ${theme}`, "look", SunMoon, () => {
          setTheme(theme);
          onClose();
        }),
      ),
      ...(agents ?? []).map((agent) =>
        entry(
          agent.id,
          agent.name,
          `agent · ${stateName(agent.state)}`,
          Bot,
          go(`/agents/${agent.slug}`),
        ),
      ),
      ...(jobs ?? []).map((job) => entry(job.id, job.name, "job", Workflow, go(`/jobs/${job.id}`))),
      ...(tasks?.pages[0]?.tasks ?? []).map((task) =>
        entry(
          task.id,
          task.title,
          `task · ${stateName(task.state)}`,
          ListChecks,
          go(`/tasks/${task.id}`),
        ),
      ),
    ];
  }, [agents, jobs, tasks, navigate, onClose]);
}
