import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useEffect, useState } from "react";
import { reposQuery } from "@/api/queries/work";
import { Input, Select } from "@/ui/fields";
import { stateName } from "@/ui/status";

export type Filter = {
  q?: string | undefined;
  state?: string | undefined;
  repo?: string | undefined;
};

const STATES = [
  "pending",
  "waiting_on_deps",
  "queued",
  "provisioning",
  "running",
  "needs_attention",
  "pr_opened",
  "completed",
  "failed",
  "cancelled",
];
/** How long typing may pause before it is searched for. */
const TYPING_MS = 250;

export function TaskFilters({ filter, set }: { filter: Filter; set: (next: Filter) => void }) {
  const repos = useQuery(reposQuery).data ?? [];
  const [typed, setTyped] = useState(filter.q ?? "");
  useEffect(() => {
    if (typed === (filter.q ?? "")) return;
    const timer = setTimeout(() => set({ ...filter, q: typed || undefined }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, filter, set]);
  return (
    <div className="flex flex-wrap gap-2">
      <div className="relative min-w-48 flex-1">
        <Search
          size={14}
          className="absolute top-1/2 left-2.5 -translate-y-1/2 text-muted"
          aria-hidden
        />
        <Input
          data-search
          aria-label="Search tasks"
          placeholder="Search title and prompt"
          className="pl-8"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      <Select
        aria-label="State"
        className="w-auto! max-w-full"
        value={filter.state ?? ""}
        onChange={(event) => set({ ...filter, state: event.target.value || undefined })}
        options={[["", "All states"], ...STATES.map((state) => [state, stateName(state)] as const)]}
      />
      <Select
        aria-label="Repository"
        className="w-auto! max-w-full"
        value={filter.repo ?? ""}
        onChange={(event) => set({ ...filter, repo: event.target.value || undefined })}
        options={[
          ["", "All repositories"],
          ...repos.map((repo) => [repo.repoUrl, repo.fullName] as const),
        ]}
      />
    </div>
  );
}
