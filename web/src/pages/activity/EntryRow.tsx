import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { clock, exact } from "@/lib/time";
import type { Entry } from "./entries";

export function EntryRow({ entry }: { entry: Entry }) {
  return (
    <li className="row-lazy flex gap-3 border-b border-line px-4 py-1.5 text-sm last:border-b-0">
      <time
        dateTime={entry.at}
        title={exact(entry.at)}
        className="w-16 shrink-0 pt-0.5 font-mono text-2xs text-muted"
      >
        {clock(entry.at)}
      </time>
      <p className="min-w-0 flex-1">
        {entry.link ? (
          <Link {...entry.link} className="font-medium hover:underline">
            {entry.who}
          </Link>
        ) : (
          <span className="font-medium">{entry.who}</span>
        )}{" "}
        <span className={clsx(entry.bad && "font-medium text-bad")}>{entry.what}</span>
        {entry.detail && (
          <span className="line-clamp-1 text-xs break-all text-muted">{entry.detail}</span>
        )}
      </p>
    </li>
  );
}
