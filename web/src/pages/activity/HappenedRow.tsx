import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { clock, exact } from "@/lib/time";
import { Tag } from "@/ui/Status";
import type { Happened } from "./happened";

export function HappenedRow({ happened }: { happened: Happened }) {
  const { at, who, kind, what, said, bad, link } = happened;
  return (
    <li className="row-lazy flex gap-3 border-b border-line px-4 py-1.5 text-sm last:border-b-0">
      <time
        dateTime={at}
        title={exact(at)}
        className="w-16 shrink-0 pt-0.5 font-mono text-2xs text-muted"
      >
        {clock(at)}
      </time>
      <p className="min-w-0 flex-1 break-words">
        {link ? (
          <Link {...link} className="font-medium hover:underline">
            {who}
          </Link>
        ) : (
          <span className="font-medium">{who}</span>
        )}{" "}
        <Tag>{kind}</Tag>{" "}
        <span className={clsx(bad ? "font-medium text-bad" : "text-muted")}>{what}</span>
        {said && <span className="line-clamp-1 text-xs break-all text-muted">{said}</span>}
      </p>
    </li>
  );
}
