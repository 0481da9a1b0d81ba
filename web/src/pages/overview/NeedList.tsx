import { Link } from "@tanstack/react-router";
import { ArrowRight, TriangleAlert } from "lucide-react";
import { When } from "@/ui/Time";
import type { Need } from "./needs";

export function NeedList({ needs }: { needs: readonly Need[] }) {
  return (
    <ul aria-label="Needs you">
      {needs.map((need) => (
        <li key={need.id} className="border-b border-line last:border-b-0">
          <Link
            {...need.link}
            className="group flex items-start gap-3 px-4 py-2.5 hover:bg-raised/60"
          >
            <TriangleAlert size={15} className="mt-0.5 shrink-0 text-bad" aria-hidden />
            <div className="min-w-0 flex-1 text-sm">
              <p className="flex flex-wrap items-baseline gap-x-2">
                <span className="text-xs font-medium text-bad">{need.what}</span>
                <span className="min-w-0 font-medium break-words">{need.title}</span>
              </p>
              <p className="line-clamp-2 break-words text-muted">{need.why}</p>
              <p className="break-words">{need.remedy}</p>
            </div>
            <span className="flex shrink-0 items-center gap-2 text-xs text-muted">
              <When at={need.since} />
              <ArrowRight size={14} aria-hidden className="group-hover:text-accent" />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
