import type { LinkProps } from "@tanstack/react-router";
import type { Job, Repo, Sandbox } from "@/api/types";
import { pageOf } from "@/lib/subjects";

/** A pool has no page of its own: what it is for has one, which the name finds. */
export function ownerPage(
  { ownerKind, ownerId, ownerName }: Sandbox,
  repos: readonly Pick<Repo, "id" | "repoUrl">[],
  jobs: readonly Pick<Job, "id" | "name">[],
): LinkProps | null {
  if (ownerKind === "agent") return pageOf("agent", ownerId, ownerName ?? null);
  if (ownerKind === "repository") {
    const repo = repos.find((each) => each.repoUrl === ownerName);
    return repo ? { to: "/repos/$repo", params: { repo: repo.id } } : null;
  }
  const job = jobs.find((each) => each.name === ownerName);
  return job ? { to: "/jobs/$job", params: { job: job.id } } : null;
}
